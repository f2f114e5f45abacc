import t from "tap";
import type { ChatResponse, Choice, Part } from "../ir.ts";
import { readRecordedCalls } from "../testdata/recorded-calls.ts";
import {
  decodeChatResponse,
  decodeStopText,
  reasoningOf,
  textOr,
} from "./chat-response-decoder.ts";
import { decodedValue, reasoning, text, wireResponse } from "./testdata/chat.ts";

function decode(answer: unknown): ChatResponse {
  return decodedValue(decodeChatResponse(wireResponse(answer)));
}

/** The only choice of an answer with this message. */
function choiceOf(message: unknown, choice: Record<string, unknown> = {}): Choice | undefined {
  return decode({ choices: [{ index: 0, message, finish_reason: "stop", ...choice }] }).choices[0];
}

const messages: readonly {
  readonly name: string;
  readonly message: unknown;
  readonly parts: readonly Part[];
}[] = [
  { name: "text", message: { content: "Hi" }, parts: [text("Hi")] },
  { name: "no text", message: { content: "" }, parts: [] },
  { name: "no content", message: { content: null }, parts: [] },
  { name: "no message", message: undefined, parts: [] },
  {
    name: "a refusal",
    message: { content: null, refusal: "No" },
    parts: [{ kind: "refusal", text: "No" }],
  },
  {
    name: "reasoning before text",
    message: { content: "Hi", reasoning_content: "Hm" },
    parts: [reasoning("Hm"), text("Hi")],
  },
  {
    name: "reasoning under the other name",
    message: { content: "Hi", reasoning: "Hm" },
    parts: [reasoning("Hm"), text("Hi")],
  },
  {
    name: "reasoning under both names once",
    message: { content: "Hi", reasoning: "Hm", reasoning_content: "Hm" },
    parts: [reasoning("Hm"), text("Hi")],
  },
  {
    name: "Mistral's list of reasoning and text",
    message: {
      content: [
        {
          type: "thinking",
          thinking: [
            { type: "text", text: "H" },
            { type: "text", text: "m" },
          ],
        },
        { type: "text", text: "Hi" },
        { type: "reference", reference_ids: [1] },
      ],
    },
    parts: [reasoning("Hm"), text("Hi")],
  },
  {
    name: "calls, digits of their arguments and all",
    message: {
      content: "Wait",
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "f", arguments: '{"n": 1.50}' } },
        { id: "call_2", type: "function", function: { name: "g", arguments: "" } },
      ],
    },
    parts: [
      text("Wait"),
      { kind: "tool-call", id: "call_1", name: "f", arguments: '{"n": 1.50}', signature: null },
      { kind: "tool-call", id: "call_2", name: "g", arguments: "{}", signature: null },
    ],
  },
  {
    name: "a call without an id, with arguments that are no text",
    message: { tool_calls: [{ function: { name: "f", arguments: { a: 1 } } }, { type: "x" }] },
    parts: [{ kind: "tool-call", id: "call_0", name: "f", arguments: '{"a":1}', signature: null }],
  },
  {
    name: "Gemini's proof of reasoning",
    message: {
      tool_calls: [
        {
          id: "1",
          function: { name: "f", arguments: "{}" },
          extra_content: { google: { thought_signature: "proof" } },
        },
      ],
    },
    parts: [{ kind: "tool-call", id: "1", name: "f", arguments: "{}", signature: "proof" }],
  },
  {
    name: "a function, which tools have replaced",
    message: { content: null, function_call: { name: "f", arguments: "{}" } },
    parts: [{ kind: "tool-call", id: "call_0", name: "f", arguments: "{}", signature: null }],
  },
];

for (const { name, message, parts } of messages) {
  t.test(`decodeChatResponse() reads ${name}`, async (t) => {
    t.strictSame(choiceOf(message)?.parts, parts);
  });
}

t.test("decodeChatResponse() reads what a recorded answer says", async (t) => {
  const call = readRecordedCalls().find(({ name }) => name === "openai/chat");
  const answer = decode(call?.answer);
  t.strictSame(answer, {
    id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
    model: "gpt-4.1-2025-04-14",
    created: 1741569952,
    choices: [
      {
        parts: [text('Hello! "How" can I \\assist\\ you today?\n{"model": "not this one"}')],
        finish: "stop",
        stopText: null,
        logprobs: null,
      },
    ],
    usage: {
      inputTokens: 19,
      outputTokens: 10,
      cachedInputTokens: 0,
      cacheWriteTokens: null,
      reasoningTokens: 0,
      audioInputTokens: 0,
      audioOutputTokens: 0,
    },
  });
});

t.test("decodeChatResponse() orders choices by their index", async (t) => {
  const answer = decode({
    choices: [
      { index: 1, message: { content: "b" }, finish_reason: "length" },
      { index: 0, message: { content: "a" }, finish_reason: "stop" },
    ],
  });
  t.strictSame(
    answer.choices.map(({ parts, finish }) => [parts, finish]),
    [
      [[text("a")], "stop"],
      [[text("b")], "length"],
    ],
  );
});

t.test("decodeChatResponse() reads log probabilities", async (t) => {
  const content = [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [] }];
  const choice = choiceOf({ content: "a" }, { logprobs: { content, refusal: null } });
  t.strictSame(choice?.logprobs, [{ token: "a", logprob: -0.5, bytes: [97], top: [] }]);
});

t.test("decodeChatResponse() knows why answers ended, by word and parts", async (t) => {
  const call = { id: "1", function: { name: "f", arguments: "{}" } };
  for (const [message, finish, wanted] of [
    [{ content: "a" }, "stop", "stop"],
    [{ content: "a" }, "length", "length"],
    [{ content: "a" }, null, "stop"],
    [{ tool_calls: [call] }, "tool_calls", "tool-calls"],
    [{ tool_calls: [call] }, "stop", "tool-calls"],
    [{ refusal: "No" }, "stop", "refusal"],
    [{ content: "a" }, "content_filter", "content-filter"],
  ] as const) {
    t.equal(choiceOf(message, { finish_reason: finish })?.finish, wanted, `${finish}`);
  }
});

t.test(
  "decodeChatResponse() reads the text that stopped the answer when a server says it",
  async (t) => {
    const met = choiceOf({ content: "a" }, { stop_reason: "###" });
    t.equal(met?.finish, "stop-text");
    t.equal(met?.stopText, "###");
    const token = choiceOf({ content: "a" }, { stop_reason: 128_009 });
    t.equal(token?.finish, "stop");
    t.equal(token?.stopText, null);
  },
);

t.test("decodeChatResponse() bears with what is left out", async (t) => {
  t.strictSame(decode({ choices: [{}] }), {
    id: "",
    model: "",
    created: null,
    choices: [{ parts: [], finish: "stop", stopText: null, logprobs: null }],
    usage: null,
  });
});

for (const [body, reason] of [
  ["<html>", "the body cannot be read: it is not JSON"],
  ["[]", "the body is not a JSON object"],
  ["{}", "choices is not a list"],
  ['{"choices":{}}', "choices is not a list"],
  ['{"choices":[]}', "choices holds no choice"],
  ['{"choices":[null]}', "choices holds no choice"],
] as const) {
  t.test(`decodeChatResponse() says that ${reason} for ${body}`, async (t) => {
    t.strictSame(decodeChatResponse(wireResponse(body)), { kind: "malformed", reason });
  });
}

t.test("decodeStopText() gives nothing when the answer did not stop", async (t) => {
  t.equal(decodeStopText({ stop_reason: "a", finish_reason: "length" }), null);
  t.equal(decodeStopText({ finish_reason: "stop" }), null);
});

t.test("reasoningOf() gives reasoning under either name, or nothing", async (t) => {
  t.equal(reasoningOf({ reasoning: "a" }), "a");
  t.equal(reasoningOf({ reasoning_content: "b", reasoning: "a" }), "b");
  t.equal(reasoningOf({ reasoning_content: null, reasoning: { a: 1 } }), "");
});

t.test("textOr() gives strings, else what stands for them", async (t) => {
  t.equal(textOr("a", "b"), "a");
  t.equal(textOr(1, "b"), "b");
  t.equal(textOr(undefined, "b"), "b");
});
