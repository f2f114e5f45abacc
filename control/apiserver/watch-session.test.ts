/** Tests of watches, over HTTP: nothing missed, nothing twice, selectors, bookmarks, gone revisions, slow readers. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { policies, policy, startApi } from "./testdata/api-rig.ts";
import type { ApiRig, RigWatch } from "./testdata/api-rig.ts";

const merge = "application/merge-patch+json";
const create = (api: ApiRig, name: string, labels: object = {}) =>
  api.send("POST", policies, { body: policy(name, { metadata: { labels } }) });
const change = (api: ApiRig, name: string, body: object) =>
  api.send("PATCH", `${policies}/${name}`, { body, type: merge });

async function take(watch: RigWatch, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let index = 0; index < count; index++) {
    const { type, object } = await watch.next();
    seen.push(`${type} ${object.metadata?.name ?? object.code}`);
  }
  return seen;
}

t.test("a watch without a version begins with what is there, and goes on", async (t) => {
  const api = await startApi(t);
  await create(api, "a");
  const watch = await api.watch(`${policies}?watch=true`);
  await create(api, "b");
  await change(api, "a", { spec: { requests: 9 } });
  await api.send("DELETE", `${policies}/b`);
  t.same(await take(watch, 4), ["ADDED a", "ADDED b", "MODIFIED a", "DELETED b"]);
});

t.test("a watch from a version misses nothing and repeats nothing", async (t) => {
  const api = await startApi(t);
  await create(api, "a");
  const { body } = await api.send("GET", policies);
  await create(api, "b");
  await api.send("DELETE", `${policies}/a`);
  const watch = await api.watch(
    `${policies}?watch=1&resourceVersion=${body.metadata.resourceVersion}`,
  );
  await create(api, "c");
  t.same(await take(watch, 3), ["ADDED b", "DELETED a", "ADDED c"]);
  const elsewhere = await api.watch("/api/v1/namespaces/default/configmaps?watch=1");
  await create(api, "d");
  await api.send("POST", "/api/v1/namespaces/default/configmaps", {
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } },
  });
  t.same(await take(elsewhere, 1), ["ADDED x"], "other resources are other watches");
});

t.test("what comes into a selector is added, what leaves it is deleted", async (t) => {
  const api = await startApi(t);
  await create(api, "in", { on: "yes" });
  await create(api, "out");
  const watch = await api.watch(`${policies}?watch=1&labelSelector=on%3Dyes`);
  t.same(await take(watch, 1), ["ADDED in"]);
  await change(api, "out", { spec: { requests: 7 } });
  await change(api, "out", { metadata: { labels: { on: "yes" } } });
  await change(api, "in", { metadata: { labels: { on: "no" } } });
  await change(api, "out", { spec: { requests: 8 } });
  await api.send("DELETE", `${policies}/in`);
  await api.send("DELETE", `${policies}/out`);
  t.same(await take(watch, 4), ["ADDED out", "DELETED in", "MODIFIED out", "DELETED out"]);
});

t.test("one object is watched by its name, in either way", async (t) => {
  const api = await startApi(t);
  await create(api, "a");
  await create(api, "b");
  const byField = await api.watch(`${policies}?watch=1&fieldSelector=metadata.name%3Db`);
  const byPath = await api.watch(`${policies}/b?watch=1`);
  await change(api, "a", { spec: { requests: 7 } });
  await change(api, "b", { spec: { requests: 7 } });
  for (const watch of [byField, byPath]) t.same(await take(watch, 2), ["ADDED b", "MODIFIED b"]);
});

t.test("sendInitialEvents gives what is there and says where it ends", async (t) => {
  const api = await startApi(t);
  await create(api, "a");
  const query =
    "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  const watch = await api.watch(`${policies}?${query}`);
  t.match(await watch.next(), { type: "ADDED", object: { metadata: { name: "a" } } });
  t.match(await watch.next(), {
    type: "BOOKMARK",
    object: {
      kind: "RateLimitPolicy",
      metadata: {
        resourceVersion: String(api.store.revision),
        annotations: { "k8s.io/initial-events-end": "true" },
      },
    },
  });
  await create(api, "b");
  t.same(await take(watch, 1), ["ADDED b"]);
  const none = await api.watch(
    `${policies}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`,
  );
  await create(api, "c");
  t.same(await take(none, 1), ["ADDED c"]);
  t.equal((await api.send("GET", `${policies}?watch=1&sendInitialEvents=true`)).status, 400);
});

t.test("bookmarks tell how far a quiet watch is, and a watch ends at its time", async (t) => {
  const clock = new ManualClock();
  const api = await startApi(t, { clock });
  const watch = await api.watch(`${policies}?watch=1&allowWatchBookmarks=1&timeoutSeconds=100`);
  await create(api, "a");
  t.same(await take(watch, 1), ["ADDED a"]);
  await api.send("POST", "/api/v1/namespaces/default/configmaps", {
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } },
  });
  clock.advance(60_000);
  t.match(await watch.next(), {
    type: "BOOKMARK",
    object: { metadata: { resourceVersion: String(api.store.revision) } },
  });
  clock.advance(40_000);
  await watch.ended;
  t.equal(api.server.watches.ended.timeout, 1);
  t.equal(api.server.watches.running, 0);
});

t.test("a version that is gone is told, as is one that is yet to come", async (t) => {
  const api = await startApi(t, { store: { keptRevisions: 5 } });
  for (let count = 0; count < 12; count++) await create(api, `p${count}`);
  const watch = await api.watch(`${policies}?watch=1&resourceVersion=1`);
  t.match(await watch.next(), {
    type: "ERROR",
    object: {
      kind: "Status",
      reason: "Expired",
      code: 410,
      message: /^too old resource version: 1 /,
    },
  });
  await watch.ended;
  t.equal((await api.send("GET", `${policies}?watch=1&resourceVersion=999`)).status, 504);
  t.equal((await api.send("GET", `${policies}?watch=1&resourceVersion=x`)).status, 400);
});

t.test("a watch of tables has one row in each event", async (t) => {
  const api = await startApi(t);
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const watch = await api.watch(`${policies}?watch=1`, { accept });
  await create(api, "a");
  t.match(await watch.next(), {
    type: "ADDED",
    object: { kind: "Table", columnDefinitions: [{ name: "Name" }], rows: [{ cells: ["a", 5] }] },
  });
});

t.test("a watcher that is gone is forgotten", async (t) => {
  const api = await startApi(t);
  const watch = await api.watch(`${policies}?watch=1`);
  t.equal(api.server.watches.running, 1);
  watch.close();
  await watch.ended;
  // The server hears of it a moment later; what is written meanwhile goes nowhere.
  while (api.server.watches.running > 0) await create(api, `p${api.store.revision}`);
  t.equal(api.server.watches.ended.closed, 1);
});

t.test(
  "a slow watcher is fed from the log at its pace, and ended when it takes nothing",
  async (t) => {
    const clock = new ManualClock();
    const api = await startApi(t, { clock });
    const configMaps = "/api/v1/namespaces/default/configmaps";
    const post = (name: string) =>
      api.send("POST", configMaps, {
        body: {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name },
          data: { text: "x".repeat(400_000) },
        },
      });
    const slow = await api.watch(`${configMaps}?watch=1`);
    const stuck = await api.watch(`${configMaps}?watch=1`);
    slow.pause();
    stuck.pause();
    for (let count = 0; count < 40; count++) await post(`c${count}`);
    slow.resume();
    const seen = await take(slow, 40);
    t.same(
      seen,
      Array.from({ length: 40 }, (_, count) => `ADDED c${count}`),
    );
    clock.advance(30_000);
    t.equal(api.server.watches.ended.slow, 1);
    t.equal(api.server.watches.running, 1);
  },
);
