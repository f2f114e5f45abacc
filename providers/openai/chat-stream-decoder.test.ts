import t from "tap";
import type { StreamEvent } from "../ir.ts";
import { answerPieces, notations, readRecordedCalls } from "../testdata/recorded-calls.ts";
import { createChatStreamDecoder } from "./chat-stream-decoder.ts";
import { chunk, decodePieces, eventStream, everyCut } from "./testdata/chat.ts";

const start = { kind: "start", id: "chatcmpl-1", model: "gpt-4.1", created: 1_741_570_283 };
const end = { kind: "end" };
const finished = (finish: string, stopText: string | null = null) => ({
  kind: "finish",
  finish,
  stopText,
});
const textStart = (index: number) => ({ kind: "part-start", index, part: { kind: "text" } });
const delta = (index: number, text: string) => ({ kind: "delta", index, text });
const partEnd = (index: number) => ({ kind: "part-end", index });
const callStart = (index: number, id: string, name: string) => ({
  kind: "part-start",
  index,
  part: { kind: "tool-call", id, name },
});
const reasoningStart = (index: number) => ({
  kind: "part-start",
  index,
  part: { kind: "reasoning", encrypted: null, origin: "openai-chat" },
});
const stop = chunk({}, { finish_reason: "stop" });
const calls = (...list: unknown[]) => chunk({ tool_calls: list });

const streams: readonly {
  readonly name: string;
  readonly events: readonly unknown[];
  readonly wanted: readonly unknown[];
}[] = [
  {
    name: "text",
    events: [
      chunk({ role: "assistant", content: "", refusal: null }),
      chunk({ content: "Hé" }),
      chunk({ content: "llo" }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      textStart(0),
      delta(0, "Hé"),
      delta(0, "llo"),
      partEnd(0),
      finished("stop"),
      end,
    ],
  },
  {
    name: "no text at all",
    events: [chunk({ role: "assistant", content: "" }), stop, "[DONE]"],
    wanted: [start, finished("stop"), end],
  },
  {
    name: "text that comes with the reason of its end",
    events: [chunk({ content: "a" }, { finish_reason: "length" }), "[DONE]"],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("length"), end],
  },
  {
    name: "usage behind the end, told before the reason",
    events: [
      chunk({ content: "a" }),
      stop,
      { id: "chatcmpl-1", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } },
      "[DONE]",
    ],
    wanted: [
      start,
      textStart(0),
      delta(0, "a"),
      partEnd(0),
      {
        kind: "usage",
        usage: {
          inputTokens: 3,
          outputTokens: 4,
          cachedInputTokens: null,
          cacheWriteTokens: null,
          reasoningTokens: null,
          audioInputTokens: null,
          audioOutputTokens: null,
        },
      },
      finished("stop"),
      end,
    ],
  },
  {
    name: "Azure's first chunk, which has neither id nor choices",
    events: [
      { id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: [] },
      chunk({ content: "a" }),
      chunk(undefined, { content_filter_results: {} }),
      stop,
      "[DONE]",
    ],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("stop"), end],
  },
  {
    name: "other choices, which are not read",
    events: [
      {
        ...Object(chunk({})),
        choices: [
          { index: 1, delta: { content: "x" } },
          { index: 0, delta: { content: "a" } },
        ],
      },
      { ...Object(chunk({})), choices: [{ index: 1, delta: {}, finish_reason: "length" }] },
      stop,
      "[DONE]",
    ],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("stop"), end],
  },
  {
    name: "reasoning before text, under either name",
    events: [
      chunk({ reasoning_content: "H" }),
      chunk({ reasoning: "m", content: "" }),
      chunk({ content: "a" }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      reasoningStart(0),
      delta(0, "H"),
      delta(0, "m"),
      partEnd(0),
      textStart(1),
      delta(1, "a"),
      partEnd(1),
      finished("stop"),
      end,
    ],
  },
  {
    name: "Mistral's pieces of reasoning and text",
    events: [
      chunk({ content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm" }] }] }),
      chunk({ content: [{ type: "text", text: "a" }, 1] }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      reasoningStart(0),
      delta(0, "Hm"),
      partEnd(0),
      textStart(1),
      delta(1, "a"),
      partEnd(1),
      finished("stop"),
      end,
    ],
  },
  {
    name: "a refusal",
    events: [chunk({ refusal: "N" }), chunk({ refusal: "o" }), stop, "[DONE]"],
    wanted: [
      start,
      { kind: "part-start", index: 0, part: { kind: "refusal" } },
      delta(0, "N"),
      delta(0, "o"),
      partEnd(0),
      finished("refusal"),
      end,
    ],
  },
  {
    name: "text and two calls",
    events: [
      chunk({ content: "Wait" }),
      calls({ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }),
      calls({ index: 0, function: { arguments: '{"n"' } }),
      calls({ index: 0, function: { arguments: ":1}" } }),
      calls({ index: 1, id: "b", type: "function", function: { name: "g", arguments: "{}" } }),
      chunk({}, { finish_reason: "tool_calls" }),
      "[DONE]",
    ],
    wanted: [
      start,
      textStart(0),
      delta(0, "Wait"),
      partEnd(0),
      callStart(1, "a", "f"),
      delta(1, '{"n"'),
      delta(1, ":1}"),
      partEnd(1),
      callStart(2, "b", "g"),
      delta(2, "{}"),
      partEnd(2),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "two calls in one chunk",
    events: [
      calls(
        { index: 0, id: "a", function: { name: "f", arguments: "{}" } },
        { index: 1, id: "b", function: { name: "g", arguments: "{}" } },
      ),
      chunk({}, { finish_reason: "stop" }),
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, "{}"),
      partEnd(0),
      callStart(1, "b", "g"),
      delta(1, "{}"),
      partEnd(1),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "calls that are all numbered 0",
    events: [
      calls({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
      calls({ index: 0, id: "b", function: { name: "g", arguments: "{}" } }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, "{}"),
      partEnd(0),
      callStart(1, "b", "g"),
      delta(1, "{}"),
      partEnd(1),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "calls without numbers",
    events: [
      calls({ id: "a", function: { name: "f", arguments: '{"x":' } }),
      calls({ function: { arguments: "1}" } }),
      calls({ id: "b", function: { name: "g", arguments: "{}" } }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, '{"x":'),
      delta(0, "1}"),
      partEnd(0),
      callStart(1, "b", "g"),
      delta(1, "{}"),
      partEnd(1),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "an id that is told with every piece",
    events: [
      calls({ index: 0, id: "a", function: { name: "f", arguments: '{"x":' } }),
      calls({ index: 0, id: "a", function: { name: "f", arguments: "1}" } }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, '{"x":'),
      delta(0, "1}"),
      partEnd(0),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "a name that comes behind the id and first arguments",
    events: [
      calls({ index: 0, id: "a", function: { arguments: '{"x"' } }),
      calls({ index: 0, function: { name: "f", arguments: ":1}" } }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, '{"x"'),
      delta(0, ":1}"),
      partEnd(0),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "a call that never gets a name, and one that gets no id",
    events: [
      calls({ index: 0, id: "a", function: { arguments: "{}" } }),
      calls({ index: 1, function: { name: "g", arguments: { n: 1 } } }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", ""),
      delta(0, "{}"),
      partEnd(0),
      callStart(1, "call_1", "g"),
      delta(1, '{"n":1}'),
      partEnd(1),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "a function, which tools have replaced",
    events: [
      chunk({ function_call: { name: "f", arguments: "" } }),
      chunk({ function_call: { arguments: "{}" } }),
      chunk({}, { finish_reason: "function_call" }),
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "call_0", "f"),
      delta(0, "{}"),
      partEnd(0),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "Gemini's proof of reasoning",
    events: [
      calls({
        index: 0,
        id: "a",
        function: { name: "f", arguments: "{}" },
        extra_content: { google: { thought_signature: "proof" } },
      }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, "{}"),
      { kind: "signature", index: 0, signature: "proof" },
      partEnd(0),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "text after a call",
    events: [
      calls({ index: 0, id: "a", function: { name: "f", arguments: "{}" } }),
      chunk({ content: "b" }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "a", "f"),
      delta(0, "{}"),
      partEnd(0),
      textStart(1),
      delta(1, "b"),
      partEnd(1),
      finished("tool-calls"),
      end,
    ],
  },
  {
    name: "log probabilities",
    events: [
      chunk(
        { content: "a" },
        { logprobs: { content: [{ token: "a", logprob: -1, bytes: [97], top_logprobs: [] }] } },
      ),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      textStart(0),
      delta(0, "a"),
      {
        kind: "logprobs",
        index: 0,
        logprobs: [{ token: "a", logprob: -1, bytes: [97], top: [] }],
      },
      partEnd(0),
      finished("stop"),
      end,
    ],
  },
  {
    name: "the text that stopped the answer",
    events: [
      chunk({ content: "a" }),
      chunk({}, { finish_reason: "stop", stop_reason: "###" }),
      "[DONE]",
    ],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("stop-text", "###"), end],
  },
  {
    name: "no closing event behind the reason",
    events: [chunk({ content: "a" }), stop],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("stop"), end],
  },
  {
    name: "no reason before the closing event",
    events: [chunk({ content: "a" }), "[DONE]"],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("stop"), end],
  },
  {
    name: "more behind the closing event, which is not read",
    events: [chunk({ content: "a" }), stop, "[DONE]", chunk({ content: "b" }), "{"],
    wanted: [start, textStart(0), delta(0, "a"), partEnd(0), finished("stop"), end],
  },
  {
    name: "members that have other forms than OpenAI's",
    events: [
      { choices: [{ delta: { content: 5, refusal: 1, tool_calls: "x", reasoning: {} } }, null] },
      { choices: "x" },
      { choices: [{ delta: { tool_calls: [null, {}] }, finish_reason: 1 }] },
      { choices: [{ delta: { content: "a" }, finish_reason: "stop" }] },
    ],
    wanted: [
      { kind: "start", id: "", model: "", created: null },
      callStart(0, "call_0", ""),
      partEnd(0),
      textStart(1),
      delta(1, "a"),
      partEnd(1),
      finished("tool-calls"),
      end,
    ],
  },
];

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
