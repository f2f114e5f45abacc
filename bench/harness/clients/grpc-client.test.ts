import t from "tap";
import { createClientBench } from "./client-bench.ts";
import { runGrpcClient } from "./grpc-client.ts";

const call = { target: "echo.test:443", message: "hello" } as const;

t.test("runGrpcClient() reports the messages when called through a proxy", async (test) => {
  const bench = await createClientBench(test);
  const unary = await runGrpcClient({ ...call, method: "Unary" }, bench);
  test.same(unary, { kind: "answered", value: { messages: ["hello"] } });
  const metadata = { "x-echo-count": "4" };
  const stream = await runGrpcClient({ ...call, method: "ServerStream", metadata }, bench);
  test.same(stream, {
    kind: "answered",
    value: { messages: ["hello", "hello", "hello", "hello"] },
  });
  test.ok(
    bench.proxy.asked.every(
      ({ method, target }) => method === "CONNECT" && target === "echo.test:443",
    ),
  );
});

t.test("runGrpcClient() reports the status when the service ends with one", async (test) => {
  const bench = await createClientBench(test);
  const metadata = { "x-echo-status": "7" };
  const result = await runGrpcClient({ ...call, method: "Unary", metadata }, bench);
  test.match(result, {
    kind: "failed",
    error: { status: 7, message: "7 PERMISSION_DENIED: asked for status 7" },
  });
});

t.test("runGrpcClient() reports a status when the certificate is not trusted", async (test) => {
  const bench = await createClientBench(test);
  const { GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: _left, ...environment } = bench.environment;
  const untrusting = { ...environment, NODE_EXTRA_CA_CERTS: "" };
  const result = await runGrpcClient(
    { ...call, method: "Unary", deadlineMs: 20_000 },
    { environment: untrusting },
  );
  test.match(result, { kind: "failed", error: { status: /^(14|4)$/ } });
});
