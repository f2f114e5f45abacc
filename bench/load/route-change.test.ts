/** Unit tests of measuring a route change, against an HTTPS server that plays a gateway. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import tap from "tap";
import type { PolicyBench } from "./policy-bench.ts";
import { createRig } from "./rig.ts";
import { measureChanges, spread, summariseDelays } from "./route-change.ts";

async function startFakeGateway(t: Pick<typeof tap, "teardown">, lagMs: number) {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const { certificateFile, keyFile, caPem } = rig.authority;
  const allowed = new Map<string, readonly string[]>();
  const server = createServer(
    { cert: readFileSync(certificateFile), key: readFileSync(keyFile) },
    (request, response) => {
      const prefixes = allowed.get(request.headers.host ?? "") ?? ["/a"];
      const isAllowed = prefixes.some((prefix) => request.url?.startsWith(prefix));
      response.writeHead(isAllowed ? 200 : 403).end("{}");
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy = { host: "127.0.0.1", port };
  const replaced: number[] = [];
  const bench: PolicyBench = {
    rig,
    running: { proxy, mode: "direct", caPem, pids: {}, stop: async () => {} },
    target: { ...proxy, mode: "direct", caPem },
    async replace(route) {
      replaced.push(route.index);
      setTimeout(() => allowed.set(`r${route.index}.bench.test`, route.pathPrefixes), lagMs);
      return performance.now();
    },
    close: async () => {},
  };
  return { bench, replaced };
}

tap.test("measureChanges() sees each change after the gateway's lag and not before", async (t) => {
  const { bench, replaced } = await startFakeGateway(t, 30);
  const delays = await measureChanges(bench, { routes: 3, changes: 5 });
  t.equal(delays.length, 5);
  // A timer may fire up to 1 ms early by this clock.
  for (const delay of delays) t.ok(delay >= 29 && delay < 5_000, `${delay}`);
  t.equal(new Set(replaced.slice(0, 3)).size, 3, "every route once, then back again");
});

tap.test("spread() visits every route once before any twice", async (t) => {
  for (const routes of [1, 2, 613, 2_000, 617 * 619]) {
    const seen = new Set(Array.from({ length: routes }, (_, change) => spread(change, routes)));
    t.equal(seen.size, routes, `${routes}`);
  }
});

tap.test("summariseDelays() gives percentiles and the largest", async (t) => {
  const delays = Array.from({ length: 101 }, (_, index) => 100 - index);
  t.same(summariseDelays(delays), { changes: 101, p50Ms: 50, p99Ms: 99, maxMs: 100 });
  t.throws(() => summariseDelays([]), new RangeError("Cannot summarise delays: there is none"));
});
