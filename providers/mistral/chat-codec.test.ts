import t from "tap";
import type { ChatRequest } from "../ir.ts";
import { openaiChat } from "../openai/chat-codec.ts";
import {
  decodedValue,
  emptyRequest,
  requestWith,
  text,
  wireRequest,
} from "../openai/testdata/chat.ts";
import { chatFeatures, judge } from "../request-features.ts";
import { mistralChat } from "./chat-codec.ts";

function encode(fields: Partial<ChatRequest>): unknown {
  return JSON.parse(`${mistralChat.encodeRequest(requestWith(fields))}`);
}

t.test(
  "mistralChat is another dialect than OpenAI's, so that bodies are written anew",
  async (t) => {
    t.not(mistralChat, openaiChat);
    t.equal(mistralChat.name, "mistral-chat");
  },
);

t.test("encodeRequest() writes nothing that Mistral answers 422 to", async (t) => {
  const fields: Partial<ChatRequest> = {
    maxOutputTokens: 5,
    seed: 7,
    stream: true,
    endUser: "u",
    reasoning: { effort: "low", budgetTokens: null, visible: null },
  };
  t.strictSame(encode(fields), {
    model: "m",
    messages: [],
    max_tokens: 5,
    random_seed: 7,
    stream: true,
  });
  const uses = chatFeatures(requestWith(fields), mistralChat.name);
  const { refused, dropped } = judge(uses, (feature) => mistralChat.expresses.has(feature));
  t.strictSame(refused, []);
  t.strictSame(
    dropped.map(({ feature }) => feature),
    ["reasoning", "end-user"],
  );
});

t.test("mistralChat refuses log probabilities, which Mistral does not tell", async (t) => {
  const uses = chatFeatures(requestWith({ logprobs: { top: 0 } }), mistralChat.name);
  const { refused } = judge(uses, (feature) => mistralChat.expresses.has(feature));
  t.strictSame(
    refused.map(({ feature }) => feature),
    ["logprobs"],
  );
});

t.test(
  "encodeRequest() makes tool ids of nine letters and digits, alike for call and result",
  async (t) => {
    const written = encode({
      messages: [
        {
          role: "assistant",
          parts: [
            { kind: "tool-call", id: "toolu_1", name: "f", arguments: "{}", signature: null },
          ],
        },
        {
          role: "user",
          parts: [
            {
              kind: "tool-result",
              callId: "toolu_1",
              name: null,
              parts: [text("a")],
              isError: false,
            },
          ],
        },
      ],
    });
    const ids = [...JSON.stringify(written).matchAll(/"(?:id|tool_call_id)":"([a-z0-9]{9})"/g)];
    t.equal(ids.length, 2);
    t.equal(ids[0]?.[1], ids[1]?.[1]);
  },
);

t.test("decodeRequest() reads what agents of Mistral say", async (t) => {
  const body = {
    model: "mistral-large-latest",
    messages: [{ role: "user", content: "Hi" }],
    random_seed: 7,
    max_tokens: 5,
    tool_choice: "any",
    safe_prompt: true,
  };
  t.strictSame(decodedValue(mistralChat.decodeRequest(wireRequest(body))), {
    ...emptyRequest,
    model: "mistral-large-latest",
    messages: [{ role: "user", parts: [text("Hi")] }],
    seed: 7,
    maxOutputTokens: 5,
    toolChoice: { kind: "required" },
    streamUsage: true,
    unexpressed: [{ feature: "unknown-field", at: "safe_prompt" }],
  });
});

t.test("decodeRequest() reads what encodeRequest() wrote", async (t) => {
  const request = requestWith({
    system: [text("a")],
    messages: [{ role: "user", parts: [text("Hi")] }],
    seed: 7,
    maxOutputTokens: 5,
    stop: ["x"],
    parallelToolCalls: false,
    output: { kind: "json" },
    streamUsage: true,
  });
  const written = `${mistralChat.encodeRequest(request)}`;
  t.strictSame(decodedValue(mistralChat.decodeRequest(wireRequest(written))), request);
});

t.test("decodeRequest() says what is wrong with a body", async (t) => {
  t.match(mistralChat.decodeRequest(wireRequest("[]")), { kind: "malformed" });
});

t.test("createStreamEncoder() tells usage unasked, in a chunk that has a choice", async (t) => {
  const request = requestWith({ stream: true, streamUsage: false });
  const usage = {
    inputTokens: 10,
    outputTokens: 5,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
  const stream = mistralChat
    .createStreamEncoder(request)
    .write([
      { kind: "start", id: "1", model: "m", created: 5 },
      { kind: "finish", finish: "stop", stopText: null },
      { kind: "usage", usage },
      { kind: "end" },
    ]);
  const chunks = `${stream}`.split("\n\n").flatMap((event) => {
    const data = event.replace("data: ", "");
    return data.startsWith("{") ? [JSON.parse(data)] : [];
  });
  t.strictSame(
    chunks.map(({ choices }) => choices.length),
    [1, 1],
  );
  t.match(chunks.at(-1), {
    choices: [{ finish_reason: "stop" }],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
});
