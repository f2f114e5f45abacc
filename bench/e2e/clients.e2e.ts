import t from "tap";
import { runCurlClient } from "../harness/clients/curl-client.ts";
import { runGrpcClient } from "../harness/clients/grpc-client.ts";
import { missingPython, runPythonClient } from "../harness/clients/python-client.ts";
import { runUndiciClient } from "../harness/clients/undici-client.ts";
import { runWebSocketClient } from "../harness/clients/websocket-client.ts";
import { openThroughProxy, requestAbsolute } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { httpOver, tlsOver } from "../harness/http-over-socket.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["echo.test"],
  plainHosts: ["plain.test"],
});
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": allowHosts("echo", ["echo.test", "plain.test"]),
  },
});
const run = await gateway.registerRun("shell");
const { environment } = run;
const body = "two words";
const deniedMessage =
  "No route of EgressGateway default/egress allows host denied.test (defaultPolicy deny-all)";
const deniedAnswer = {
  status: 403,
  headers: { "x-clrk-deny-reason": "default-policy", "content-type": "application/json" },
};

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

/** Waits for the one record of a request with this marker in its path. */
function recordOf(marker: string) {
  return gateway.waitForRecord(({ request }) => request.query === `by=${marker}`);
}

t.test("undici speaks HTTP/2 end to end and reads a refusal", async (test) => {
  const ask = { method: "POST", body, proxy: "environment", allowHttp2: true } as const;
  const url = "https://echo.test/echo?by=undici";
  const result = await runUndiciClient({ ...ask, url }, { environment });
  test.match(result, { kind: "answered", value: { status: 200 } });
  test.match(upstreams.tls.requests, [{ httpVersion: "2.0", bodyBytes: body.length }]);
  test.match(await recordOf("undici"), {
    request: { protocol: "HTTP/2", host: "echo.test", bytes: body.length },
    response: { status: 200 },
  });
  const denied = await runUndiciClient(
    { ...ask, url: "https://denied.test/echo?by=undici-denied" },
    { environment },
  );
  test.match(denied, { kind: "answered", value: deniedAnswer });
  if (denied.kind === "answered")
    test.match(JSON.parse(denied.value.text), { message: deniedMessage });
  test.match(await recordOf("undici-denied"), { decision: { verdict: "deny" } });
});

t.test("curl gets its answer and reads a refusal inside TLS", async (test) => {
  const url = "https://echo.test/echo?by=curl";
  const result = await runCurlClient({ url, body }, { environment });
  test.match(result, { kind: "answered", value: { status: 200, connectStatus: 200 } });
  test.match(upstreams.tls.requests, [{ host: "echo.test", bodyBytes: body.length }]);
  test.match(await recordOf("curl"), { request: { userAgent: /^curl\// } });
  // curl 7.88 fails with error 92 when an HTTP/2 response ends before its upload has, as RFC 9113 section 8.1 allows.
  const withBody = { url: "https://denied.test/x", body, arguments: ["--http1.1"] };
  const denied = await runCurlClient(withBody, { environment });
  test.match(denied, { kind: "answered", value: { ...deniedAnswer, connectStatus: 200 } });
  const bodyless = await runCurlClient({ url: "https://denied.test/x" }, { environment });
  test.match(bodyless, { kind: "answered", value: { ...deniedAnswer, connectStatus: 200 } });
  if (denied.kind === "answered") {
    test.same(JSON.parse(denied.value.text), {
      error: {
        message: deniedMessage,
        type: "permission_error",
        code: "clrk_default_policy",
      },
      message: deniedMessage,
    });
  }
});

t.test("curl without the credential of a run is told how to get one", async (test) => {
  const { HTTPS_PROXY: _own, https_proxy: _lower, ...rest } = environment;
  const proxy = `http://${run.proxy.address}:${run.proxy.port}`;
  const result = await runCurlClient(
    { url: "https://echo.test/echo", body, arguments: ["--proxy", proxy] },
    { environment: rest },
  );
  test.match(result, { kind: "failed", error: { message: /407/ } });
  test.equal(upstreams.tls.requests.length, 0);
  const answer = await openThroughProxy(run.proxy, { target: "echo.test:443" });
  test.match(answer, {
    kind: "refused",
    status: 407,
    body: "Proxy credential missing or wrong: start the command with `clrk run -- COMMAND`\n",
  });
  test.equal(answer.headers.get("proxy-authenticate"), 'Basic realm="clrk"');
});

for (const library of ["urllib", "requests"] as const) {
  const missing = await missingPython(library);
  const skip = missing === undefined ? {} : { skip: missing };
  t.test(`Python ${library} gets its answer and reads a refusal`, skip, async (test) => {
    const url = `https://echo.test/echo?by=${library}`;
    const result = await runPythonClient({ library, url, method: "POST", body }, { environment });
    test.match(result, { kind: "answered", value: { status: 200 } });
    test.match(upstreams.tls.requests, [{ host: "echo.test", bodyBytes: body.length }]);
    test.match(await recordOf(library), { request: { protocol: "HTTP/1.1" } });
    const denied = await runPythonClient(
      { library, url: "https://denied.test/x" },
      { environment },
    );
    test.match(denied, { kind: "answered", value: deniedAnswer });
    const plain = await runPythonClient(
      { library, url: "http://plain.test/echo", method: "POST", body },
      { environment },
    );
    test.match(plain, { kind: "answered", value: { status: 200 } });
    test.match(upstreams.plain.requests, [{ authority: "plain.test", bodyBytes: body.length }]);
  });
}

t.test("gRPC calls and streams pass, and a refusal is a status", async (test) => {
  const call = { target: "echo.test:443", message: "ping" };
  const unary = await runGrpcClient({ ...call, method: "Unary" }, { environment });
  test.same(unary, { kind: "answered", value: { messages: ["ping"] } });
  const stream = await runGrpcClient(
    { ...call, method: "ServerStream", metadata: { "x-echo-count": "5" } },
    { environment },
  );
  test.same(stream, { kind: "answered", value: { messages: Array(5).fill("ping") } });
  const failed = await runGrpcClient(
    { ...call, method: "Unary", metadata: { "x-echo-status": "9" } },
    { environment },
  );
  test.match(failed, { kind: "failed", error: { status: 9, message: /asked for status 9/ } });
  const denied = await runGrpcClient(
    { ...call, target: "denied.test:443", method: "Unary" },
    { environment },
  );
  test.match(denied, { kind: "failed", error: { status: 7 } });
  if (denied.kind === "failed") {
    test.ok(denied.error.message.includes("denied.test:443"), denied.error.message);
    test.ok(denied.error.message.includes("defaultPolicy deny-all"), denied.error.message);
  }
});

t.test("WebSocket messages pass, and a refused handshake says why", async (test) => {
  const messages = ["one", "two", "x".repeat(70_000)];
  const url = "wss://echo.test/ws?by=websocket";
  const result = await runWebSocketClient({ url, messages, protocols: ["chat"] }, { environment });
  test.same(result, {
    kind: "answered",
    value: { received: messages, protocol: "chat", closeCode: 1000 },
  });
  test.match(await recordOf("websocket"), {
    request: { method: "GET" },
    response: { status: 101 },
    decision: { verdict: "allow" },
  });
  const denied = await runWebSocketClient(
    { url: "wss://denied.test/ws", messages },
    { environment },
  );
  test.match(denied, { kind: "failed", error: { message: "Unexpected server response: 403" } });
});

t.test("a tunnel asked for with HTTP/1.0 works", async (test) => {
  const { authorization } = run;
  const target = "echo.test:443";
  const answer = await openThroughProxy(run.proxy, { target, authorization, httpVersion: "1.0" });
  test.match(answer, { kind: "tunnel", status: 200 });
  if (answer.kind !== "tunnel") return;
  const secure = await tlsOver(answer.socket, { servername: "echo.test", ca: run.ca });
  const response = await httpOver(secure, { path: "/status/418", authority: "echo.test" });
  secure.destroy();
  test.equal(response.status, 418);
});

t.test("a request in absolute form passes, and is refused in plain HTTP", async (test) => {
  const { authorization } = run;
  const response = await requestAbsolute(run.proxy, "http://plain.test/echo?by=absolute", {
    authorization,
    method: "POST",
    body,
    headers: { "proxy-connection": "keep-alive" },
  });
  test.equal(response.status, 200);
  test.match(upstreams.plain.requests, [
    { authority: "plain.test", path: "/echo?by=absolute", bodyBytes: body.length },
  ]);
  const { headers = {} } = upstreams.plain.requests[0] ?? {};
  test.same(
    Object.keys(headers).filter((name) => name.startsWith("proxy-") || name.startsWith("x-")),
    [],
  );
  test.match(await recordOf("absolute"), {
    agent: { uid: run.runId },
    request: { scheme: "http", host: "plain.test", port: 80 },
    decision: { verdict: "allow" },
    upstream: { tls: null },
  });
  const denied = await requestAbsolute(run.proxy, "http://denied.test/x", { authorization });
  test.equal(denied.status, 403);
  test.match(JSON.parse(denied.text), { message: deniedMessage });
});

t.test("plain HTTP in a tunnel passes, and is refused for another host", async (test) => {
  const { authorization } = run;
  const target = "plain.test:80";
  const answer = await openThroughProxy(run.proxy, { target, authorization });
  test.equal(answer.kind, "tunnel");
  if (answer.kind !== "tunnel") return;
  const ask = { method: "POST", path: "/echo", body };
  const first = await httpOver(answer.socket, { ...ask, authority: "plain.test" });
  test.equal(first.status, 200);
  const second = await httpOver(answer.socket, { ...ask, authority: "plain.test:80" });
  test.equal(second.status, 200);
  const other = await httpOver(answer.socket, { ...ask, authority: "denied.test" });
  test.equal(other.status, 403);
  test.equal(other.headers["x-clrk-deny-reason"], "authority-mismatch");
  answer.socket.destroy();
  test.equal(upstreams.plain.requests.length, 2);
});
