import t from "tap";
import { createClientBench } from "./client-bench.ts";
import { runWebSocketClient } from "./websocket-client.ts";

t.test("runWebSocketClient() reports the echoes when it goes through CONNECT", async (test) => {
  const bench = await createClientBench(test);
  const messages = ["one", "two", "x".repeat(70_000)];
  const result = await runWebSocketClient(
    { url: "wss://echo.test/ws", messages, protocols: ["chat"] },
    bench,
  );
  test.same(result, {
    kind: "answered",
    value: { received: messages, protocol: "chat", closeCode: 1000 },
  });
  test.equal(bench.proxy.asked[0]?.target, "echo.test:443");
});

t.test(
  "runWebSocketClient() reports the refusal when the server does not upgrade",
  async (test) => {
    const bench = await createClientBench(test);
    const result = await runWebSocketClient({ url: "wss://echo.test/other", messages: [] }, bench);
    test.match(result, { kind: "failed", error: { message: "Unexpected server response: 404" } });
  },
);

t.test("runWebSocketClient() reports the refusal when the proxy allows no tunnel", async (test) => {
  const bench = await createClientBench(test);
  const result = await runWebSocketClient({ url: "wss://other.test/ws", messages: [] }, bench);
  test.match(result, { kind: "failed", error: { message: /403/ } });
});
