/** 10,000 objects and 200 watchers: every watcher sees every change once and in order, and what that costs is told. */
import t from "tap";
import { policies, policy, startApi } from "./testdata/api-rig.ts";

const objects = 10_000;
const watchers = 200;
const changes = 20;

t.test("start() serves 200 watchers of 10,000 objects", { timeout: 100_000 }, async (t) => {
  const api = await startApi(t, { store: { keptRevisions: 2_000 } });
  const resource = "ratelimitpolicies.clrk.apoxy.dev";
  const begin = performance.now();
  for (let start = 0; start < objects; start += 1_000) {
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => {
        const name = `p${start + index}`;
        const object = { ...policy(name), metadata: { name, namespace: "default", uid: name } };
        const key = { resource, namespace: "default", name };
        return api.store.write((transaction) => transaction.put(key, object as never));
      }),
    );
  }
  const loaded = performance.now();
  const list = await api.send("GET", `${policies}?limit=500`);
  t.equal(list.body.metadata.remainingItemCount, objects - 500);
  const all = await api.send("GET", policies);
  t.equal(all.body.items.length, objects);
  const listed = performance.now();
  const from = `watch=1&resourceVersion=${all.body.metadata.resourceVersion}`;
  const watches = await Promise.all(
    Array.from({ length: watchers }, () => api.watch(`${policies}?${from}`)),
  );
  t.equal(api.server.watches.running, watchers);
  const connected = performance.now();
  const written = Promise.all(
    Array.from({ length: changes }, (_, index) =>
      api.send("POST", policies, { body: policy(`new-${String(index).padStart(2, "0")}`) }),
    ),
  );
  const seen = await Promise.all(
    watches.map(async (watch) => {
      const revisions: number[] = [];
      for (let index = 0; index < changes; index++) {
        const { object } = await watch.next();
        revisions.push(Number(object.metadata.resourceVersion));
      }
      return revisions;
    }),
  );
  await written;
  const told = performance.now();
  for (const revisions of seen) t.same(revisions, seen[0]);
  t.same(
    seen[0],
    [...(seen[0] ?? [])].sort((a, b) => a - b),
  );
  const ms = (from: number, to: number) => Math.round(to - from);
  t.comment(
    `load ${ms(begin, loaded)} ms, two lists ${ms(loaded, listed)} ms, ${watchers} watches ${ms(listed, connected)} ms, ${changes * watchers} events ${ms(connected, told)} ms, RSS of server and clients ${Math.round(process.memoryUsage().rss / 1e6)} MB`,
  );
});

t.test("start() refuses more watches than are served", async (t) => {
  const { WatchHub } = await import("./watch-hub.ts");
  const api = await startApi(t);
  const { ManualClock } = await import("../../gateway/clock.ts");
  const clock = new ManualClock();
  const hub = new WatchHub(api.store, clock, { maxWatches: 0 });
  t.teardown(() => hub.close());
  t.throws(() => hub.start({} as never, {} as never), { code: 429, reason: "TooManyRequests" });
  t.equal(hub.running, 0);
});
