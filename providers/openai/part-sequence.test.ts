import t from "tap";
import type { StreamEvent } from "../ir.ts";
import { mostHeld, PartSequence } from "./part-sequence.ts";

function begin(index: number): StreamEvent {
  return { kind: "part-start", index, part: { kind: "tool-call", id: `call_${index}`, name: "f" } };
}

function add(index: number, text: string): StreamEvent {
  return { kind: "delta", index, text };
}

function sign(index: number): StreamEvent {
  return { kind: "signature", index, signature: "s" };
}

function close(index: number): StreamEvent {
  return { kind: "part-end", index };
}

const finish: StreamEvent = { kind: "finish", finish: "tool-calls", stopText: null };
const usage: StreamEvent = {
  kind: "usage",
  usage: {
    inputTokens: 1,
    outputTokens: 2,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
};

/** What is passed on, event by event. */
function passed(events: readonly StreamEvent[]): StreamEvent[] {
  const found: StreamEvent[] = [];
  const sequence = new PartSequence((event) => found.push(event));
  for (const event of events) sequence.write(event);
  return found;
}

t.test("write() passes parts that stand one after another as they come", async (t) => {
  const found: StreamEvent[] = [];
  const sequence = new PartSequence((event) => found.push(event));
  const events = [begin(0), add(0, "a"), sign(0), close(0), begin(1), usage, close(1), finish];
  for (const [index, event] of events.entries()) {
    sequence.write(event);
    t.equal(found.length, index + 1);
    t.equal(found.at(-1), event);
  }
});

const cases = [
  {
    name: "holds a part until the one before has ended",
    events: [begin(0), add(0, "a"), begin(1), add(1, "b"), add(0, "c"), close(0), close(1)],
    wanted: [begin(0), add(0, "a"), add(0, "c"), close(0), begin(1), add(1, "b"), close(1)],
  },
  {
    name: "passes a part that ended while it waited whole",
    events: [begin(0), begin(1), add(1, "b"), sign(1), close(1), add(0, "a"), close(0), finish],
    wanted: [begin(0), add(0, "a"), close(0), begin(1), add(1, "b"), sign(1), close(1), finish],
  },
  {
    name: "goes on with a part that waited",
    events: [begin(0), begin(1), begin(2), close(0), add(2, "c"), add(1, "b"), close(1), close(2)],
    wanted: [begin(0), close(0), begin(1), add(1, "b"), close(1), begin(2), add(2, "c"), close(2)],
  },
  {
    name: "passes counts while parts wait",
    events: [begin(0), begin(1), usage, close(0), close(1)],
    wanted: [begin(0), usage, close(0), begin(1), close(1)],
  },
  {
    name: "loses nothing of parts that never end",
    events: [begin(0), begin(1), add(1, "b"), finish, { kind: "end" }],
    wanted: [begin(0), begin(1), add(1, "b"), finish, { kind: "end" }],
  },
] satisfies { name: string; events: StreamEvent[]; wanted: StreamEvent[] }[];

for (const { name, events, wanted } of cases) {
  t.test(`write() ${name}`, async (t) => {
    t.strictSame(passed(events), wanted);
  });
}

t.test("write() fails where more waits than is held", async (t) => {
  const half = "x".repeat(mostHeld / 2);
  const waiting = [begin(0), begin(1), add(1, half), add(1, half)];
  t.strictSame(passed(waiting), [begin(0)]);
  const [first, failed, ...others] = passed([...waiting, add(1, "x")]);
  t.strictSame(first, begin(0));
  t.match(failed, { kind: "failed", error: { kind: "server", status: 502 } });
  t.strictSame(others, []);
});
