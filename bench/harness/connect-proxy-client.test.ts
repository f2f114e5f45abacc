import { createServer } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { basicAuthorization, openThroughProxy, requestAbsolute } from "./connect-proxy-client.ts";
import { createFakeProvider } from "./fake-provider.ts";
import { httpOver, tlsOver } from "./http-over-socket.ts";
import { createPlainConnectProxy } from "./plain-connect-proxy.ts";
import { createTcpUpstream } from "./tcp-upstream.ts";
import { createUpstreamAuthority } from "./upstream-authority.ts";

const keys = { openAiKey: "sk-a", anthropicKey: "sk-b" };

async function openCanned(test: Test, answer: string) {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // the client may be gone already
    socket.once("data", () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => server.close());
  const address = server.address();
  return {
    address: "127.0.0.1",
    port: address !== null && typeof address === "object" ? address.port : 0,
  };
}

for (const httpVersion of ["1.1", "1.0"] as const) {
  t.test(
    `openThroughProxy() opens a tunnel that carries TLS when asked with HTTP/${httpVersion}`,
    async (test) => {
      const authority = createUpstreamAuthority();
      const provider = await createFakeProvider({
        ...keys,
        certificate: authority.issue(["echo.test"]),
      });
      test.teardown(() => provider.close());
      const proxy = await createPlainConnectProxy({
        targets: new Map([["echo.test:443", provider]]),
      });
      test.teardown(() => proxy.close());
      const answer = await openThroughProxy(proxy, { target: "echo.test:443", httpVersion });
      if (answer.kind !== "tunnel") throw new Error(`refused with ${answer.status}`);
      const secure = await tlsOver(answer.socket, {
        servername: "echo.test",
        ca: authority.certificatePem,
      });
      test.equal(
        (await httpOver(secure, { path: "/status/204", authority: "echo.test" })).status,
        204,
      );
      secure.destroy();
      test.match(proxy.asked, [
        { method: "CONNECT", target: "echo.test:443", httpVersion, authorization: undefined },
      ]);
    },
  );
}

t.test("openThroughProxy() keeps what a server says first", async (test) => {
  const upstream = await createTcpUpstream({ banner: "220 hello\r\n" });
  test.teardown(() => upstream.close());
  const proxy = await createPlainConnectProxy({ targets: new Map([["mail.test:25", upstream]]) });
  test.teardown(() => proxy.close());
  const answer = await openThroughProxy(proxy, { target: "mail.test:25" });
  if (answer.kind !== "tunnel") throw new Error(`refused with ${answer.status}`);
  const first = await new Promise((resolve) => answer.socket.once("data", resolve));
  test.equal(String(first), "220 hello\r\n");
  answer.socket.destroy();
});

t.test(
  "openThroughProxy() returns the refusal with its body when the proxy forbids the target",
  async (test) => {
    const proxy = await createPlainConnectProxy({ targets: new Map() });
    test.teardown(() => proxy.close());
    const answer = await openThroughProxy(proxy, { target: "evil.test:443" });
    test.match(answer, { kind: "refused", status: 403, body: 'No target "evil.test:443"' });
    test.equal(answer.headers.get("content-type"), "text/plain");
  },
);

t.test(
  "openThroughProxy() is asked for a credential, and passes with the right one",
  async (test) => {
    const upstream = await createTcpUpstream();
    test.teardown(() => upstream.close());
    const authorization = basicAuthorization("agent", "päss");
    const targets = new Map([["a.test:1", upstream]]);
    const proxy = await createPlainConnectProxy({ targets, authorization });
    test.teardown(() => proxy.close());
    const without = await openThroughProxy(proxy, { target: "a.test:1" });
    test.match(without, { kind: "refused", status: 407 });
    test.equal(without.headers.get("proxy-authenticate"), 'Basic realm="harness"');
    const wrong = await openThroughProxy(proxy, {
      target: "a.test:1",
      authorization: "Basic eA==",
    });
    test.equal(wrong.kind, "refused");
    const right = await openThroughProxy(proxy, { target: "a.test:1", authorization });
    test.equal(right.kind, "tunnel");
    if (right.kind === "tunnel") right.socket.destroy();
  },
);

const broken = [
  ["closes at once", "", /proxy closed before it answered/],
  ["speaks no HTTP", "SSH-2.0\r\n\r\n", /"SSH-2.0" is not an HTTP status line/],
  ["sends a bad header", "HTTP/1.1 200 OK\r\nnocolon\r\n\r\n", /"nocolon" is not a header/],
  [
    "never ends its head",
    `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`,
    /answer head over 65536 bytes/,
  ],
] as const;

for (const [name, answer, message] of broken) {
  t.test(`openThroughProxy() rejects when the proxy ${name}`, async (test) => {
    const proxy = await openCanned(test, answer);
    await test.rejects(openThroughProxy(proxy, { target: "a.test:1" }), { message });
  });
}

t.test("requestAbsolute() passes a plain HTTP request through the proxy", async (test) => {
  const provider = await createFakeProvider(keys);
  test.teardown(() => provider.close());
  const targets = new Map([["echo.test:80", provider]]);
  const proxy = await createPlainConnectProxy({ targets });
  test.teardown(() => proxy.close());
  const options = { method: "POST", body: "abc", authorization: "Basic eA==" };
  const response = await requestAbsolute(proxy, "http://echo.test/echo?q=1", options);
  test.match(JSON.parse(response.text), {
    authority: "echo.test",
    path: "/echo?q=1",
    bodyBytes: 3,
  });
  test.notOk("proxy-authorization" in JSON.parse(response.text).headers);
  test.match(proxy.asked, [
    { method: "POST", target: "http://echo.test/echo?q=1", authorization: "Basic eA==" },
  ]);
  test.equal((await requestAbsolute(proxy, "http://other.test/")).status, 403);
});

t.test("basicAuthorization() encodes as UTF-8", async (test) => {
  test.equal(basicAuthorization("a", "ü"), "Basic YTrDvA==");
});
