import OpenAI from "openai";
import t from "tap";
import type { ChatResponse, Part } from "../ir.ts";
import { decodeChatResponse } from "./chat-response-decoder.ts";
import { completionId, encodeChatResponse, extraContent } from "./chat-response-encoder.ts";
import { decodedValue, reasoning, text, wireResponse } from "./testdata/chat.ts";

function answer(parts: readonly Part[], fields: Partial<ChatResponse> = {}): ChatResponse {
  return {
    id: "msg_01",
    model: "claude",
    created: 1_741_570_283,
    choices: [{ parts, finish: "stop", stopText: null, logprobs: null }],
    usage: null,
    ...fields,
  };
}

/** The first choice as it is written. */
function choiceOf(parts: readonly Part[]): {
  message: Record<string, unknown>;
  finish_reason: string;
} {
  return JSON.parse(`${encodeChatResponse(answer(parts)).body}`).choices[0];
}

const call: Part = {
  kind: "tool-call",
  id: "1",
  name: "f",
  arguments: '{"a":1.0}',
  signature: null,
};
const wireCall = { id: "1", type: "function", function: { name: "f", arguments: '{"a":1.0}' } };

const messages: readonly {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly message: Record<string, unknown>;
}[] = [
  { name: "text", parts: [text("Hi")], message: { content: "Hi" } },
  { name: "texts in one", parts: [text("a"), text("b")], message: { content: "ab" } },
  { name: "nothing as no text", parts: [], message: { content: "" } },
  {
    name: "calls without content",
    parts: [call],
    message: { content: null, tool_calls: [wireCall] },
  },
  {
    name: "calls beside text",
    parts: [text("a"), call, text("b")],
    message: { content: "ab", tool_calls: [wireCall] },
  },
  {
    name: "a refusal where it belongs",
    parts: [{ kind: "refusal", text: "No" }],
    message: { content: null, refusal: "No" },
  },
  {
    name: "reasoning as a string of its own, never in a list of content",
    parts: [reasoning("H"), reasoning("m"), text("Hi")],
    message: { content: "Hi", reasoning_content: "Hm" },
  },
  {
    name: "reasoning that is hidden not at all",
    parts: [reasoning(""), text("Hi")],
    message: { content: "Hi" },
  },
  {
    name: "proof of reasoning where Google has it",
    parts: [{ ...call, signature: "proof" }],
    message: {
      content: null,
      tool_calls: [{ ...wireCall, extra_content: { google: { thought_signature: "proof" } } }],
    },
  },
];

for (const { name, parts, message } of messages) {
  t.test(`encodeChatResponse() writes ${name}`, async (t) => {
    t.strictSame(choiceOf(parts).message, { role: "assistant", refusal: null, ...message });
  });
}

t.test("encodeChatResponse() writes every member that OpenAI's own answers have", async (t) => {
  const usage = {
    inputTokens: 10,
    outputTokens: 5,
    cachedInputTokens: 4,
    cacheWriteTokens: null,
    reasoningTokens: 2,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
  const { body, contentType } = encodeChatResponse(answer([text("Hi")], { usage }));
  t.equal(contentType, "application/json");
  t.strictSame(JSON.parse(`${body}`), {
    id: "chatcmpl-msg01",
    object: "chat.completion",
    created: 1_741_570_283,
    model: "claude",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hi", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: 2,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
  });
});

t.test("encodeChatResponse() writes zero for a time that is not known", async (t) => {
  const written = JSON.parse(`${encodeChatResponse(answer([], { created: null })).body}`);
  t.equal(written.created, 0);
});

t.test("encodeChatResponse() writes choices, log probabilities and why each ended", async (t) => {
  const logprobs = [{ token: "a", logprob: -1, bytes: [97], top: [] }];
  const { body } = encodeChatResponse({
    ...answer([]),
    choices: [
      { parts: [text("a")], finish: "length", stopText: null, logprobs },
      { parts: [call], finish: "tool-calls", stopText: null, logprobs: null },
      { parts: [text("c")], finish: "stop-text", stopText: "x", logprobs: null },
    ],
  });
  const { choices } = JSON.parse(`${body}`);
  t.strictSame(
    choices.map((choice: Record<string, unknown>) => [choice["index"], choice["finish_reason"]]),
    [
      [0, "length"],
      [1, "tool_calls"],
      [2, "stop"],
    ],
  );
  t.strictSame(choices[0].logprobs, {
    content: [{ token: "a", logprob: -1, bytes: [97], top_logprobs: [] }],
    refusal: null,
  });
});

t.test("encodeChatResponse() writes what decodeChatResponse() reads", async (t) => {
  const given = answer([reasoning("Hm"), text("Hi"), { kind: "refusal", text: "No" }, call], {
    id: "chatcmpl-1",
    choices: [
      {
        parts: [reasoning("Hm"), text("Hi"), { kind: "refusal", text: "No" }, call],
        finish: "tool-calls",
        stopText: null,
        logprobs: [
          { token: "a", logprob: -1, bytes: null, top: [{ token: "b", logprob: -2, bytes: [98] }] },
        ],
      },
    ],
    usage: {
      inputTokens: 1,
      outputTokens: 2,
      cachedInputTokens: 0,
      cacheWriteTokens: 3,
      reasoningTokens: 1,
      audioInputTokens: 0,
      audioOutputTokens: 0,
    },
  });
  const { body } = encodeChatResponse(given);
  t.strictSame(decodedValue(decodeChatResponse(wireResponse(`${body}`))), given);
});

t.test("encodeChatResponse() writes what OpenAI's SDK gives its caller", async (t) => {
  const { body } = encodeChatResponse(answer([text("Hi"), call]));
  const client = new OpenAI({
    apiKey: "unit",
    fetch: async () => new Response(`${body}`, { headers: { "content-type": "application/json" } }),
  });
  const completion = await client.chat.completions.create({ model: "m", messages: [] });
  t.equal(completion.choices[0]?.message.content, "Hi");
  const [toolCall] = completion.choices[0]?.message.tool_calls ?? [];
  t.equal(toolCall?.type === "function" && toolCall.function.arguments, '{"a":1.0}');
});

for (const [id, wanted] of [
  ["chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT"],
  ["chatcmpl-4e6f2a1c-9d3b-4f7a-8e21", "chatcmpl-4e6f2a1c-9d3b-4f7a-8e21"],
  ["msg_01ABC", "chatcmpl-msg01ABC"],
  ["gen-1700000000-xyz", "chatcmpl-gen1700000000xyz"],
  ["chatcmpl-a b", "chatcmpl-chatcmplab"],
  ["", "chatcmpl-"],
  [`resp_${"a".repeat(100)}`, `chatcmpl-resp${"a".repeat(60)}`],
] as const) {
  t.test(
    `completionId() makes ${wanted.slice(0, 30)} of ${JSON.stringify(id.slice(0, 30))}`,
    async (t) => {
      t.equal(completionId(id), wanted);
    },
  );
}

t.test("extraContent() is there only when there is proof", async (t) => {
  t.equal(extraContent(null), undefined);
  t.strictSame(extraContent("a"), { google: { thought_signature: "a" } });
});
