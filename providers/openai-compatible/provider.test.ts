import t from "tap";
import { openaiChat } from "../openai/chat-codec.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { requestWith, text } from "../openai/testdata/chat.ts";
import { findOperation } from "../operation-layout.ts";
import { findProviderByHost } from "../registry.ts";
import { encodeCall, findServedApi, judgeCall } from "../translation.ts";
import { openaiCompatible } from "./provider.ts";

const call = { model: "llama", stream: true, basePath: "" };

for (const [host, path] of [
  ["api.groq.com", "/openai/v1/chat/completions"],
  ["openrouter.ai", "/api/v1/chat/completions"],
  ["api.together.xyz", "/v1/chat/completions"],
  ["api.fireworks.ai", "/inference/v1/chat/completions"],
  ["api.deepseek.com", "/chat/completions"],
  ["api.deepseek.com", "/v1/chat/completions"],
  ["api.deepseek.com", "/beta/chat/completions"],
  ["api.x.ai", "/v1/chat/completions"],
  ["api.perplexity.ai", "/chat/completions"],
  ["api.deepinfra.com", "/v1/openai/chat/completions"],
  ["dashscope-intl.aliyuncs.com", "/compatible-mode/v1/chat/completions"],
  ["api.z.ai", "/api/paas/v4/chat/completions"],
] as const) {
  t.test(`openaiCompatible reads chat completions of ${host} at ${path}`, async (t) => {
    const provider = findProviderByHost(host);
    t.equal(provider, openaiCompatible);
    if (provider === undefined) return;
    const found = findOperation(provider, "POST", path);
    t.equal(found?.layout.operation.codec, openaiChat);
    t.equal(found?.layout.operation.streamUsage, "on-request");
  });
}

t.test("openaiCompatible serves below the base path, which is /v1 as most have it", async (t) => {
  const chat = findServedApi(openaiCompatible.served, openaiChat, "llama");
  t.equal(chat?.path(call), "/v1/chat/completions");
  t.equal(chat?.path({ ...call, basePath: "/openai/v1" }), "/openai/v1/chat/completions");
  const embeddings = findServedApi(openaiCompatible.served, openaiEmbeddings, "bge");
  t.equal(embeddings?.path(call), "/v1/embeddings");
});

t.test("openaiCompatible is of OpenAI's dialect, so that bodies need no translation", async (t) => {
  t.strictSame(
    openaiCompatible.served.map(({ codec }) => codec),
    [openaiChat, openaiChat, openaiEmbeddings],
  );
});

t.test("openaiCompatible is asked in the words that every server knows", async (t) => {
  const api = findServedApi(openaiCompatible.served, openaiChat, "llama");
  if (api === undefined) throw new Error("Not served");
  const request = requestWith({
    system: [text("a"), text("b")],
    maxOutputTokens: 5,
    seed: 7,
    stream: true,
  });
  t.strictSame(
    JSON.parse(`${encodeCall({ operation: "chat", codec: openaiChat, request }, api, "llama")}`),
    {
      model: "llama",
      messages: [{ role: "system", content: "a\n\nb" }],
      max_tokens: 5,
      seed: 7,
      stream: true,
      stream_options: { include_usage: true },
    },
  );
});

for (const { model, takes } of [
  { model: "openai/gpt-oss-120b", takes: true },
  { model: "deepseek-reasoner", takes: true },
  { model: "anthropic/claude-sonnet-4.5", takes: true },
  { model: "openai/o3", takes: true },
  { model: "llama-3.3-70b-versatile", takes: false },
  { model: "qwen/qwen3-32b", takes: false },
  { model: "solar-o1", takes: false },
]) {
  t.test(`openaiCompatible ${takes ? "asks" : "does not ask"} ${model} for effort`, async (t) => {
    const api = findServedApi(openaiCompatible.served, openaiChat, model);
    if (api === undefined) throw new Error("Not served");
    const request = requestWith({
      reasoning: { effort: "low", budgetTokens: null, visible: null },
    });
    const call = { operation: "chat", codec: openaiChat, request } as const;
    t.equal(`${encodeCall(call, api, model)}`.includes("reasoning_effort"), takes);
    t.strictSame(
      judgeCall(call, api).dropped.map(({ feature }) => feature),
      takes ? [] : ["reasoning"],
    );
  });
}

t.test(
  "openaiCompatible removes the headers of those who call, OpenAI's SDK among them",
  async (t) => {
    for (const header of ["x-stainless-*", "openai-organization", "http-referer", "x-title"]) {
      t.ok(openaiCompatible.ownHeaders.includes(header), header);
    }
  },
);
