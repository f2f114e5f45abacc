import t from "tap";
import type { StreamEvent } from "../ir.ts";
import { answerPieces, notations, readRecordedCalls } from "../testdata/recorded-calls.ts";
import { createChatStreamDecoder } from "./chat-stream-decoder.ts";
import { chunk, decodePieces, eventStream, everyCut } from "./testdata/chat.ts";
import {
  callStart,
  calls,
  delta,
  partEnd,
  start,
  stop,
  streams,
  textStart,
} from "./testdata/chat-streams.ts";

for (const { name, events, wanted } of streams) {
  t.test(`write() tells a stream with ${name}, however it is cut`, async (t) => {
    for (const pieces of everyCut(eventStream(events))) {
      const told = decodePieces(pieces);
      if (JSON.stringify(told) !== JSON.stringify(wanted)) {
        t.strictSame(told, wanted, pieces.map(String).join("|"));
        return;
      }
    }
    t.pass("the same for every cut");
  });
}

const failed = (message: string, error: object = {}) => ({
  kind: "failed",
  error: { status: 502, kind: "server", message, code: null, ...error },
});

const broken: readonly {
  readonly name: string;
  readonly bytes: Buffer;
  readonly wanted: readonly unknown[];
}[] = [
  {
    name: "ends before the answer does",
    bytes: eventStream([chunk({ content: "a" })]),
    wanted: [
      start,
      textStart(0),
      delta(0, "a"),
      failed("The provider's stream ended before the answer did"),
    ],
  },
  {
    name: "ends in the middle of an event",
    bytes: eventStream([chunk({ content: "a" }), stop]).subarray(0, -20),
    wanted: [
      start,
      textStart(0),
      delta(0, "a"),
      failed("The provider's stream ended before the answer did"),
    ],
  },
  {
    name: "ends with nothing",
    bytes: Buffer.alloc(0),
    wanted: [failed("The provider's stream ended before the answer did")],
  },
  {
    name: "closes without an answer",
    bytes: eventStream(["[DONE]"]),
    wanted: [failed("The provider's stream holds no answer")],
  },
  {
    name: "holds broken JSON",
    bytes: eventStream([chunk({ content: "a" }), '{"choices":[', chunk({ content: "b" })]),
    wanted: [
      start,
      textStart(0),
      delta(0, "a"),
      failed("The provider's stream holds an event that is not JSON"),
    ],
  },
  {
    name: "holds a list",
    bytes: eventStream(["[]"]),
    wanted: [failed("The provider's stream holds an event that is not an object")],
  },
  {
    name: "is a page",
    bytes: Buffer.from("<html>\n\n"),
    wanted: [failed("The provider's stream ended before the answer did")],
  },
  {
    name: "goes back to a call that had ended",
    bytes: eventStream([
      calls({ index: 0, id: "a", function: { name: "f", arguments: "{" } }),
      calls({ index: 1, id: "b", function: { name: "g", arguments: "{" } }),
      calls({ index: 0, function: { arguments: "}" } }),
    ]),
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, "{"),
      partEnd(0),
      callStart(1, "b", "g"),
      delta(1, "{"),
      failed("The provider's stream holds more of a tool call that had ended"),
    ],
  },
  {
    name: "goes back to a call that text had ended",
    bytes: eventStream([
      calls({ index: 0, id: "a", function: { name: "f", arguments: "{" } }),
      chunk({ content: "x" }),
      calls({ index: 0, function: { arguments: "" } }),
      calls({ index: 0, function: { arguments: "}" } }),
    ]),
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, "{"),
      partEnd(0),
      textStart(1),
      delta(1, "x"),
      failed("The provider's stream holds more of a tool call that had ended"),
    ],
  },
  {
    name: "tells an error in its middle",
    bytes: eventStream([
      chunk({ content: "a" }),
      { error: { message: "Slow", type: "requests", code: "rate_limit_exceeded" } },
      chunk({ content: "b" }),
      "[DONE]",
    ]),
    wanted: [
      start,
      textStart(0),
      delta(0, "a"),
      failed("Slow", { status: 429, kind: "rate-limit", code: "rate_limit_exceeded" }),
    ],
  },
];

for (const { name, bytes, wanted } of broken) {
  t.test(
    `write() and end() tell one failure when the stream ${name}, however it is cut`,
    async (t) => {
      for (const pieces of everyCut(bytes)) {
        const told = decodePieces(pieces);
        if (JSON.stringify(told) !== JSON.stringify(wanted)) {
          t.strictSame(told, wanted, pieces.map(String).join("|"));
          return;
        }
      }
      t.pass("the same for every cut");
    },
  );
}

t.test("write() tells nothing more after a failure or the end", async (t) => {
  const decoder = createChatStreamDecoder();
  decoder.write(eventStream(["{"]));
  t.strictSame(decoder.write(eventStream([chunk({ content: "a" })])), []);
  t.strictSame(decoder.end(), []);
});

t.test("write() tells deltas with the piece that brings them", async (t) => {
  const decoder = createChatStreamDecoder();
  const bytes = eventStream([chunk({ content: "a" })]);
  t.strictSame(decoder.write(bytes.subarray(0, -1)), []);
  t.strictSame(decoder.write(bytes.subarray(-1)), [start, textStart(0), delta(0, "a")]);
});

t.test("write() ignores comments and events without data", async (t) => {
  const bytes = Buffer.concat([
    Buffer.from(": OPENROUTER PROCESSING\n\nevent: ping\n\n"),
    eventStream([chunk({ content: "a" }), stop, "[DONE]"]),
  ]);
  t.equal(decodePieces([bytes]).length, 6);
});

/** What a stream says in all: its texts by kind, its calls, and how it ended. */
function summary(events: readonly StreamEvent[]): unknown {
  const parts: { kind: string; name: string; text: string }[] = [];
  const rest: StreamEvent[] = [];
  for (const event of events) {
    if (event.kind === "part-start") {
      const name = event.part.kind === "tool-call" ? event.part.name : "";
      parts.push({ kind: event.part.kind, name, text: "" });
    } else if (event.kind === "delta") {
      const part = parts[event.index];
      if (part !== undefined) part.text += event.text;
    } else if (event.kind !== "part-end" && event.kind !== "start") rest.push(event);
  }
  return { parts, rest: rest.map(({ kind }) => kind) };
}

const recorded: Readonly<Record<string, unknown>> = {
  "openai/chat-stream": {
    parts: [
      {
        kind: "text",
        name: "",
        text: 'Hello!\n"finish_reason":"length","usage":{"prompt_tokens":99}',
      },
    ],
    rest: ["usage", "finish", "end"],
  },
  "openai/chat-stream-error": {
    parts: [{ kind: "text", name: "", text: "Hel" }],
    rest: ["failed"],
  },
};

for (const [name, wanted] of Object.entries(recorded)) {
  t.test(`write() reads ${name} in every notation`, async (t) => {
    const call = readRecordedCalls().find((one) => one.name === name);
    if (call === undefined) throw new Error(`No recorded call: ${name}`);
    for (const notation of notations) {
      t.strictSame(summary(decodePieces(answerPieces(call, notation))), wanted, notation);
    }
  });
}

t.test("write() reads every recorded stream of chat completions to its end", async (t) => {
  const streams = readRecordedCalls().filter(
    ({ path, events }) => path.includes("/chat/completions") && events !== undefined,
  );
  t.ok(streams.length >= 6);
  for (const call of streams) {
    const last = decodePieces(answerPieces(call, "compact")).at(-1)?.kind;
    t.equal(last, call.name.endsWith("error") ? "failed" : "end", call.name);
  }
});

t.test("write() fails when the name of a call is too long in coming", async (t) => {
  const message = "The provider's stream holds a tool call that is too long before its name";
  for (const text of ["x".repeat(1024 * 1024), "xy"]) {
    const decoder = createChatStreamDecoder();
    const call = { index: 0, id: "a", function: { arguments: text } };
    const calls = Array.from({ length: text.length > 2 ? 1 : 10_000 }, () => call);
    const many = eventStream([chunk({ tool_calls: calls })]);
    const told: StreamEvent[] = [];
    for (let written = 0; written < 110; written++) told.push(...decoder.write(many));
    t.strictSame(told, [start, failed(message)]);
    t.strictSame(decoder.end(), []);
  }
});
