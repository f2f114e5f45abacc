/** Tests of what ends by itself: dependents, orphans, what is in namespaces, old Events; also after a restart. */
import { join } from "node:path";
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { allResources } from "./all-resources.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { ObjectDeleter } from "./object-deleter.ts";
import { openObjectStore } from "./object-store.ts";
import { createResourceRegistry } from "./resource-registry.ts";
import { policies, policy, startApi } from "./testdata/api-rig.ts";
import type { ApiRig } from "./testdata/api-rig.ts";

const merge = "application/merge-patch+json";

async function create(api: ApiRig, name: string, owners: readonly Owner[] = [], more: object = {}) {
  const ownerReferences = owners.map(({ of, ...rest }) => ({
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "RateLimitPolicy",
    name: of.metadata.name,
    uid: of.metadata.uid,
    ...rest,
  }));
  const body = policy(name, {
    metadata: { ...more, ...(owners.length > 0 && { ownerReferences }) },
  });
  const answer = await api.send("POST", policies, { body });
  return answer.body;
}

interface Owner {
  readonly of: { readonly metadata: { readonly name: string; readonly uid: string } };
  readonly blockOwnerDeletion?: boolean;
  readonly kind?: string;
}

const remove = (api: ApiRig, name: string, propagationPolicy?: string) =>
  api.send("DELETE", `${policies}/${name}`, { body: { propagationPolicy } });

async function left(api: ApiRig): Promise<string[]> {
  await api.server.idle();
  const { body } = await api.send("GET", policies);
  return body.items.map((one: { metadata: { name: string } }) => one.metadata.name);
}

t.test("in the background dependents go after their owner, and theirs after them", async (t) => {
  const api = await startApi(t);
  const owner = await create(api, "owner");
  const other = await create(api, "other");
  const child = await create(api, "child", [{ of: owner }]);
  await create(api, "grandchild", [{ of: child }]);
  await create(api, "shared", [{ of: owner }, { of: other }]);
  await create(api, "free");
  await remove(api, "owner");
  t.same(await left(api), ["free", "other", "shared"]);
  const shared = await api.send("GET", `${policies}/shared`);
  t.match(
    shared.body.metadata.ownerReferences,
    [{ name: "other" }],
    "the owner that is gone is not named",
  );
  t.equal(shared.body.metadata.ownerReferences.length, 1);
});

t.test(
  "what is created for an owner that is not there goes, unless nobody here can tell",
  async (t) => {
    const api = await startApi(t);
    const gone = { metadata: { name: "gone", uid: "no-such-uid" } };
    await create(api, "late", [{ of: gone }]);
    await create(api, "foreign", [{ of: gone, kind: "Pod" }]);
    t.same(await left(api), ["foreign"]);
  },
);

t.test("a dependent that must stay does not keep those that come after it", async (t) => {
  const api = await startApi(t);
  const blocked = await create(api, "blocked");
  const { uid } = blocked.metadata;
  const ownerReferences = [
    {
      apiVersion: "clrk.apoxy.dev/v1alpha1",
      kind: "RateLimitPolicy",
      name: "blocked",
      uid,
      blockOwnerDeletion: true,
    },
  ];
  const marked = await api.send("PATCH", "/api/v1/namespaces/default", {
    body: { metadata: { ownerReferences } },
    type: merge,
  });
  t.equal(marked.status, 200);
  await remove(api, "blocked", "Foreground");
  const owner = await create(api, "owner");
  await create(api, "child", [{ of: owner }]);
  await remove(api, "owner");
  t.same(await left(api), ["blocked"]);
  t.equal((await api.send("GET", "/api/v1/namespaces/default")).status, 200);
});

t.test("in the foreground the owner waits for those that block it", async (t) => {
  const api = await startApi(t);
  const owner = await create(api, "owner");
  await create(api, "held", [{ of: owner, blockOwnerDeletion: true }], {
    finalizers: ["example.com/hold"],
  });
  await create(api, "quick", [{ of: owner, blockOwnerDeletion: true }]);
  const marked = await remove(api, "owner", "Foreground");
  t.match(marked.body.metadata, { finalizers: ["foregroundDeletion"], deletionTimestamp: /Z/ });
  t.same(await left(api), ["held", "owner"]);
  await api.send("PATCH", `${policies}/held`, {
    body: { metadata: { finalizers: null } },
    type: merge,
  });
  t.same(await left(api), []);
});

t.test("orphans stay and forget their owner", async (t) => {
  const api = await startApi(t);
  const owner = await create(api, "owner");
  await create(api, "child", [{ of: owner }]);
  await remove(api, "owner", "Orphan");
  t.same(await left(api), ["child"]);
  const child = await api.send("GET", `${policies}/child`);
  t.equal(child.body.metadata.ownerReferences, undefined);
});

t.test(
  "a namespace takes what is in it along, takes nothing more, and waits for finalizers",
  async (t) => {
    const api = await startApi(t);
    const namespaces = "/api/v1/namespaces";
    const made = await api.send("POST", namespaces, {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } },
    });
    t.match(made.body, {
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
      metadata: { labels: { "kubernetes.io/metadata.name": "n" } },
    });
    const inside = policies.replace("/default/", "/n/");
    const hold = { finalizers: ["example.com/hold"] };
    await api.send("POST", inside, { body: policy("held", { metadata: hold }) });
    await api.send("POST", inside, { body: policy("quick") });
    const marked = await api.send("DELETE", `${namespaces}/n`);
    t.match(marked.body, { kind: "Namespace", status: { phase: "Terminating" } });
    await api.server.idle();
    t.equal((await api.send("GET", `${inside}/quick`)).status, 404);
    t.equal((await api.send("GET", `${namespaces}/n`)).status, 200);
    t.match(await api.send("POST", inside, { body: policy("new") }), {
      status: 403,
      body: { details: { causes: [{ reason: "NamespaceTerminating" }] } },
    });
    await api.send("PATCH", `${inside}/held`, {
      body: { metadata: { finalizers: null } },
      type: merge,
    });
    await api.server.idle();
    t.equal((await api.send("GET", `${namespaces}/n`)).status, 404);
  },
);

t.test("hundreds of dependents go, and none of others", async (t) => {
  const api = await startApi(t);
  const owner = await create(api, "owner");
  await Promise.all(
    Array.from({ length: 450 }, (_, index) => create(api, `child-${index}`, [{ of: owner }])),
  );
  await create(api, "free");
  await remove(api, "owner");
  t.same(await left(api), ["free"]);
});

t.test("a collector that starts ends what an earlier one left, and old events go", async (t) => {
  const store = openObjectStore({ file: join(t.testdir(), "objects.db") });
  const clock = new ManualClock();
  const put = (resource: string, name: string, fields: object) => {
    const object = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: "default", uid: name },
      ...fields,
    };
    return store.write((transaction) =>
      transaction.put({ resource, namespace: "default", name }, object),
    );
  };
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "gone" };
  const metadata = { name: "dependent", namespace: "default", uid: "d", ownerReferences: [owner] };
  await put("configmaps", "dependent", { kind: "ConfigMap", metadata });
  await put("events", "old", { lastTimestamp: new Date(clock.now() - 3_590_000).toISOString() });
  await put("events", "new", { lastTimestamp: new Date(clock.now()).toISOString() });
  const deleter = new ObjectDeleter(store, clock);
  const resources = createResourceRegistry(allResources());
  const collector = new GarbageCollector({ store, deleter, resources, clock, log: silentLogger });
  t.teardown(async () => {
    await collector.close();
    store.close();
  });
  await collector.idle();
  t.equal(store.reader.count("configmaps"), 0);
  t.equal(store.reader.count("events"), 2);
  const gone = new Promise<void>((resolve) => store.subscribe(() => resolve()));
  clock.advance(60_000);
  await gone;
  t.same(
    store.reader.list({ resource: "events", limit: 9 }).map(({ name }) => name),
    ["new"],
  );
});
