import t from "tap";
import type { StreamEvent } from "../ir.ts";
import { decodeStream, dialect, eventStream } from "../testdata/anthropic-messages.ts";
import type { RecordedCall } from "../testdata/recorded-calls.ts";
import { answerPieces, notations, readRecordedCalls } from "../testdata/recorded-calls.ts";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { MessageEventDecoder } from "./stream-decoder.ts";

const start = {
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 1 },
  },
};
const blockStart = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});
const delta = (index: number, change: object) => ({
  type: "content_block_delta",
  index,
  delta: change,
});
const blockStop = (index: number) => ({ type: "content_block_stop", index });
const messageDelta = (stop_reason: string, usage: object = { output_tokens: 7 }) => ({
  type: "message_delta",
  delta: { stop_reason, stop_sequence: null },
  usage,
});
const stop = { type: "message_stop" };

const read = (...events: readonly (object | string)[]) =>
  decodeStream(anthropicMessages, [eventStream(events)]);
const usage = (inputTokens: number, outputTokens: number): StreamEvent => ({
  kind: "usage",
  usage: {
    inputTokens,
    outputTokens,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
});
const started: readonly StreamEvent[] = [
  { kind: "start", id: "msg_1", model: "claude-sonnet-4-5", created: null },
  usage(9, 1),
];
const ended = (
  finish: Extract<StreamEvent, { kind: "finish" }>["finish"],
): readonly StreamEvent[] => [
  usage(9, 7),
  { kind: "finish", finish, stopText: null },
  { kind: "end" },
];
const failure = (message: string): StreamEvent => ({
  kind: "failed",
  error: {
    status: 502,
    kind: "server",
    message: `The provider's stream is broken: ${message}`,
    code: null,
  },
});

/** The events of one block between start and end. */
function readBlock(...events: readonly object[]): StreamEvent[] {
  const all = read(start, ...events, messageDelta("end_turn"), stop);
  t.strictSame(all.slice(0, 2), started);
  t.strictSame(all.slice(-3), ended("stop"));
  return all.slice(2, -3);
}

t.test("createMessageStreamDecoder() reads text", async (t) => {
  const events = readBlock(
    blockStart(0, { type: "text", text: "" }),
    delta(0, { type: "text_delta", text: "Hel" }),
    { type: "ping" },
    delta(0, { type: "text_delta", text: "" }),
    delta(0, { type: "text_delta", text: "lo" }),
    blockStop(0),
  );
  t.strictSame(events, [
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: "Hel" },
    { kind: "delta", index: 0, text: "lo" },
    { kind: "part-end", index: 0 },
  ]);
});

t.test("createMessageStreamDecoder() reads text that comes with its block", async (t) => {
  t.strictSame(readBlock(blockStart(0, { type: "text", text: "Hi" }), blockStop(0)), [
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: "Hi" },
    { kind: "part-end", index: 0 },
  ]);
});

t.test("createMessageStreamDecoder() reads thinking with its signature", async (t) => {
  const events = readBlock(
    blockStart(0, { type: "thinking", thinking: "", signature: "" }),
    delta(0, { type: "thinking_delta", thinking: "Hm" }),
    delta(0, { type: "signature_delta", signature: "Eq" }),
    blockStop(0),
  );
  t.strictSame(events, [
    { kind: "part-start", index: 0, part: { kind: "reasoning", encrypted: null, origin: dialect } },
    { kind: "delta", index: 0, text: "Hm" },
    { kind: "signature", index: 0, signature: "Eq" },
    { kind: "part-end", index: 0 },
  ]);
});

t.test("createMessageStreamDecoder() reads redacted thinking", async (t) => {
  t.strictSame(readBlock(blockStart(0, { type: "redacted_thinking", data: "Em" }), blockStop(0)), [
    { kind: "part-start", index: 0, part: { kind: "reasoning", encrypted: "Em", origin: dialect } },
    { kind: "part-end", index: 0 },
  ]);
});

t.test("createMessageStreamDecoder() reads calls, one after another", async (t) => {
  const events = readBlock(
    blockStart(0, { type: "tool_use", id: "toolu_1", name: "f", input: {} }),
    delta(0, { type: "input_json_delta", partial_json: "" }),
    delta(0, { type: "input_json_delta", partial_json: '{"a":' }),
    delta(0, { type: "input_json_delta", partial_json: "1}" }),
    blockStop(0),
    blockStart(1, { type: "tool_use", id: "toolu_2", name: "g", input: {} }),
    blockStop(1),
  );
  t.strictSame(events, [
    { kind: "part-start", index: 0, part: { kind: "tool-call", id: "toolu_1", name: "f" } },
    { kind: "delta", index: 0, text: '{"a":' },
    { kind: "delta", index: 0, text: "1}" },
    { kind: "part-end", index: 0 },
    { kind: "part-start", index: 1, part: { kind: "tool-call", id: "toolu_2", name: "g" } },
    { kind: "part-end", index: 1 },
  ]);
});

t.test(
  "createMessageStreamDecoder() reads a call that comes whole, and one without an id",
  async (t) => {
    t.strictSame(
      readBlock(blockStart(0, { type: "tool_use", name: "f", input: { a: 1 } }), blockStop(0)),
      [
        { kind: "part-start", index: 0, part: { kind: "tool-call", id: "toolu_0", name: "f" } },
        { kind: "delta", index: 0, text: '{"a":1}' },
        { kind: "part-end", index: 0 },
      ],
    );
  },
);

t.test("createMessageStreamDecoder() gives dense indexes where blocks are left out", async (t) => {
  const events = readBlock(
    blockStart(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} }),
    delta(0, { type: "input_json_delta", partial_json: "{}" }),
    blockStop(0),
    blockStart(1, { type: "web_search_tool_result", tool_use_id: "s", content: [] }),
    blockStop(1),
    blockStart(2, { type: "text", text: "" }),
    delta(2, { type: "citations_delta", citation: {} }),
    delta(2, { type: "text_delta", text: "Found" }),
    blockStop(2),
  );
  t.strictSame(events, [
    { kind: "part-start", index: 0, part: { kind: "text" } },
    { kind: "delta", index: 0, text: "Found" },
    { kind: "part-end", index: 0 },
  ]);
});

t.test("createMessageStreamDecoder() ends parts that the provider leaves open", async (t) => {
  const events = read(
    start,
    blockStart(0, { type: "text", text: "a" }),
    messageDelta("max_tokens"),
    stop,
  );
  t.strictSame(events.slice(4), [
    usage(9, 7),
    { kind: "part-end", index: 0 },
    { kind: "finish", finish: "length", stopText: null },
    { kind: "end" },
  ]);
});

t.test(
  "createMessageStreamDecoder() tells the finish once, also when the provider tells none",
  async (t) => {
    const twice = read(start, messageDelta("end_turn"), messageDelta("tool_use"), stop);
    t.equal(twice.filter(({ kind }) => kind === "finish").length, 1);
    t.strictSame(read(start, stop).slice(2), [
      { kind: "finish", finish: "stop", stopText: null },
      { kind: "end" },
    ]);
  },
);

t.test("createMessageStreamDecoder() tells the text that was met", async (t) => {
  const change = {
    type: "message_delta",
    delta: { stop_reason: "stop_sequence", stop_sequence: "END" },
  };
  t.strictSame(read(start, change, stop).at(-2), {
    kind: "finish",
    finish: "stop-text",
    stopText: "END",
  });
});

t.test("createMessageStreamDecoder() counts the stream so far", async (t) => {
  const later = {
    input_tokens: 20,
    cache_read_input_tokens: 5,
    cache_creation_input_tokens: null,
    output_tokens: 8,
    output_tokens_details: { thinking_tokens: 3 },
  };
  const events = read(start, messageDelta("end_turn", later), stop);
  t.match(events.at(-3), {
    kind: "usage",
    usage: {
      inputTokens: 25,
      outputTokens: 8,
      cachedInputTokens: 5,
      cacheWriteTokens: null,
      reasoningTokens: 3,
    },
  });
});

t.test(
  "createMessageStreamDecoder() fails with the provider's error, and tells nothing after it",
  async (t) => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    t.strictSame(read(start, error, blockStart(0, { type: "text", text: "a" }), stop), [
      ...started,
      {
        kind: "failed",
        error: { status: 529, kind: "overloaded", message: "Overloaded", code: null },
      },
    ]);
  },
);

t.test("createMessageStreamDecoder() fails where the stream is broken", async (t) => {
  t.strictSame(read(start, "{", stop), [...started, failure("an event is not JSON")]);
  t.strictSame(read(start, "[]"), [...started, failure("an event is not an object")]);
  t.strictSame(read(stop), [failure("it does not begin with message_start")]);
  const late = read(start, messageDelta("end_turn"), blockStart(0, { type: "text", text: "a" }));
  t.strictSame(late.at(-1), failure("content comes after the stop reason"));
});

t.test("createMessageStreamDecoder() fails where the stream ends early, at any byte", async (t) => {
  const bytes = eventStream([
    start,
    blockStart(0, { type: "text", text: "" }),
    delta(0, { type: "text_delta", text: "Hi" }),
    blockStop(0),
    messageDelta("end_turn"),
    stop,
  ]);
  for (let length = 0; length < bytes.length - 1; length++) {
    const events = decodeStream(anthropicMessages, [bytes.subarray(0, length)]);
    t.strictSame(events.at(-1), failure("it ended early"), `${length} bytes`);
    t.equal(events.filter(({ kind }) => kind === "failed" || kind === "end").length, 1);
  }
});

t.test("createMessageStreamDecoder() ignores what it does not know", async (t) => {
  const events = readBlock(
    { type: "of_tomorrow" },
    { no: "type" },
    blockStart(0, { type: "of_tomorrow" }),
    delta(0, { type: "text_delta", text: "a" }),
    blockStop(0),
    { type: "content_block_start", content_block: { type: "text" } },
    { type: "content_block_delta", index: 0 },
    delta(7, { type: "text_delta", text: "a" }),
    blockStop(7),
    start,
  );
  t.strictSame(events, []);
});

t.test("createMessageStreamDecoder() ends a block where another begins at its index", async (t) => {
  const block = blockStart(0, { type: "text", text: "" });
  const events = read(start, block, block, messageDelta("end_turn"), stop);
  const parts = events.flatMap((event) =>
    event.kind === "part-start" || event.kind === "part-end"
      ? [`${event.kind} ${event.index}`]
      : [],
  );
  t.strictSame(parts, ["part-start 0", "part-end 0", "part-start 1", "part-end 1"]);
});

t.test("createMessageStreamDecoder() tells nothing after the end", async (t) => {
  const decoder = anthropicMessages.createStreamDecoder();
  decoder.write(eventStream([start, stop]));
  t.strictSame(decoder.write(eventStream([start])), []);
  t.strictSame(decoder.end(), []);
  t.strictSame(decoder.end(), []);
});

const streams = readRecordedCalls().filter(
  ({ provider, path, events }) =>
    provider === "anthropic" && path === "/v1/messages" && events !== undefined,
);

function whole(call: RecordedCall): StreamEvent[] {
  return decodeStream(anthropicMessages, answerPieces(call, "compact"));
}

for (const call of streams) {
  t.test(
    `createMessageStreamDecoder() reads ${call.name} the same in every notation and cut`,
    async (t) => {
      const wanted = whole(call);
      const random = seededRandom(7);
      for (const notation of notations) {
        const bytes = Buffer.concat(answerPieces(call, notation));
        t.strictSame(decodeStream(anthropicMessages, [bytes]), wanted, `${notation} whole`);
        const single = [...bytes.keys()].map((at) => bytes.subarray(at, at + 1));
        t.strictSame(decodeStream(anthropicMessages, single), wanted, `${notation} byte by byte`);
        for (let split = 0; split < 50; split++) {
          const pieces = randomPieces(bytes, 1 + split * 3, random);
          t.strictSame(
            decodeStream(anthropicMessages, pieces),
            wanted,
            `${notation} split ${split}`,
          );
        }
      }
    },
  );

  t.test(`createMessageStreamDecoder() keeps the order of events in ${call.name}`, async (t) => {
    const events = whole(call);
    t.equal(events[0]?.kind, "start");
    t.ok(["end", "failed"].includes(events.at(-1)?.kind ?? ""));
    const open = new Set<number>();
    let next = 0;
    for (const event of events) {
      if (event.kind === "part-start") {
        t.equal(event.index, next++);
        open.add(event.index);
      }
      if (event.kind === "delta" || event.kind === "signature") t.ok(open.has(event.index));
      if (event.kind === "part-end") t.ok(open.delete(event.index));
      if (event.kind === "finish") t.equal(open.size, 0);
    }
  });
}

t.test("createMessageStreamDecoder() borrows its pieces", async (t) => {
  const decoder = anthropicMessages.createStreamDecoder();
  const bytes = eventStream([start, blockStart(0, { type: "text", text: "held" }), stop]);
  const events: StreamEvent[] = [];
  for (const piece of randomPieces(bytes, 40, seededRandom(3))) {
    const lent = Buffer.from(piece);
    events.push(...decoder.write(lent));
    lent.fill(0x20);
  }
  t.match(events[3], { kind: "delta", text: "held" });
});

t.test("MessageEventDecoder reads events that another framing gave", async (t) => {
  const decoder = new MessageEventDecoder();
  const out: StreamEvent[] = [];
  decoder.read(start, out);
  t.equal(decoder.isOver, false);
  decoder.read(stop, out);
  t.equal(decoder.isOver, true);
  decoder.end(out);
  t.strictSame(
    out.map(({ kind }) => kind),
    ["start", "usage", "finish", "end"],
  );
});
