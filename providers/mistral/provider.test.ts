import t from "tap";
import type { ChatRequest } from "../ir.ts";
import { openaiChat } from "../openai/chat-codec.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { requestWith, text } from "../openai/testdata/chat.ts";
import { findOperation } from "../operation-layout.ts";
import { findProviderByHost, findProviderByName } from "../registry.ts";
import { encodeCall, findServedApi, judgeCall } from "../translation.ts";
import { mistral } from "./provider.ts";

function encode(fields: Partial<ChatRequest>): unknown {
  const api = findServedApi(mistral.served, openaiChat, "mistral-large-latest");
  if (api === undefined) throw new Error("Not served");
  const request = requestWith(fields);
  const call = { operation: "chat", codec: openaiChat, request } as const;
  t.strictSame(judgeCall(call, api).refused, []);
  return JSON.parse(`${encodeCall(call, api, "mistral-large-latest")}`);
}

t.test("mistral is found by its host and names", async (t) => {
  t.equal(findProviderByHost("api.mistral.ai"), mistral);
  t.equal(findProviderByName("mistral"), mistral);
});

t.test("mistral reads chat completions, and does not ask streams for their usage", async (t) => {
  const chat = findOperation(mistral, "POST", "/v1/chat/completions")?.layout.operation;
  t.equal(chat?.codec, openaiChat);
  t.equal(chat?.streamUsage, undefined);
  const api = findServedApi(mistral.served, openaiChat, "mistral-large-latest");
  t.equal(api?.streamUsage, undefined);
  const embeddings = findOperation(mistral, "POST", "/v1/embeddings")?.layout.operation;
  t.equal(embeddings?.codec, openaiEmbeddings);
});

t.test("mistral is asked for nothing that it answers 422 to", async (t) => {
  const written = encode({
    maxOutputTokens: 5,
    seed: 7,
    stream: true,
    endUser: "u",
    reasoning: { effort: "low", budgetTokens: null, visible: null },
  });
  t.strictSame(written, {
    model: "mistral-large-latest",
    messages: [],
    max_tokens: 5,
    random_seed: 7,
    stream: true,
  });
});

t.test("mistral gets tool ids of nine letters and digits, alike for call and result", async (t) => {
  const written = encode({
    messages: [
      {
        role: "assistant",
        parts: [{ kind: "tool-call", id: "toolu_1", name: "f", arguments: "{}", signature: null }],
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
});
