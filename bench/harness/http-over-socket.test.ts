import { createServer } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { createFakeProvider } from "./fake-provider.ts";
import { http2Over, httpOver, openHttp2, tlsOver } from "./http-over-socket.ts";
import { openTcp } from "./proxy-protocol-client.ts";
import { createUpstreamAuthority } from "./upstream-authority.ts";

const authority = createUpstreamAuthority();
const keys = { openAiKey: "sk-a", anthropicKey: "sk-b" };

async function openTls(test: Test, alpn: readonly string[]) {
  const provider = await createFakeProvider({
    ...keys,
    certificate: authority.issue(["echo.test"]),
  });
  test.teardown(() => provider.close());
  const tcp = await openTcp(provider);
  return tlsOver(tcp, { servername: "echo.test", ca: authority.certificatePem, alpn });
}

/** A server that answers the first bytes with fixed ones and closes. */
async function openCanned(test: Test, answer: string) {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // the client may be gone already
    socket.once("data", () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return openTcp({ address: "127.0.0.1", port });
}

t.test("tlsOver() negotiates the protocol that both sides offer", async (test) => {
  const two = await openTls(test, ["h2", "http/1.1"]);
  test.equal(two.alpnProtocol, "h2");
  two.destroy();
  const one = await openTls(test, ["http/1.1"]);
  test.equal(one.alpnProtocol, "http/1.1");
  one.destroy();
});

t.test(
  "tlsOver() rejects when the peer closes, is silent, or speaks something else",
  async (test) => {
    const client = { servername: "x.test", ca: authority.certificatePem };
    await test.rejects(tlsOver(await openCanned(test, ""), client), /closed|disconnected/);
    await test.rejects(tlsOver(await openCanned(test, "HTTP/1.1 400 Bad\r\n\r\n"), client), {
      code: /ERR_SSL/,
    });
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    test.teardown(() => server.close());
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const silent = await openTcp({ address: "127.0.0.1", port });
    await test.rejects(tlsOver(silent, { ...client, deadlineMs: 50 }), {
      message: 'Cannot finish TLS handshake for "x.test": deadline passed',
    });
  },
);

t.test("httpOver() sends several requests over one socket", async (test) => {
  const socket = await openTls(test, ["http/1.1"]);
  const request = { method: "POST", path: "/echo?a=b", authority: "echo.test" };
  const first = await httpOver(socket, {
    ...request,
    body: "one",
    headers: { "X-Many": ["1", "2"] },
  });
  test.match(JSON.parse(first.text), {
    path: "/echo?a=b",
    bodyBytes: 3,
    headers: { "x-many": "1, 2" },
  });
  const second = await httpOver(socket, { ...request, body: "three" });
  test.match(JSON.parse(second.text), { bodyBytes: 5 });
  test.ok(first.complete && second.complete);
  socket.destroy();
});

t.test("httpOver() sends an absolute-form target as it is", async (test) => {
  const socket = await openTls(test, ["http/1.1"]);
  const response = await httpOver(socket, { path: "http://other.test/x", authority: "other.test" });
  test.equal(response.status, 404);
  test.match(response.text, /no path/);
  socket.destroy();
});

t.test(
  "httpOver() returns what arrived with complete false when the response is cut",
  async (test) => {
    const socket = await openCanned(
      test,
      "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nx-a: 1\r\n\r\nhalf",
    );
    const response = await httpOver(socket, { path: "/", authority: "x.test" });
    test.match(response, { status: 200, headers: { "x-a": "1" }, text: "half", complete: false });
  },
);

t.test("httpOver() rejects when no response head arrives", async (test) => {
  const closed = await openCanned(test, "");
  await test.rejects(httpOver(closed, { path: "/", authority: "x.test" }), { code: "ECONNRESET" });
  const garbage = await openCanned(test, "SSH-2.0-x\r\n");
  await test.rejects(httpOver(garbage, { path: "/", authority: "x.test" }), { code: /^HPE_/ });
});

t.test("httpOver() stops at its deadline, with a value once the head has come", async (test) => {
  const socket = await openTls(test, ["http/1.1"]);
  const path = "/sse?events=2&intervalMs=5000";
  const slow = await httpOver(socket, { path, authority: "echo.test", deadlineMs: 60 });
  test.match(slow, { status: 200, complete: false, text: "" });
  const provider = await createFakeProvider(keys);
  test.teardown(() => provider.close());
  provider.misbehave({ delayHeadersMs: 5_000 });
  const silent = await openTcp(provider);
  await test.rejects(httpOver(silent, { path: "/", authority: "x.test", deadlineMs: 60 }), {
    message: "Cannot read response: deadline passed before its head",
  });
});

t.test(
  "http2Over() returns status, headers, trailers and body, then ends the connection",
  async (test) => {
    const socket = await openTls(test, ["h2"]);
    const response = await http2Over(socket, {
      method: "POST",
      path: "/clrk.test.Echo/Unary",
      authority: "echo.test",
      headers: { "content-type": "application/grpc", te: "trailers" },
      body: Buffer.from("000000000161", "hex"),
    });
    test.match(response, { status: 200, complete: true, trailers: { "grpc-status": "0" } });
    test.equal(response.body.toString("hex"), "000000000161");
    test.ok(socket.destroyed);
  },
);

t.test("openHttp2() runs requests side by side over one connection", async (test) => {
  const connection = openHttp2(await openTls(test, ["h2"]));
  test.teardown(() => connection.close());
  const paths = ["/status/201", "/status/404", "/bytes/70000", "/sse?events=2"];
  const responses = await Promise.all(
    paths.map((path) => connection.request({ path, authority: "echo.test" })),
  );
  test.same(
    responses.map(({ status }) => status),
    [201, 404, 200, 200],
  );
  test.equal(responses[2]?.body.length, 70_000);
});

t.test(
  "openHttp2() rejects a request when the connection ends before its headers",
  async (test) => {
    const socket = await openTls(test, ["h2"]);
    const connection = openHttp2(socket);
    const path = "/sse?events=1&intervalMs=5000";
    const pending = connection.request({ path: "/never", authority: "echo.test" });
    connection.close();
    await test.rejects(pending);
    await test.rejects(connection.request({ path, authority: "echo.test" }), {
      code: "ERR_HTTP2_INVALID_SESSION",
    });
  },
);
