/** Unit test of the endurance run with the fake upstream in the gateway's place. */
import t from "tap";
import { endure } from "./endurance.ts";
import type { PolicyBench } from "./policy-bench.ts";
import { createRig } from "./rig.ts";
import type { BenchRoute } from "./route-files.ts";

t.test("endure() counts requests and changes only the loaded hosts", async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const { upstream, authority } = rig;
  const proxy = { host: upstream.host, port: upstream.port };
  const changed: BenchRoute[] = [];
  const bench: PolicyBench = {
    rig,
    running: { proxy, mode: "direct", caPem: authority.caPem, pids: {}, stop: async () => {} },
    target: { ...proxy, mode: "direct", caPem: authority.caPem },
    async replace(route) {
      changed.push(route);
      return performance.now();
    },
    close: async () => {},
  };
  const { total, changes } = await endure(bench, { requests: 500, connections: 4, intervalMs: 1 });
  t.equal(total.requests, 500);
  t.equal(total.failed, 0);
  t.equal(changes, changed.length);
  t.ok(changes >= 1);
  for (const route of changed) {
    t.ok(route.index >= 0 && route.index < 4);
    t.equal(route.pathPrefixes[0], "/a", "what is asked for stays allowed");
  }
  t.equal(new Set(changed.map((route) => route.pathPrefixes[1])).size, changes, "each one differs");
});
