import t from "tap";
import { createClientBench } from "./client-bench.ts";
import { runOpenAiClient } from "./openai-client.ts";

const text = "You said: Hello";
// "Hello" is 1 token, plus 4 for the message and 3 for the reply; the answer is You, said, :, Hello.
const chatUsage = { inputTokens: 8, outputTokens: 4 };
const cases = [
  { operation: "chat", value: { text, model: "gpt-4.1-2025-04-14", parts: 1, ...chatUsage } },
  {
    operation: "chat-stream",
    value: { text, model: "gpt-4.1-2025-04-14", parts: 7, ...chatUsage },
  },
  { operation: "responses", value: { text, parts: 1, inputTokens: 5, outputTokens: 4 } },
  { operation: "responses-stream", value: { text, parts: 12, inputTokens: 5, outputTokens: 4 } },
  {
    operation: "embeddings",
    model: "text-embedding-3-small",
    value: { text: "1536", inputTokens: 1, outputTokens: 0, parts: 1 },
  },
  { operation: "models", value: { text: /^gpt-4\.1 gpt-4\.1-mini .* text-embedding-3-large$/ } },
] as const;

t.test(
  "runOpenAiClient() reports what the SDK got when each operation goes through a proxy",
  async (test) => {
    const bench = await createClientBench(test);
    for (const { operation, value, ...rest } of cases) {
      const result = await runOpenAiClient({ operation, ...rest }, bench);
      test.match(result, { kind: "answered", value }, operation);
    }
    test.ok(bench.provider.requests.every(({ status }) => status === 200));
    test.ok(bench.proxy.asked.every(({ target }) => target === "api.openai.com:443"));
  },
);

t.test("runOpenAiClient() reports the SDK's exception when the provider refuses", async (test) => {
  const bench = await createClientBench(test);
  const environment = { ...bench.environment, OPENAI_API_KEY: "sk-wrong-0123456789" };
  const result = await runOpenAiClient({ operation: "chat" }, { environment });
  test.match(result, {
    kind: "failed",
    error: {
      name: "AuthenticationError",
      status: 401,
      code: "invalid_api_key",
      type: "invalid_request_error",
      requestId: /^req_/,
    },
  });
});

t.test("runOpenAiClient() retries after a 429 when it may", async (test) => {
  const bench = await createClientBench(test);
  bench.provider.misbehave({ status: 429, retryAfterSeconds: 0, times: 1 });
  const result = await runOpenAiClient({ operation: "chat", maxRetries: 1 }, bench);
  test.equal(result.kind, "answered");
  test.same(
    bench.provider.requests.map(({ status }) => status),
    [429, 200],
  );
});

t.test("runOpenAiClient() reports a broken stream when the provider cuts it", async (test) => {
  const bench = await createClientBench(test);
  bench.provider.misbehave({ cutAfterChunks: 3 });
  const result = await runOpenAiClient({ operation: "chat-stream" }, bench);
  test.match(result, {
    kind: "failed",
    error: { message: /terminated|aborted/, causes: ["ERR_HTTP2_STREAM_ERROR"] },
  });
});

t.test(
  "runOpenAiClient() reports an untrusted certificate when the environment lacks the CA",
  async (test) => {
    const bench = await createClientBench(test);
    const { NODE_EXTRA_CA_CERTS: _left, ...environment } = bench.environment;
    const result = await runOpenAiClient({ operation: "chat" }, { environment });
    test.match(result, { kind: "failed", error: { name: "APIConnectionError" } });
    if (result.kind === "failed") test.match(result.error.causes.at(-1), /UNABLE_TO_|SELF_SIGNED/);
  },
);
