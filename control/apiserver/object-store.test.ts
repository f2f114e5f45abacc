/** Tests of the store against a real database file: batches, refusals, history, reopening, and death at any moment. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Test } from "tap";
import type { KubeObject } from "./kube-object.ts";
import { openObjectStore } from "./object-store.ts";
import type { ObjectChange, ObjectStore, ObjectStoreOptions } from "./object-store.ts";

const key = (name: string, namespace = "default") => ({ resource: "things", namespace, name });

function thing(name: string, fields: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, uid: `uid-${name}` }, ...fields };
}

function openStore(t: Test, options: Partial<ObjectStoreOptions> = {}): ObjectStore {
  const store = openObjectStore({ file: join(t.testdir(), "objects.db"), ...options });
  t.teardown(() => store.close());
  return store;
}

const put = (store: ObjectStore, name: string, fields = {}) =>
  store.write((transaction) => transaction.put(key(name), thing(name, fields)));

const names = (states: readonly { name: string }[]) => states.map(({ name }) => name);

t.test("write() gives every state a revision of its own, which the object carries", async (t) => {
  const store = openStore(t);
  t.equal(store.revision, 0);
  const [one, two] = await Promise.all([put(store, "a"), put(store, "b")]);
  t.same([one?.metadata.resourceVersion, two?.metadata.resourceVersion], ["1", "2"]);
  const changed = await put(store, "a", { spec: 1 });
  t.equal(changed.metadata.resourceVersion, "3");
  t.equal(store.revision, 3);
  t.same(JSON.parse(store.reader.find(key("a"))?.text ?? ""), changed);
  t.equal(store.reader.find(key("none")), undefined);
});

t.test("write() shows nothing to readers and subscribers before it is committed", async (t) => {
  const store = openStore(t);
  const seen: ObjectChange[] = [];
  store.subscribe((changes) => seen.push(...changes));
  const written = put(store, "a");
  t.equal(store.reader.find(key("a")), undefined);
  t.equal(store.revision, 0);
  t.same(seen, []);
  await written;
  t.match(seen, [{ change: "ADDED", name: "a", revision: 1, object: { kind: "Thing" } }]);
  await put(store, "a", { spec: 1 });
  await store.write((transaction) => transaction.remove(key("a"), thing("a")));
  t.match(seen.slice(1), [
    { change: "MODIFIED", previous: { metadata: { resourceVersion: "1" } } },
    { change: "DELETED", revision: 3, previous: { spec: 1 } },
  ]);
});

t.test(
  "a step sees the steps before it, and one that throws undoes its own writes alone",
  async (t) => {
    const store = openStore(t);
    const first = put(store, "a", { spec: 1 });
    const failed = store.write((transaction) => {
      transaction.put(key("b"), thing("b"));
      t.equal(transaction.find(key("a"))?.["spec"], 1);
      throw new RangeError("no");
    });
    const last = put(store, "c");
    await t.rejects(failed, RangeError);
    await first;
    t.equal((await last).metadata.resourceVersion, "2");
    t.same(names(store.reader.list({ resource: "things", limit: 9 })), ["a", "c"]);
  },
);

t.test("rehearse() gives the outcome and leaves nothing", async (t) => {
  const store = openStore(t);
  const before = put(store, "a");
  t.equal(
    store.rehearse((transaction) => transaction.put(key("x"), thing("x"))).metadata.name,
    "x",
  );
  t.throws(
    () =>
      store.rehearse(() => {
        throw new RangeError("no");
      }),
    RangeError,
  );
  await before;
  t.equal(store.reader.find(key("x")), undefined);
  t.equal(store.revision, 1);
});

t.test("lists are in order, of one namespace, in pages, and of a past revision", async (t) => {
  const store = openStore(t);
  for (const [namespace, name] of [
    ["b", "1"],
    ["a", "2"],
    ["a", "1"],
    ["a", "3"],
  ] as const) {
    await store.write((transaction) => transaction.put(key(name, namespace), thing(name)));
  }
  const list = (query: object) =>
    store.reader
      .list({ resource: "things", limit: 10, ...query })
      .map((s) => `${s.namespace}/${s.name}`);
  t.same(list({}), ["a/1", "a/2", "a/3", "b/1"]);
  t.same(list({ namespace: "a" }), ["a/1", "a/2", "a/3"]);
  t.same(list({ limit: 2, after: { namespace: "a", name: "2" } }), ["a/3", "b/1"]);
  t.same(list({ name: "1" }), ["a/1", "b/1"]);
  await store.write((transaction) => {
    transaction.remove(key("2", "a"), thing("2"));
    transaction.put(key("9", "a"), thing("9"));
    transaction.put(key("1", "a"), thing("1", { spec: "new" }));
  });
  t.same(list({}), ["a/1", "a/3", "a/9", "b/1"]);
  t.same(list({ at: 4 }), ["a/1", "a/2", "a/3", "b/1"]);
  t.same(list({ at: 2 }), ["a/2", "b/1"]);
  const [past] = store.reader.list({ resource: "things", limit: 1, at: 4 });
  t.notMatch(past?.text, /new/);
  t.equal(store.reader.count("things"), 4);
  t.equal(store.reader.count("things", "a"), 3);
});

t.test("changesAfter() gives what came since, with what was before", async (t) => {
  const store = openStore(t);
  await put(store, "a");
  await put(store, "a", { spec: 1 });
  await store.write((transaction) => transaction.remove(key("a"), thing("a")));
  const changes = store.reader.changesAfter("things", 1, 10);
  t.match(changes, [
    { revision: 2, change: "MODIFIED", previousText: /"resourceVersion":"1"/ },
    { revision: 3, change: "DELETED", previousText: /"resourceVersion":"2"/ },
  ]);
  t.same(store.reader.changesAfter("others", 0, 10), []);
  t.equal(store.reader.changesAfter("things", 0, 1).length, 1);
});

t.test("old states go once nobody can ask for them, and what exists stays", async (t) => {
  const store = openStore(t, { keptRevisions: 10 });
  await put(store, "quiet");
  await put(store, "gone");
  await store.write((transaction) => transaction.remove(key("gone"), thing("gone")));
  for (let round = 0; round < 40; round++) await put(store, "busy", { spec: round });
  t.ok(store.compactedRevision >= 25 && store.compactedRevision <= store.revision - 10);
  t.same(names(store.reader.list({ resource: "things", limit: 9 })), ["busy", "quiet"]);
  const kept = store.reader.changesAfter("things", store.compactedRevision, 100);
  t.equal(kept.length, store.revision - store.compactedRevision);
  t.ok(
    kept.every(({ previousText }) => previousText !== undefined),
    "each knows what was before",
  );
  const at = store.compactedRevision;
  const past = store.reader.list({ resource: "things", limit: 9, at });
  t.same(names(past), ["busy", "quiet"]);
  t.equal(past[0]?.revision, at);
});

t.test("the history is bounded in bytes, too", async (t) => {
  const store = openStore(t, { keptBytes: 100_000 });
  for (let round = 0; round < 40; round++) await put(store, "large", { data: "x".repeat(10_000) });
  t.ok(store.revision - store.compactedRevision < 15);
});

t.test("owners and deletions are found by their tables", async (t) => {
  const store = openStore(t);
  await put(store, "owner");
  const owned = (uid: string) => ({
    ...thing("owned"),
    metadata: {
      ...thing("owned").metadata,
      ownerReferences: [{ apiVersion: "v1", kind: "Thing", name: "x", uid }],
    },
  });
  await store.write((transaction) => transaction.put(key("owned"), owned("uid-owner")));
  t.same(names(store.reader.dependentsOf("uid-owner", 9)), ["owned"]);
  t.same(store.reader.withAbsentOwner(undefined, 9), []);
  await store.write((transaction) => transaction.remove(key("owner"), thing("owner")));
  t.same(names(store.reader.withAbsentOwner(undefined, 9)), ["owned"]);
  t.same(store.reader.withAbsentOwner(key("owned"), 9), []);
  await put(store, "owned");
  t.same(store.reader.dependentsOf("uid-owner", 9), []);
  t.same(store.reader.deleting(undefined, 9), []);
  const metadata = { ...thing("owned").metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  await store.write((transaction) =>
    transaction.put(key("owned"), { ...thing("owned"), metadata }),
  );
  t.same(names(store.reader.deleting(undefined, 9)), ["owned"]);
  t.same(names(store.reader.inNamespace("default", 9)), ["owned"]);
});

t.test(
  "a store that is full refuses, keeps what it has, and takes more when there is room",
  async (t) => {
    const store = openStore(t, { limitBytes: 400_000, keptRevisions: 1 });
    await put(store, "first");
    const large = { data: "x".repeat(100_000) };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => put(store, `large-${index}`, large)),
    );
    const refused = outcomes.filter(({ status }) => status === "rejected");
    t.ok(refused.length > 0);
    for (const one of refused) t.match(one, { reason: { code: "CLRK_STORAGE_FAILED" } });
    const kept = names(store.reader.list({ resource: "things", limit: 20 }));
    t.equal(
      kept.length - 1,
      outcomes.length - refused.length,
      "what was acknowledged is there, and nothing else",
    );
    t.ok(kept.includes("first"));
    for (const name of kept.filter((one) => one !== "first")) {
      await store.write((transaction) => transaction.remove(key(name), thing(name)));
    }
    await put(store, "after");
    t.ok(store.reader.find(key("after")));
  },
);

t.test("a reopened store goes on where it was, and never gives a revision out twice", async (t) => {
  const file = join(t.testdir(), "objects.db");
  const first = openObjectStore({ file });
  await put(first, "a");
  await first.write((transaction) => transaction.remove(key("a"), thing("a")));
  const pending = put(first, "b");
  first.close();
  await pending;
  await t.rejects(put(first, "c"), { code: "CLRK_CLOSED" });
  const second = openObjectStore({ file });
  t.teardown(() => second.close());
  t.equal(second.revision, 3, "what waited was committed by close()");
  t.equal((await put(second, "d")).metadata.resourceVersion, "4");
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test("a file that is no database, or of another version, is refused", async (t) => {
  const folder = t.testdir({
    "objects.db": "this is a text, and a rather long one, so that it has a header of its own",
  });
  t.throws(() => openObjectStore({ file: join(folder, "objects.db") }), {
    code: "CLRK_STORAGE_FAILED",
  });
  const { DatabaseSync } = await import("node:sqlite");
  const file = join(folder, "other.db");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 99");
  database.close();
  t.throws(() => openObjectStore({ file }), { message: /version 99, wanted 1/ });
});

/** Starts a process that writes without end and says what was acknowledged; kills it at a moment of chance. */
async function writeAndDie(file: string, afterLines: number): Promise<string[]> {
  const script = fileURLToPath(new URL("testdata/write-forever.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === afterLines) child.kill("SIGKILL");
  }
  return acknowledged;
}

t.test("nothing that was acknowledged is lost when the process is killed", async (t) => {
  const file = join(t.testdir(), "objects.db");
  const acknowledged: string[] = [];
  for (const lines of [1, 40, 333]) {
    acknowledged.push(...(await writeAndDie(file, lines)));
    const store = openObjectStore({ file });
    const found = new Map<string, string>();
    for (const state of store.reader.list({ resource: "things", limit: 1_000_000 })) {
      found.set(state.name, String(state.revision));
    }
    const lost = acknowledged.filter((line) => {
      const [name = "", revision] = line.split(" ");
      return found.get(name) !== revision;
    });
    t.same(lost, [], `${acknowledged.length} acknowledged`);
    store.close();
  }
  t.ok(acknowledged.length >= 374);
});
