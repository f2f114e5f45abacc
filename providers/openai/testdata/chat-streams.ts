/** Streams of chat completion chunks as OpenAI and other servers write them, with what they say. */
import { chunk } from "./chat.ts";

/** The first event of every stream of `chunk`s. */
export const start = { kind: "start", id: "chatcmpl-1", model: "gpt-4.1", created: 1_741_570_283 };
/** The last event of a whole stream. */
export const end = { kind: "end" };
const finished = (finish: string, stopText: string | null = null) => ({
  kind: "finish",
  finish,
  stopText,
});
/** The begin of a text. */
export const textStart = (index: number) => ({ kind: "part-start", index, part: { kind: "text" } });
/** More of a part. */
export const delta = (index: number, text: string) => ({ kind: "delta", index, text });
/** The end of a part. */
export const partEnd = (index: number) => ({ kind: "part-end", index });
/** The begin of a tool call. */
export const callStart = (index: number, id: string, name: string) => ({
  kind: "part-start",
  index,
  part: { kind: "tool-call", id, name },
});
const reasoningStart = (index: number) => ({
  kind: "part-start",
  index,
  part: { kind: "reasoning", encrypted: null, origin: "openai-chat" },
});
/** The chunk that says that the answer stopped. */
export const stop = chunk({}, { finish_reason: "stop" });
/** A chunk with these pieces of tool calls. */
export const calls = (...list: unknown[]) => chunk({ tool_calls: list });

/** Whole streams with the events that they are read as. */
export const streams: readonly {
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
    name: "calls without numbers and ids",
    events: [
      calls({ function: { name: "f", arguments: "{" } }),
      calls({ function: { arguments: "}" } }),
      calls({ function: { name: "f", arguments: "{}" } }),
      stop,
      "[DONE]",
    ],
    wanted: [
      start,
      callStart(0, "call_0", "f"),
      delta(0, "{"),
      delta(0, "}"),
      partEnd(0),
      callStart(1, "call_1", "f"),
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
      textStart(0),
      delta(0, "a"),
      partEnd(0),
      finished("stop"),
      end,
    ],
  },
];

