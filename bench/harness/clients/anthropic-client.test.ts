import t from "tap";
import { runAnthropicClient } from "./anthropic-client.ts";
import { createClientBench } from "./client-bench.ts";

const answered = {
  kind: "answered",
  value: {
    text: "You said: Hello",
    model: "claude-sonnet-4-5-20250929",
    inputTokens: 8,
    outputTokens: 4,
  },
};

t.test(
  "runAnthropicClient() reports what the SDK got when each operation goes through a proxy",
  async (test) => {
    const bench = await createClientBench(test);
    test.match(await runAnthropicClient({ operation: "message" }, bench), answered);
    const stream = await runAnthropicClient({ operation: "message-stream" }, bench);
    test.match(stream, answered);
    if (stream.kind === "answered") test.ok(stream.value.parts >= 9, "events were streamed");
    test.match(await runAnthropicClient({ operation: "count-tokens" }, bench), {
      kind: "answered",
      value: { inputTokens: 8 },
    });
  },
);

t.test(
  "runAnthropicClient() reports the SDK's exception when the provider is overloaded",
  async (test) => {
    const bench = await createClientBench(test);
    bench.provider.misbehave({ status: 529 });
    const result = await runAnthropicClient({ operation: "message" }, bench);
    test.match(result, {
      kind: "failed",
      error: { name: "OverloadedError", status: 529, message: /Overloaded/ },
    });
    test.equal(bench.provider.requests.length, 1);
  },
);

t.test("runAnthropicClient() reports the SDK's exception when the key is wrong", async (test) => {
  const bench = await createClientBench(test);
  const environment = { ...bench.environment, ANTHROPIC_API_KEY: "wrong" };
  const result = await runAnthropicClient({ operation: "message" }, { environment });
  test.match(result, {
    kind: "failed",
    error: { name: "AuthenticationError", status: 401, requestId: /^req_011C/ },
  });
});
