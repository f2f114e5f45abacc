/** Tests of the way of objects: a real store, real files, and a gateway's own end of the feed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { openFeedSource } from "../../gateway/feed-source.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { Logger } from "../../gateway/log.ts";
import { formatSourceProblem } from "../../gateway/manifests.ts";
import type { LoadedObjects } from "../../gateway/snapshot-source.ts";
import { allResources } from "../apiserver/all-resources.ts";
import { GarbageCollector } from "../apiserver/garbage-collector.ts";
import { ensureNamespaces } from "../apiserver/initial-objects.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { ObjectDeleter } from "../apiserver/object-deleter.ts";
import { ObjectWriter, keyOf } from "../apiserver/object-writer.ts";
import { openObjectStore } from "../apiserver/object-store.ts";
import { createResourceRegistry } from "../apiserver/resource-registry.ts";
import { ObjectFlow } from "./object-flow.ts";

const resources = new Map(allResources().map((resource) => [resource.kind, resource]));
const byHand = { dryRun: false, validation: "Strict", manager: "by-hand" } as const;

function resourceOf(kind: string) {
  const found = resources.get(kind);
  if (found === undefined) throw new Error(`No resource of kind ${kind}`);
  return found;
}

function route(name: string, host = `${name}.test`): KubeObject {
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressHTTPRoute",
    metadata: { name, namespace: "default" },
    spec: { parentRefs, hostnames: [host], rules: [{}] },
  };
}

class Rig {
  readonly directory = mkdtempSync(join(tmpdir(), "flow-"));
  readonly policy = join(this.directory, "policy");
  readonly feed = join(this.directory, "feed.sock");
  readonly store = openObjectStore({ file: join(this.directory, "objects.db") });
  readonly writer = new ObjectWriter(this.store, systemClock);
  readonly sets: LoadedObjects[] = [];
  problems: readonly string[] = [];
  #wake = () => {};

  static async open(t: Test): Promise<Rig> {
    const rig = new Rig();
    mkdirSync(rig.policy);
    await ensureNamespaces(rig.writer);
    // It ends Namespaces that wait for what is in them, as in the API server.
    const deleter = new ObjectDeleter(rig.store, systemClock);
    const collector = new GarbageCollector({
      ...{ store: rig.store, deleter, resources: createResourceRegistry(allResources()) },
      ...{ clock: systemClock, log: silentLogger },
    });
    t.teardown(async () => {
      await collector.close();
      rig.store.close();
      rmSync(rig.directory, { recursive: true, force: true });
    });
    return rig;
  }

  write(file: string, ...objects: readonly object[]): void {
    writeFileSync(
      join(this.policy, file),
      objects.map((object) => `${JSON.stringify(object, undefined, 2)}\n---\n`).join(""),
    );
  }

  async start(
    t: Test,
    { paths = [this.policy], log = silentLogger }: { paths?: readonly string[]; log?: Logger } = {},
  ): Promise<ObjectFlow> {
    const flow = new ObjectFlow({
      ...{ store: this.store, socketPath: this.feed, paths },
      ...{ clock: systemClock, log },
    });
    await flow.open();
    t.teardown(() => flow.close());
    return flow;
  }

  /** A gateway that follows. */
  async follow(t: Test) {
    const source = await openFeedSource({
      ...{ socketPath: this.feed, clock: systemClock },
      secrets: { objects: [], problems: [], warnings: [] },
      onChange: (loaded) => {
        this.sets.push(loaded);
        this.#wake();
      },
      onProblems: ({ problems }) => {
        this.problems = problems.map(formatSourceProblem);
        this.#wake();
      },
    });
    t.teardown(() => source.close());
    return source;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Of all but Namespaces, which a gateway is told too. */
  names(): readonly string[] {
    const objects = (this.sets.at(-1)?.objects ?? []).map(({ object }) => object);
    const others = objects.filter(({ kind }) => kind !== "Namespace");
    return others.map(({ metadata }) => metadata.name).toSorted();
  }

  find(kind: string, name: string): KubeObject | undefined {
    const key = keyOf(resourceOf(kind), { name, namespace: "default" });
    const state = this.store.reader.find(key);
    return state === undefined ? undefined : JSON.parse(state.text);
  }
}

t.test("ObjectFlow serves manifests and what is stored besides, as one set", async (t) => {
  const rig = await Rig.open(t);
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("stored"), byHand);
  rig.write("a.yaml", route("one"), route("two"));
  await rig.start(t);
  await rig.follow(t);
  t.strictSame(rig.names(), ["one", "stored", "two"]);
  const one = rig.sets[0]?.objects.find(({ object }) => object.metadata.name === "one");
  t.match(one, { file: /policy\/a\.yaml$/, line: 1 });
  rig.write("a.yaml", route("one", "other.test"));
  await rig.until(() => rig.sets.length === 2);
  t.strictSame(rig.sets[1]?.changes, [
    "EgressHTTPRoute default/one changed (spec.hostnames[0])",
    "EgressHTTPRoute default/two removed",
  ]);
  t.match(rig.find("EgressHTTPRoute", "one")?.metadata, {
    generation: 2,
    managedFields: [{ manager: "clrk-dev", operation: "Apply" }],
  });
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("three"), byHand);
  await rig.until(() => rig.sets.length === 3);
  t.strictSame(rig.names(), ["one", "stored", "three"]);
});

t.test("ObjectFlow takes Namespaces with their labels, and tells when they are gone", async (t) => {
  const rig = await Rig.open(t);
  const team = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "team", labels: { tier: "a" } },
  };
  rig.write("a.yaml", team, route("one"));
  await rig.start(t);
  await rig.follow(t);
  const labels = () =>
    rig.sets
      .at(-1)
      ?.objects.flatMap(({ object }) =>
        object.metadata.name === "team" ? [object.metadata.labels] : [],
      );
  t.match(labels(), [{ tier: "a" }]);
  rig.write("a.yaml", route("one"));
  await rig.until(() => labels()?.length === 0);
});

t.test("ObjectFlow makes one change of many objects", async (t) => {
  const rig = await Rig.open(t);
  rig.write("a.yaml", route("first"));
  await rig.start(t);
  await rig.follow(t);
  const many = Array.from({ length: 300 }, (_, index) => route(`r${index}`));
  rig.write("a.yaml", ...many);
  await rig.until(() => rig.names().length === 300);
  t.equal(rig.sets.length, 2);
});

t.test("ObjectFlow deletes what an earlier process had from manifests", async (t) => {
  const rig = await Rig.open(t);
  rig.write("a.yaml", route("one"), route("two"));
  const flow = await rig.start(t);
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("stored"), byHand);
  await flow.close();
  rig.write("a.yaml", route("two"));
  await rig.start(t);
  await rig.follow(t);
  t.strictSame(rig.names(), ["stored", "two"]);
});

t.test(
  "ObjectFlow tells gateways what is wrong in files, and what cannot be applied",
  async (t) => {
    const rig = await Rig.open(t);
    rig.write("a.yaml", route("one"));
    await rig.start(t);
    await rig.follow(t);
    rig.write("a.yaml", { ...route("one"), spec: { rules: 7 } });
    await rig.until(() => rig.problems.length > 0);
    t.match(rig.problems[0], /policy\/a\.yaml:\d+: spec/);
    rig.write("a.yaml", route("one"));
    await rig.until(() => rig.problems.length === 0);
  },
);

t.test("ObjectFlow applies all of a save or nothing, and tries again", async (t) => {
  const rig = await Rig.open(t);
  const immutable = (value: string) => ({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, immutable: true },
    data: { key: Buffer.from(value).toString("base64") },
  });
  rig.write("a.yaml", immutable("first"), route("one"), route("old"));
  await rig.start(t);
  await rig.follow(t);
  rig.write("a.yaml", immutable("second"), route("one", "wider.test"));
  await rig.until(() => rig.problems.length > 0);
  t.match(rig.problems[0], /a\.yaml:1: Cannot apply Secret default\/s: .*immutable/);
  t.notMatch(rig.problems.join(), Buffer.from("second").toString("base64"));
  t.strictSame(rig.names(), ["old", "one", "s"]);
  t.match(rig.find("EgressHTTPRoute", "one")?.["spec"], { hostnames: ["one.test"] });
  // Another file without a mistake does not make the one before good.
  const revision = rig.store.revision;
  rig.write("b.yaml", route("two"));
  const key = { resource: "secrets", namespace: "default", name: "s" };
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("stored"), byHand);
  await rig.until(() => rig.names().includes("stored"));
  t.strictSame(rig.names(), ["old", "one", "s", "stored"]);
  t.equal(rig.store.revision, revision + 1);
  t.equal(rig.problems.length, 1);
  await rig.store.write((transaction) => {
    const stored = transaction.find(key);
    if (stored !== undefined) transaction.remove(key, stored);
  });
  await rig.until(() => rig.names().join() === "one,s,stored,two");
  await rig.until(() => rig.problems.length === 0);
  t.match(rig.find("EgressHTTPRoute", "one")?.["spec"], { hostnames: ["wider.test"] });
});

t.test("ObjectFlow takes all that is in a Namespace away when that begins to end", async (t) => {
  const rig = await Rig.open(t);
  const team = { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } };
  const inTeam = (name: string) => ({ ...route(name), metadata: { name, namespace: "team" } });
  await rig.writer.create(resourceOf("Namespace"), team, byHand);
  for (let index = 0; index < 401; index++) {
    await rig.writer.create(resourceOf("EgressHTTPRoute"), inTeam(`r${index}`), byHand);
  }
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("other"), byHand);
  await rig.start(t, { paths: [] });
  await rig.follow(t);
  t.equal(rig.names().length, 402);
  await new ObjectDeleter(rig.store, systemClock).delete(
    resourceOf("Namespace"),
    { namespace: "", name: "team" },
    { dryRun: false },
  );
  await rig.until(() => rig.sets.length > 1);
  t.strictSame(
    rig.sets[1]?.objects.flatMap(({ object }) =>
      object.kind === "EgressHTTPRoute" ? [object.metadata.name] : [],
    ),
    ["other"],
    "not in the pages in which they are deleted",
  );
});

t.test("ObjectFlow feeds no metadata that gateways would refuse", async (t) => {
  const rig = await Rig.open(t);
  const odd = { ...route("one"), metadata: { ...route("one").metadata, foo: 1 } };
  const careless = { ...byHand, validation: "Ignore" } as const;
  await rig.writer.create(resourceOf("EgressHTTPRoute"), odd, careless);
  t.notOk("foo" in (rig.find("EgressHTTPRoute", "one")?.metadata ?? {}));
  await rig.start(t, { paths: [] });
  await rig.follow(t);
  t.strictSame(rig.names(), ["one"]);
});

t.test("ObjectFlow takes objects as an API server gave them out", async (t) => {
  const rig = await Rig.open(t);
  const metadata = {
    name: "one",
    resourceVersion: "7",
    uid: "x",
    generation: 9,
    managedFields: [],
  };
  rig.write("a.yaml", { ...route("one"), metadata, status: { parents: [] } });
  await rig.start(t);
  await rig.follow(t);
  t.strictSame([rig.names(), rig.problems], [["one"], []]);
});

t.test(
  "ObjectFlow writes what gateways found out into status, and tells nobody of it",
  async (t) => {
    const rig = await Rig.open(t);
    rig.write("a.yaml", route("one"));
    await rig.start(t);
    const source = await rig.follow(t);
    const ref = { kind: "EgressHTTPRoute", namespace: "default", name: "one" };
    const parent = { kind: "EgressGateway", namespace: "default", name: "egress" };
    const condition = (message: string) => ({
      ...({ type: "Accepted", status: "True", reason: "Accepted" } as const),
      ...{ message, observedGeneration: 1 },
    });
    const report = (message: string) => ({
      revision: 1,
      items: [
        {
          ref,
          conditions: [],
          problems: [],
          parents: [{ parent, conditions: [condition(message)] }],
        },
        { ref: { ...ref, name: "gone" }, conditions: [], problems: [] },
      ],
    });
    const written = Promise.withResolvers<void>();
    rig.store.subscribe(() => written.resolve());
    source.report(report("Valid"));
    await written.promise;
    t.match(rig.find("EgressHTTPRoute", "one"), {
      metadata: { generation: 1 },
      status: { parents: [{ parentRef: parent, conditions: [{ message: "Valid" }] }] },
    });
    const revision = rig.store.revision;
    source.report(report("Valid"));
    await rig.writer.create(resourceOf("EgressHTTPRoute"), route("two"), byHand);
    await rig.until(() => rig.names().includes("two"));
    t.equal(rig.sets.length, 2, "a status is no news for gateways");
    t.equal(rig.store.revision, revision + 1, "and the same status is not written again");
  },
);

t.test("ObjectFlow tells which objects of files others deleted, and no others", async (t) => {
  const rig = await Rig.open(t);
  const warnings: unknown[] = [];
  const log = { ...silentLogger, warn: (_: string, fields?: object) => void warnings.push(fields) };
  rig.write("a.yaml", route("one"), route("two"));
  const flow = await rig.start(t, { log });
  await rig.follow(t);
  t.same(flow.deleted, []);
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("stored"), byHand);
  const deleter = new ObjectDeleter(rig.store, systemClock);
  for (const name of ["stored", "one"]) {
    const place = { namespace: "default", name };
    await deleter.delete(resourceOf("EgressHTTPRoute"), place, { dryRun: false });
  }
  await rig.until(() => !rig.names().includes("one"));
  const told = { object: "EgressHTTPRoute default/one", file: /policy\/a\.yaml$/, line: 1 };
  t.match(warnings, [told]);
  t.match(flow.deleted, [told]);
  rig.write("a.yaml", route("one", "again.test"));
  await rig.until(() => rig.names().join() === "one");
  t.equal(warnings.length, 1, "files delete what they have no more");
  t.same(flow.deleted, [], "it is in force again");
  await deleter.delete(
    resourceOf("EgressHTTPRoute"),
    { namespace: "default", name: "one" },
    { dryRun: false },
  );
  t.equal(flow.deleted.length, 1);
  await rig.writer.create(resourceOf("EgressHTTPRoute"), route("one"), byHand);
  t.same(flow.deleted, [], "whoever made it");
});
