/** The plain load client's loops against the fake model API: what they count, at which pace, and how they fail. */
import { createServer } from "node:net";
import t from "tap";
import { mergeHistograms } from "./histogram.ts";
import { preparePlainLoad } from "./plain-load.ts";
import { createPlainUpstream } from "./plain-upstream.ts";
import type { PlainWorkload } from "./plain-workload.ts";
import { listen } from "./testdata/listen.ts";

function workload(port: number, more: Partial<PlainWorkload> = {}): PlainWorkload {
  return {
    kind: "plain",
    target: { host: "127.0.0.1", port },
    paths: ["/a", "/b"],
    answer: "json",
    bodyBytes: 2_048,
    connections: 4,
    pace: { kind: "closed", thinkMs: 0 },
    latencyTo: "end",
    warmUpMs: 5,
    durationMs: 10_000,
    requests: 50,
    deadlineMs: 5_000,
    ...more,
  };
}

t.test("run() sends exactly the requests asked for on kept connections", async (t) => {
  const { counts, server } = createPlainUpstream();
  // Over before a connection is open: as on a machine that others have.
  const load = await preparePlainLoad(workload(await listen(t, server), { warmUpMs: 0.001 }));
  t.teardown(() => load.close());
  const warm = counts();
  t.same(warm, { ...warm, handshakes: 4, requests: 4 });
  const result = await load.run();
  t.equal(result.requests, 50);
  t.same(result.failures, {});
  t.equal(mergeHistograms([result.latency]).count, 50);
  t.equal(counts().requests - warm.requests, 50);
  t.ok(counts().handshakes <= 4, "50 requests on no more than four connections");
});

t.test("run() sends once on each connection, however short it is", async (t) => {
  const { counts, server } = createPlainUpstream();
  const port = await listen(t, server);
  for (const { pace, requests } of [
    { pace: { kind: "closed", thinkMs: 0 }, requests: 4 },
    { pace: { kind: "open", perSecond: 100 }, requests: 1 },
  ] as const) {
    const before = counts().requests;
    const load = await preparePlainLoad(workload(port, { pace, warmUpMs: 0, durationMs: 0 }));
    t.teardown(() => load.close());
    t.equal((await load.run()).requests, requests, pace.kind);
    t.equal(counts().requests - before, requests, pace.kind);
  }
});

t.test("run() takes the paths in turn and says what it wants to be answered", async (t) => {
  const heads: string[] = [];
  const port = await listen(
    t,
    createServer((socket) => {
      socket.on("data", (chunk) => {
        heads.push(chunk.toString("latin1").split("\r\n\r\n")[0] ?? "");
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      });
    }),
  );
  const more = { connections: 1, warmUpMs: 0, requests: 4 };
  const load = await preparePlainLoad(workload(port, more));
  t.teardown(() => load.close());
  await load.run();
  const paths = heads.map((head) => head.split(" ")[1]);
  t.same(paths.toSorted(), ["/a", "/a", "/b", "/b"]);
  t.not(paths[0], paths[1]);
  t.match(heads[0], /\r\nx-bench-answer: json\r\n/);
});

t.test("run() waits between requests of a closed loop with think time", async (t) => {
  const { server } = createPlainUpstream();
  const port = await listen(t, server);
  const pace = { kind: "closed", thinkMs: 40 } as const;
  const load = await preparePlainLoad(workload(port, { pace, warmUpMs: 0, requests: 8 }));
  t.teardown(() => load.close());
  const result = await load.run();
  t.equal(result.requests, 8);
  t.ok(result.elapsedMs >= 70, `${result.elapsedMs} ms`);
});

t.test("run() keeps the rate of an open loop", async (t) => {
  const { server } = createPlainUpstream();
  const port = await listen(t, server);
  const pace = { kind: "open", perSecond: 200 } as const;
  const more = { pace, durationMs: 300, requests: 1_000 };
  const load = await preparePlainLoad(workload(port, more));
  t.teardown(() => load.close());
  const result = await load.run();
  t.equal(result.requests, 60);
  t.ok(result.elapsedMs >= 290, `${result.elapsedMs} ms`);
});

t.test("run() counts waiting for a free connection as latency in an open loop", async (t) => {
  const { server } = createPlainUpstream();
  const port = await listen(t, server);
  const load = await preparePlainLoad(
    workload(port, {
      pace: { kind: "open", perSecond: 1_000 },
      answer: "events 3 20",
      connections: 1,
      warmUpMs: 0,
      requests: 5,
    }),
  );
  t.teardown(() => load.close());
  const result = await load.run();
  t.equal(result.requests, 5);
  const latency = mergeHistograms([result.latency]);
  t.ok(latency.percentile(1) >= 150_000, `${latency.percentile(1)} µs`);
});

t.test("run() measures to the first byte or to the end of the body", async (t) => {
  const { server } = createPlainUpstream();
  const port = await listen(t, server);
  const slowest = async (latencyTo: "first-byte" | "end") => {
    const more = { latencyTo, answer: "events 4 30", connections: 1, warmUpMs: 0, requests: 2 };
    const load = await preparePlainLoad(workload(port, more));
    const result = await load.run();
    load.close();
    t.equal(result.requests, 2);
    return mergeHistograms([result.latency]).percentile(0.5);
  };
  const first = await slowest("first-byte");
  const end = await slowest("end");
  t.ok(end >= 85_000, `${end} µs`);
  t.ok(first < end - 60_000, `${first} µs`);
});

t.test("run() counts what is not answered 200 and goes on", async (t) => {
  const { server } = createPlainUpstream();
  const port = await listen(t, server);
  const more = { answer: "unknown", warmUpMs: 0, requests: 3 };
  const load = await preparePlainLoad(workload(port, more));
  t.teardown(() => load.close());
  const result = await load.run();
  t.equal(result.requests, 0);
  t.same(result.failures, { status: 3 });
  t.equal(result.firstFailure, "Request was answered 400");
});

t.test("run() counts connections that end and answers that do not come", async (t) => {
  const closing = await listen(
    t,
    createServer((socket) => socket.once("data", () => socket.destroy())),
  );
  const silent = await listen(
    t,
    createServer((socket) => socket.resume()),
  );
  const babbling = await listen(
    t,
    createServer((socket) => socket.write("SSH-2.0-x\r\n\r\n")),
  );
  const rows = [
    { name: "closed", port: closing, failures: { closed: 2 } },
    { name: "timeout", port: silent, failures: { timeout: 2 } },
    { name: "protocol", port: babbling, failures: { protocol: 2 } },
    { name: "connect", port: 1, failures: { connect: 2 } },
  ];
  for (const { failures, name, port } of rows) {
    const more = { connections: 1, warmUpMs: 0, requests: 2, deadlineMs: 50 };
    const load = await preparePlainLoad(workload(port, more));
    const result = await load.run();
    load.close();
    t.same(result.failures, failures, name);
    t.equal(result.requests, 0, name);
  }
});

t.test("preparePlainLoad() names what went wrong when nothing gets through", async (t) => {
  await t.rejects(preparePlainLoad(workload(1)), {
    message: /^Cannot warm up: no request succeeded: Request failed: connect: connect ECONNREFUSED/,
  });
});
