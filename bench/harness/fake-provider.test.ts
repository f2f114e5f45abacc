/** The fake provider over real sockets: ALPN, routing by host, records, faults, WebSocket and gRPC. */
import { createHash } from "node:crypto";
import t from "tap";
import type { Test } from "tap";
import { createFakeProvider } from "./fake-provider.ts";
import type { FakeProvider } from "./fake-provider.ts";
import { http2Over, httpOver, openHttp2, tlsOver } from "./http-over-socket.ts";
import type { HttpRequest, HttpResponse } from "./http-over-socket.ts";
import { openTcp } from "./proxy-protocol-client.ts";
import { createUpstreamAuthority } from "./upstream-authority.ts";
import { waitUntil } from "./processes.ts";

const authority = createUpstreamAuthority();
const names = ["api.openai.com", "api.anthropic.com", "echo.test"];
const openAiKey = "sk-test-0123456789abcdef";
const anthropicKey = "sk-ant-test-0123456789";
const chat = JSON.stringify({ model: "gpt-4.1", messages: [{ role: "user", content: "Hello" }] });

async function start(test: Test): Promise<FakeProvider> {
  const certificate = authority.issue(names);
  const provider = await createFakeProvider({ certificate, openAiKey, anthropicKey });
  test.teardown(() => provider.close());
  return provider;
}

async function ask(
  provider: FakeProvider,
  request: HttpRequest & { alpn: "http/1.1" | "h2"; servername?: string },
): Promise<HttpResponse> {
  const { alpn, servername = request.authority, ...rest } = request;
  const tcp = await openTcp(provider);
  const socket = await tlsOver(tcp, { servername, ca: authority.certificatePem, alpn: [alpn] });
  try {
    return alpn === "h2" ? await http2Over(socket, rest) : await httpOver(socket, rest);
  } finally {
    socket.destroy();
  }
}

function postChat(
  alpn: "http/1.1" | "h2",
  extra: object = {},
): HttpRequest & { alpn: typeof alpn } {
  return {
    alpn,
    method: "POST",
    path: "/v1/chat/completions",
    authority: "api.openai.com",
    headers: { authorization: `Bearer ${openAiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ ...JSON.parse(chat), ...extra }),
  };
}

for (const alpn of ["http/1.1", "h2"] as const) {
  t.test(
    `createFakeProvider() answers a chat and records it when asked over ${alpn}`,
    async (test) => {
      const provider = await start(test);
      const response = await ask(provider, postChat(alpn));
      test.equal(response.status, 200);
      test.equal(JSON.parse(response.text).choices[0].message.content, "You said: Hello");
      test.match(response.headers, { "x-request-id": /^req_[0-9a-f]{32}$/ });
      const [record] = provider.requests;
      test.match(record, {
        httpVersion: alpn === "h2" ? "2.0" : "1.1",
        method: "POST",
        authority: "api.openai.com",
        host: "api.openai.com",
        path: "/v1/chat/completions",
        servername: "api.openai.com",
        state: "received",
        replyState: "sent",
        status: 200,
        bodySha256: createHash("sha256")
          .update(postChat(alpn).body ?? "")
          .digest("hex"),
        headers: { authorization: `Bearer ${openAiKey}` },
      });
    },
  );

  t.test(
    `createFakeProvider() joins a doubled credential in the record when sent over ${alpn}`,
    async (test) => {
      const provider = await start(test);
      const request = postChat(alpn);
      const headers = { ...request.headers, "x-api-key": ["one", "two"] };
      await ask(provider, { ...request, headers });
      test.equal(provider.requests[0]?.headers["x-api-key"], "one, two");
    },
  );

  t.test(
    `createFakeProvider() sends the same bytes as it describes when /bytes/N is asked over ${alpn}`,
    async (test) => {
      const provider = await start(test);
      const response = await ask(provider, { alpn, path: "/bytes/300000", authority: "echo.test" });
      test.equal(response.body.length, 300_000);
      test.ok(response.body.every((byte, index) => byte === index % 251));
      test.ok(response.complete);
    },
  );

  t.test(`createFakeProvider() swallows 12 MB when /sink is posted over ${alpn}`, async (test) => {
    const provider = await start(test);
    const body = Buffer.alloc(12_000_000, "abc");
    const response = await ask(provider, {
      alpn,
      method: "POST",
      path: "/sink",
      authority: "echo.test",
      body,
    });
    const bodySha256 = createHash("sha256").update(body).digest("hex");
    test.same(JSON.parse(response.text), { bodyBytes: 12_000_000, bodySha256 });
  });

  t.test(`misbehave() cuts the stream after N chunks when told so over ${alpn}`, async (test) => {
    const provider = await start(test);
    provider.misbehave({ pathname: "/sse", cutAfterChunks: 2, times: 1 });
    const request = { alpn, path: "/sse?events=5", authority: "echo.test" };
    const cut = await ask(provider, request);
    test.equal(cut.status, 200);
    test.notOk(cut.complete);
    test.equal(cut.text.split("event: tick").length - 1, 2);
    test.equal(provider.requests[0]?.replyState, "cut");
    const whole = await ask(provider, request);
    test.ok(whole.complete, "times: 1 is used up");
  });

  t.test(
    `misbehave() closes the connection before an answer when told so over ${alpn}`,
    async (test) => {
      const provider = await start(test);
      provider.misbehave({ close: true });
      await test.rejects(ask(provider, postChat(alpn)));
      test.equal(provider.requests[0]?.replyState, "cut");
    },
  );
}

t.test(
  "createFakeProvider() answers 421 when SNI and authority name different providers",
  async (test) => {
    const provider = await start(test);
    const response = await ask(provider, { ...postChat("h2"), servername: "echo.test" });
    test.equal(response.status, 421);
  },
);

t.test(
  "createFakeProvider() answers 401 in each provider's shape when the key is wrong",
  async (test) => {
    const provider = await start(test);
    const openAi = await ask(provider, {
      ...postChat("h2"),
      headers: { authorization: "Bearer sk-wrong-key-1234", "content-type": "application/json" },
    });
    test.equal(openAi.status, 401);
    test.equal(JSON.parse(openAi.text).error.code, "invalid_api_key");
    const anthropic = await ask(provider, {
      alpn: "h2",
      method: "POST",
      path: "/v1/messages",
      authority: "api.anthropic.com",
      headers: { "x-api-key": "wrong", "content-type": "application/json" },
      body: "{}",
    });
    test.equal(anthropic.status, 401);
    test.match(JSON.parse(anthropic.text), {
      type: "error",
      error: { type: "authentication_error", message: "invalid x-api-key" },
      request_id: anthropic.headers["request-id"],
    });
  },
);

t.test(
  "misbehave() answers with status and retry-after in the provider's shape when told so",
  async (test) => {
    const provider = await start(test);
    const stop = provider.misbehave({ host: "api.openai.com", status: 429, retryAfterSeconds: 7 });
    const limited = await ask(provider, postChat("h2"));
    test.equal(limited.status, 429);
    test.equal(limited.headers["retry-after"], "7");
    test.equal(JSON.parse(limited.text).error.code, "rate_limit_exceeded");
    stop();
    test.equal((await ask(provider, postChat("h2"))).status, 200);
  },
);

t.test("misbehave() waits before headers and between chunks when told so", async (test) => {
  const provider = await start(test);
  provider.misbehave({ delayHeadersMs: 60, delayChunkMs: 20 });
  const begin = performance.now();
  const response = await ask(provider, {
    alpn: "h2",
    path: "/sse?events=3",
    authority: "echo.test",
  });
  test.ok(response.complete);
  test.ok(performance.now() - begin >= 115, "60 ms and three times 20 ms, less the timer's grain");
});

t.test("misbehave() sends a body of the wanted size when told so", async (test) => {
  const provider = await start(test);
  provider.misbehave({ hugeBodyBytes: 3_000_000 });
  const response = await ask(provider, postChat("http/1.1"));
  test.equal(JSON.parse(response.text).padding.length, 3_000_000);
});

t.test("requests keeps an aborted upload when the client goes away in the middle", async (test) => {
  const provider = await start(test);
  const tcp = await openTcp(provider);
  const socket = await tlsOver(tcp, { servername: "echo.test", ca: authority.certificatePem });
  socket.write("POST /sink HTTP/1.1\r\nhost: echo.test\r\ncontent-length: 1000\r\n\r\nhalf");
  await waitUntil(() => provider.requests[0]?.bodyBytes === 4, {
    deadlineMs: 20_000,
    what: "four bytes",
  });
  socket.destroy();
  await waitUntil(() => provider.requests[0]?.replyState === "abandoned", {
    deadlineMs: 20_000,
    what: "abandoned reply",
  });
  test.equal(provider.requests[0]?.state, "aborted");
  test.equal(provider.requests[0]?.bodySha256, "");
});

t.test("requests keeps an abandoned reply when the client goes away in a stream", async (test) => {
  const provider = await start(test);
  const tcp = await openTcp(provider);
  const socket = await tlsOver(tcp, {
    servername: "echo.test",
    ca: authority.certificatePem,
    alpn: ["h2"],
  });
  const connection = openHttp2(socket);
  const stream = connection.session.request({
    ":path": "/sse?events=1000&intervalMs=5",
    ":authority": "echo.test",
  });
  await new Promise((resolve) => stream.once("data", resolve));
  stream.close();
  await waitUntil(() => provider.requests[0]?.replyState === "abandoned", {
    deadlineMs: 20_000,
    what: "abandoned reply",
  });
  connection.close();
});

t.test(
  "waitForRequest() resolves with a match, and rejects when none comes in time",
  async (test) => {
    const provider = await start(test);
    const seen = provider.waitForRequest(({ path }) => path === "/echo");
    await ask(provider, {
      alpn: "h2",
      method: "POST",
      path: "/echo",
      authority: "echo.test",
      body: "x",
    });
    test.equal((await seen).bodyBytes, 1);
    await test.rejects(
      provider.waitForRequest(() => false, 30),
      {
        message: "Cannot see request at the fake provider: still absent after 30 ms",
      },
    );
    provider.reset();
    test.same(provider.requests, []);
  },
);

t.test("createFakeProvider() answers gRPC with trailers when called over h2", async (test) => {
  const provider = await start(test);
  const message = Buffer.from("000000000568656c6c6f", "hex");
  const call = {
    alpn: "h2" as const,
    method: "POST",
    authority: "echo.test",
    headers: { "content-type": "application/grpc", te: "trailers", "x-echo-count": "2" },
    body: message,
  };
  const unary = await ask(provider, { ...call, path: "/clrk.test.Echo/Unary" });
  test.same(unary.body, message);
  test.equal(unary.trailers["grpc-status"], "0");
  const stream = await ask(provider, { ...call, path: "/clrk.test.Echo/ServerStream" });
  test.same(stream.body, Buffer.concat([message, message]));
  const unknown = await ask(provider, { ...call, path: "/clrk.test.Echo/Nothing" });
  test.equal(unknown.headers["grpc-status"], "12");
});

t.test("createFakeProvider() echoes WebSocket frames when upgraded over HTTP/1.1", async (test) => {
  const provider = await start(test);
  const tcp = await openTcp(provider);
  const socket = await tlsOver(tcp, { servername: "echo.test", ca: authority.certificatePem });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(
    "GET /ws HTTP/1.1\r\nhost: echo.test\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  // RFC 6455 section 5.7: a masked "Hello"
  socket.write(Buffer.from("818537fa213d7f9f4d5158", "hex"));
  await waitUntil(() => Buffer.concat(chunks).includes("Hello"), {
    deadlineMs: 20_000,
    what: "echo",
  });
  const received = Buffer.concat(chunks).toString("latin1");
  test.match(received, /^HTTP\/1\.1 101 .*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/s);
  test.ok(received.endsWith("\x81\x05Hello"));
  test.equal(provider.requests[0]?.status, 101);
  socket.destroy();
});

t.test(
  "createFakeProvider() echoes WebSocket frames when asked by extended CONNECT",
  async (test) => {
    const provider = await start(test);
    const tcp = await openTcp(provider);
    const socket = await tlsOver(tcp, {
      servername: "echo.test",
      ca: authority.certificatePem,
      alpn: ["h2"],
    });
    const { session, close } = openHttp2(socket);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const stream = session.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "https",
      ":path": "/ws",
      ":authority": "echo.test",
    });
    const answer: Promise<Buffer> = new Promise((resolve) => stream.once("data", resolve));
    stream.write(Buffer.from("818537fa213d7f9f4d5158", "hex"));
    test.equal((await answer).toString("latin1"), "\x81\x05Hello");
    test.equal(provider.requests[0]?.status, 200);
    close();
  },
);

t.test("createFakeProvider() speaks plain HTTP/1.1 when it has no certificate", async (test) => {
  const provider = await createFakeProvider({ openAiKey, anthropicKey });
  test.teardown(() => provider.close());
  const socket = await openTcp(provider);
  const first = await httpOver(socket, {
    method: "POST",
    path: "/echo",
    authority: "echo.test:80",
    body: "a",
  });
  const second = await httpOver(socket, { path: "/status/418", authority: "[::1]:80" });
  socket.destroy();
  test.match(JSON.parse(first.text), { authority: "echo.test:80", bodyBytes: 1, servername: null });
  test.equal(second.status, 418);
  test.equal(provider.requests[1]?.host, "::1");
  test.equal(provider.requests[0]?.remotePort, provider.requests[1]?.remotePort, "one connection");
});

t.test("close() is idempotent and ends open connections", async (test) => {
  const provider = await start(test);
  const socket = await openTcp(provider);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await Promise.all([provider.close(), provider.close()]);
  socket.resume();
  await closed;
});
