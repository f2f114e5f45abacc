/** Unit tests of the load client processes: adding up, and one real child over IPC. */
import t from "tap";
import { addUp, startLoadClients } from "./client-process.ts";
import { createHistogram } from "./histogram.ts";
import { createTestAuthority } from "./test-authority.ts";
import { startUpstream } from "./upstream-process.ts";
import type { LoadResult, Workload } from "./workload.ts";

function result(values: Partial<LoadResult>): LoadResult {
  const latency = createHistogram();
  latency.record(100);
  return {
    requests: 1,
    failures: {},
    elapsedMs: 10,
    cpuMicros: 5,
    latency: latency.export(),
    ...values,
  };
}

t.test("addUp() sums counts and takes the longest time", async (t) => {
  const total = addUp([
    result({ requests: 10, failures: { tls: 1, status: 2 }, elapsedMs: 30 }),
    result({ requests: 5, failures: { status: 4 }, firstFailure: "Request was answered 503" }),
  ]);
  t.equal(total.requests, 15);
  t.equal(total.failed, 7);
  t.same(
    [...total.failures],
    [
      ["tls", 1],
      ["status", 6],
    ],
  );
  t.equal(total.firstFailure, "Request was answered 503");
  t.equal(total.elapsedMs, 30);
  t.equal(total.cpuMicros, 10);
  t.equal(total.latency.count, 2);
});

t.test("addUp() gives zeros when there is no client", async (t) => {
  const total = addUp([]);
  t.equal(total.requests + total.failed + total.elapsedMs, 0);
});

t.test(
  "startLoadClients() measures with several processes against the fake upstream",
  async (t) => {
    const authority = await createTestAuthority(t.testdir({}), ["*.bench.test"]);
    const upstream = await startUpstream({ ...authority, authorization: "x" });
    t.teardown(() => upstream.stop());
    const clients = await startLoadClients(2);
    t.teardown(() => clients.close());
    const workload: Workload = {
      kind: "keepalive",
      target: { mode: "direct", host: upstream.host, port: upstream.port, caPem: authority.caPem },
      request: { method: "POST", path: "/", headers: [], bodyBytes: 10 },
      serverNames: ["a.bench.test"],
      connections: 2,
      warmUpMs: 1,
      requests: 20,
    };
    await clients.prepare([workload, workload]);
    const warm = await upstream.counts();
    t.equal(warm.handshakes, 4);
    const total = await clients.run();
    t.equal(total.requests, 40);
    t.equal((await upstream.counts()).requests - warm.requests, 40);
    const refused = { ...workload, target: { ...workload.target, port: 1 } };
    await t.rejects(clients.prepare([workload, refused]), { message: /^Cannot warm up: / });
    await t.rejects(
      clients.prepare([workload]),
      new RangeError("Cannot prepare 2 load clients: received 1 workloads"),
    );
  },
);
