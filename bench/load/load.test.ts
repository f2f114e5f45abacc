/** The load client's loops against real TLS: what they count, how they fail and that they verify. */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { connect } from "node:net";
import t from "tap";
import { mergeHistograms } from "./histogram.ts";
import { prepareLoad } from "./load.ts";
import { createTestAuthority } from "./test-authority.ts";
import { listen } from "./testdata/listen.ts";
import { createUpstream } from "./upstream.ts";
import type { KeepAliveWorkload, ProxyMode, Target } from "./workload.ts";

type Test = Pick<typeof t, "teardown" | "testdir">;

const request = { method: "POST", path: "/v1/messages", headers: [], bodyBytes: 2_048 };

async function startUpstream(t: Test) {
  const authority = await createTestAuthority(t.testdir({}), ["*.bench.test"]);
  const upstream = createUpstream({ ...authority, authorization: "Bearer right" });
  const port = await listen(t, upstream.server);
  return { authority, counts: upstream.counts, port };
}

/** A proxy that answers the first bytes with `answer` and then copies both ways to `port`. */
function tunnelTo(port: number, answer: string, heads: string[] = []): Server {
  return createServer((socket) => {
    socket.once("data", (head) => {
      heads.push(head.toString("latin1"));
      socket.write(answer);
      const upstream = connect({ host: "127.0.0.1", port });
      upstream.on("error", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
      socket.pipe(upstream).pipe(socket);
    });
  });
}

function keepAlive(target: Target, more: Partial<KeepAliveWorkload> = {}): KeepAliveWorkload {
  return {
    kind: "keepalive",
    target,
    request,
    serverNames: ["a.bench.test", "b.bench.test"],
    connections: 4,
    warmUpMs: 1,
    requests: 50,
    ...more,
  };
}

function target(mode: ProxyMode, port: number, caPem: string): Target {
  return { mode, host: "127.0.0.1", port, caPem };
}

t.test("run() sends exactly the requests asked for on kept connections", async (t) => {
  const { authority, counts, port } = await startUpstream(t);
  const load = await prepareLoad(keepAlive(target("direct", port, authority.caPem)));
  t.teardown(() => load.close());
  const warm = counts();
  t.equal(warm.handshakes, 4);
  const result = await load.run();
  t.equal(result.requests, 50);
  t.same(result.failures, {});
  t.equal(result.firstFailure, undefined);
  t.equal(mergeHistograms([result.latency]).count, 50);
  t.equal(counts().requests - warm.requests, 50);
  t.equal(counts().handshakes, 4, "no new connection");
});

t.test("run() stops after its duration", async (t) => {
  const { authority, port } = await startUpstream(t);
  const workload = keepAlive(target("direct", port, authority.caPem));
  const { requests: _requests, ...endless } = workload;
  const load = await prepareLoad({ ...endless, durationMs: 50 });
  t.teardown(() => load.close());
  const result = await load.run();
  t.ok(result.requests > 0 && result.elapsedMs >= 50 && result.elapsedMs < 10_000);
  t.ok(result.cpuMicros > 0);
});

t.test(
  "run() goes through CONNECT with the credential and a name of its own for every cold request",
  async (t) => {
    const { authority, counts, port } = await startUpstream(t);
    const heads: string[] = [];
    const proxy = await listen(t, tunnelTo(port, "HTTP/1.1 200 OK\r\nserver: x\r\n\r\n", heads));
    const load = await prepareLoad({
      kind: "cold",
      target: { ...target("connect", proxy, authority.caPem), authorization: "Basic YTpi" },
      request,
      domain: "bench.test",
      prefix: "n",
      names: 5,
      warmUpNames: 2,
      connections: 2,
    });
    const result = await load.run();
    t.equal(result.requests, 5);
    t.equal(counts().handshakes, 7);
    const wanted = (n: number) =>
      `CONNECT n${n}.bench.test:443 HTTP/1.1\r\nhost: n${n}.bench.test:443\r\nproxy-authorization: Basic YTpi\r\n\r\n`;
    t.same(
      heads.toSorted(),
      Array.from({ length: 7 }, (_, n) => wanted(n)),
    );
  },
);

t.test(
  "run() sends a PROXY header ahead of TLS when it stands for a captured connection",
  async (t) => {
    const { authority, port } = await startUpstream(t);
    const received: Buffer[] = [];
    const listener = createServer((socket) => {
      socket.once("data", (first) => {
        const bytes = Buffer.from(first);
        received.push(bytes);
        const end = 16 + bytes.readUInt16BE(14);
        const upstream = connect({ host: "127.0.0.1", port });
        upstream.on("error", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
        if (bytes.length > end) upstream.write(bytes.subarray(end));
        socket.pipe(upstream).pipe(socket);
      });
    });
    const captured = await listen(t, listener);
    const load = await prepareLoad(
      keepAlive(target("transparent", captured, authority.caPem), { connections: 1, requests: 3 }),
    );
    t.teardown(() => load.close());
    t.equal((await load.run()).requests, 3);
    t.equal(received[0]?.subarray(0, 12).toString("hex"), "0d0a0d0a000d0a515549540a");
    t.match(received[0]?.toString("latin1"), "default");
  },
);

t.test("run() counts a status that is not 200 as failed", async (t) => {
  const { authority, port } = await startUpstream(t);
  const path = "/credential-required";
  const workload = keepAlive(target("direct", port, authority.caPem), { connections: 1 });
  await t.rejects(
    prepareLoad({ ...workload, request: { ...request, path } }),
    new Error("Cannot warm up: no request succeeded: Request was answered 401"),
  );
});

t.test("run() counts connections that close and opens new ones", async (t) => {
  const { authority, counts, port } = await startUpstream(t);
  const sockets = new Set<Socket>();
  const proxy = tunnelTo(port, "HTTP/1.1 200 OK\r\n\r\n");
  proxy.on("connection", (socket) => sockets.add(socket));
  const proxyPort = await listen(t, proxy);
  const load = await prepareLoad(
    keepAlive(target("connect", proxyPort, authority.caPem), { requests: 2_000 }),
  );
  t.teardown(() => load.close());
  const running = load.run();
  const before = counts().requests;
  while (counts().requests < before + 100) await new Promise((resolve) => setImmediate(resolve));
  for (const socket of sockets) socket.destroy();
  const result = await running;
  const failed = Object.values(result.failures).reduce((sum, count) => sum + count, 0);
  t.equal(result.requests + failed, 2_000);
  t.ok(failed >= 1 && failed <= 8, `${failed} failed`);
  t.ok(counts().handshakes > 4);
});

t.test("prepareLoad() names what went wrong when nothing gets through", async (t) => {
  const { authority, port } = await startUpstream(t);
  const other = await createTestAuthority(t.testdir({}), ["*.bench.test"]);
  const refusing = await listen(t, tunnelTo(port, "HTTP/1.1 407 Who are you\r\n\r\n"));
  const talking = await listen(t, tunnelTo(port, "HTTP/1.1 200 OK\r\n\r\nhello"));
  const babbling = await listen(t, tunnelTo(port, "SSH-2.0-x\r\n\r\n"));
  const closing = await listen(
    t,
    createServer((socket) => socket.destroy()),
  );
  const rows = [
    { target: target("direct", port, other.caPem), want: /: tls: / },
    {
      target: target("connect", refusing, authority.caPem),
      want: /: proxy-status: CONNECT was answered 407$/,
    },
    {
      target: target("connect", talking, authority.caPem),
      want: /: proxy-status: Bytes follow the answer to CONNECT$/,
    },
    {
      target: target("connect", babbling, authority.caPem),
      want: /: proxy-status: Cannot read status line: received "SSH-2.0-x"$/,
    },
    { target: target("connect", closing, authority.caPem), want: /: proxy-status: / },
    { target: target("direct", 1, authority.caPem), want: /: connect: connect ECONNREFUSED/ },
  ];
  for (const row of rows) {
    await t.rejects(prepareLoad(keepAlive(row.target, { connections: 1 })), { message: row.want });
  }
  await t.rejects(
    prepareLoad(
      keepAlive(target("direct", port, authority.caPem), { serverNames: ["other.test"] }),
    ),
    { message: /: tls: Hostname\/IP does not match/ },
    "the name is verified",
  );
});
