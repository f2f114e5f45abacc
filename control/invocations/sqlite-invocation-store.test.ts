import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import type { LoggedEvent } from "./event-log.ts";
import { eventRetentionMs } from "./event-log.ts";
import type { SqliteInvocationStoreOptions } from "./sqlite-invocation-store.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";
import { modelCallRecord, recordOfInvocation } from "./testdata/invocation-record.ts";

type TestScope = { teardown(callback: () => unknown): unknown };

function openStore(test: TestScope, options: Partial<SqliteInvocationStoreOptions> = {}) {
  const clock = new ManualClock();
  const store = openSqliteInvocationStore({ path: ":memory:", clock, ...options });
  test.teardown(() => store.close());
  return { store, clock };
}

let sequence = 0;
const logged = (...events: (InvocationEvent | null)[]): LoggedEvent[] =>
  events.map((event) => ({ position: { epoch: "one", sequence: ++sequence }, event }));

const list = (store: ReturnType<typeof openSqliteInvocationStore>, limit = 100) => {
  const page = store.list({}, { limit });
  return page.kind === "page" ? page.items : [];
};

t.test("events in any order become one object, and come again without a change", async (t) => {
  const { store } = openStore(t);
  const events = logged(
    invocationEvent(1, "Succeeded", { exitCode: 0 }),
    invocationEvent(1, "Running"),
    invocationEvent(1, "Dispatched"),
  );
  t.strictSame(store.apply(events), { changed: 1, known: 0, foreign: 0, unreadable: 0 });
  const { revision } = store;
  t.match(store.get("default", invocationId(1)), {
    metadata: { resourceVersion: String(revision), creationTimestamp: "2026-01-02T03:01:01Z" },
    status: { phase: "Succeeded", exitCode: 0 },
  });
  t.strictSame(store.apply(events), { changed: 0, known: 3, foreign: 0, unreadable: 0 });
  t.equal(store.revision, revision, "no version was written");
  t.equal(store.get("other", invocationId(1)), undefined);
});

t.test("one id in two namespaces is two invocations, and of two agents one", async (t) => {
  const { store } = openStore(t);
  const agent = { kind: "TaskAgent", namespace: "other", name: "writer", uid: "" };
  const thief = { kind: "TaskAgent", namespace: "default", name: "thief", uid: "" };
  const counts = store.apply(
    logged(
      invocationEvent(1, "Running"),
      invocationEvent(1, "Running", { agent }),
      invocationEvent(1, "Failed", { agent: thief }),
    ),
  );
  t.match(counts, { changed: 2, foreign: 1 });
  t.match(store.get("default", invocationId(1)), { status: { phase: "Running" } });
  t.match(store.get("other", invocationId(1)), { metadata: { namespace: "other" } });
});

t.test("the position is kept with what it stands for", async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-store-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, "invocations.db");
  const first = openStore(t, { path: file });
  t.equal(first.store.position, undefined);
  first.store.apply([
    { position: { epoch: "one", sequence: 9 }, event: invocationEvent(1, "Running") },
    { position: { epoch: "one", sequence: 4 }, event: null },
  ]);
  t.strictSame(first.store.position, { epoch: "one", sequence: 9 }, "given again is not behind");
  first.store.close();
  const second = openStore(t, { path: file });
  t.strictSame(second.store.position, { epoch: "one", sequence: 9 });
  t.equal(list(second.store).length, 1);
  second.store.apply([
    { position: { epoch: "two", sequence: 1 }, event: invocationEvent(1, "Succeeded") },
  ]);
  t.strictSame(second.store.position, { epoch: "two", sequence: 1 }, "a new log begins anew");
  t.match(list(second.store), [{ status: { phase: "Succeeded" } }]);
});

t.test("records are summed by invocation and model, each once", async (t) => {
  const { store } = openStore(t);
  store.addRecords([modelCallRecord(1, "rec-1")]);
  t.equal(store.revision, 0, "nothing was told of the invocation yet");
  store.apply(logged(invocationEvent(1, "Running")));
  const decision = { verdict: "deny", reason: "no-route", message: "No", route: null } as const;
  const records = [
    modelCallRecord(1, "rec-1"),
    modelCallRecord(1, "rec-2"),
    recordOfInvocation(1, "rec-3", { decision }),
    recordOfInvocation(1, "rec-4", { agent: null }),
  ];
  t.strictSame(store.addRecords(records), { counted: 2, known: 1, foreign: 1 });
  t.strictSame(store.addRecords(records), { counted: 0, known: 3, foreign: 1 });
  const { usage } = store.get("default", invocationId(1))?.status ?? {};
  t.match(usage, {
    ...{ requests: 3, denials: 1, inputTokens: 200, outputTokens: 40, cost: "0.000084" },
    models: [{ model: "gpt-5-mini", requests: 2, denials: 0, cost: "0.000084" }],
  });
});

t.test("what another agent used under the same id is not counted", async (t) => {
  const { store } = openStore(t);
  store.apply(logged(invocationEvent(1, "Running")));
  const record = modelCallRecord(1, "rec-1");
  const agent = record.agent && { ...record.agent, name: "thief" };
  store.addRecords([{ ...record, agent }]);
  t.equal(store.get("default", invocationId(1))?.status.usage, undefined);
});

t.test("an agent that invents models grows no more rows than there are bounds for", async (t) => {
  const { store } = openStore(t);
  store.apply(logged(invocationEvent(1, "Running")));
  const calls = Array.from({ length: 100 }, (_, number) => {
    const record = modelCallRecord(1, `rec-${number}`);
    return {
      ...record,
      model: record.model && { ...record.model, requestModel: `model-${number}` },
    };
  });
  store.addRecords(calls);
  const { usage } = store.get("default", invocationId(1))?.status ?? {};
  t.equal(usage?.requests, 100);
  t.equal(usage?.models.length, 33);
  t.match(usage?.models[0], { model: "(others)", requests: 68 });
});

t.test("pages of a list are of one moment", async (t) => {
  const { store } = openStore(t);
  store.apply(logged(...[1, 2, 3, 4, 5].map((number) => invocationEvent(number, "Running"))));
  const first = store.list({}, { limit: 2 });
  if (first.kind !== "page") throw new Error("no page");
  const { revision } = first;
  // One is new, one changes its place, and one its phase meanwhile.
  store.apply(logged(invocationEvent(6, "Running"), invocationEvent(3, "Succeeded")));
  store.apply(logged(invocationEvent(1, "Dispatched", { atUnixMs: 1 })));
  const second = store.list({}, { limit: 2, revision, after: first.next });
  if (second.kind !== "page") throw new Error("no page");
  const third = store.list({}, { limit: 2, revision, after: second.next });
  if (third.kind !== "page") throw new Error("no page");
  t.equal(third.next, undefined);
  const items = [...first.items, ...second.items, ...third.items];
  t.strictSame(
    items.map(({ metadata }) => metadata.name),
    [5, 4, 3, 2, 1].map(invocationId),
  );
  t.ok(items.every(({ status }) => status.phase === "Running"));
  t.equal(list(store).length, 6);
});

t.test("a list has what is chosen, whatever else there is", async (t) => {
  const { store } = openStore(t);
  const agent = { kind: "DaemonAgent", namespace: "other", name: "watcher", uid: "" };
  store.apply(
    logged(
      ...Array.from({ length: 1_200 }, (_, number) => invocationEvent(number + 1, "Running")),
      invocationEvent(2_000, "Failed"),
      invocationEvent(2_001, "Running", { agent }),
    ),
  );
  const namesOf = (selection: Parameters<typeof store.list>[0]) => {
    const page = store.list(selection, { limit: 3 });
    return page.kind === "page" ? page.items.map(({ metadata }) => metadata.name) : [];
  };
  t.strictSame(namesOf({ namespace: "other" }), [invocationId(2_001)]);
  t.strictSame(namesOf({ agent: { kind: "DaemonAgent", name: "watcher" } }), [invocationId(2_001)]);
  t.strictSame(namesOf({ matches: ({ status }) => status.phase === "Failed" }), [
    invocationId(2_000),
  ]);
  t.strictSame(namesOf({ matches: ({ metadata }) => metadata.name === invocationId(1) }), [
    invocationId(1),
  ]);
});

t.test("what did not change for long is removed, and that is a change", async (t) => {
  const { store, clock } = openStore(t, { retentionMs: eventRetentionMs });
  store.apply(logged(invocationEvent(1, "Failed")));
  clock.advance(eventRetentionMs - 1_000);
  store.apply(logged(invocationEvent(2, "Succeeded")));
  const before = store.revision;
  clock.advance(2_000);
  store.prune();
  t.strictSame(
    list(store).map(({ metadata }) => metadata.name),
    [invocationId(2)],
  );
  t.match(store.changes(before, { limit: 10 }), {
    versions: [{ change: "DELETED", object: { metadata: { name: invocationId(1) } } }],
  });
  t.equal(store.status.removed, 1);
  t.equal(store.get("default", invocationId(1)), undefined);
});

t.test("of too many those go that changed longest ago", async (t) => {
  const { store, clock } = openStore(t, { mostInvocations: 2 });
  for (const number of [1, 2, 3]) {
    store.apply(logged(invocationEvent(number, number === 1 ? "Running" : "Succeeded")));
    clock.advance(1_000);
  }
  store.apply(logged(invocationEvent(1, "Succeeded")));
  store.prune();
  t.strictSame(
    list(store).map(({ metadata }) => metadata.name),
    [3, 1].map(invocationId),
  );
});

t.test("what runs stays, however old, and ended ones go in its place", async (t) => {
  const { store, clock } = openStore(t, { mostInvocations: 2, retentionMs: eventRetentionMs });
  const left = () => list(store).map(({ metadata }) => metadata.name);
  store.apply(logged(invocationEvent(1, "Running"), invocationEvent(2, "Pending")));
  clock.advance(1_000);
  store.apply(logged(invocationEvent(3, "Succeeded"), invocationEvent(4, "Running")));
  store.prune();
  t.strictSame(left().toSorted(), [1, 2, 4].map(invocationId));
  clock.advance(2 * eventRetentionMs);
  store.prune();
  t.strictSame(left().toSorted(), [1, 2, 4].map(invocationId));
  store.apply(logged(invocationEvent(1, "Succeeded")));
  store.prune();
  t.strictSame(left().toSorted(), [2, 4].map(invocationId));
});

t.test("a revision that is too old is said to be, and never told wrong", async (t) => {
  const { store, clock } = openStore(t, { mostVersions: 3, historyMs: 60_000 });
  for (const phase of ["Pending", "Dispatched", "Running", "Succeeded"] as const) {
    store.apply(logged(invocationEvent(1, phase), invocationEvent(2, phase)));
  }
  store.prune();
  const { revision } = store;
  t.equal(store.list({}, { limit: 1, revision: revision - 4 }).kind, "expired");
  t.equal(store.changes(revision - 4, { limit: 1 }).kind, "expired");
  t.equal(store.list({}, { limit: 1, revision: revision + 1 }).kind, "expired");
  t.equal(store.changes(revision + 1, { limit: 1 }).kind, "expired");
  t.match(store.changes(revision - 3, { limit: 10 }), { versions: { length: 3 } });
  const past = store.list({}, { limit: 10, revision: revision - 3 });
  t.strictSame(
    past.kind === "page" ? past.items.map(({ status }) => status.phase) : [],
    // Of the last three changes none had come: the second invocation was still before its last but one.
    ["Dispatched", "Running"],
  );
  clock.advance(61_000);
  store.prune();
  t.equal(store.changes(revision - 1, { limit: 1 }).kind, "expired");
  t.equal(list(store).length, 2, "what is there stays");
});

t.test("records that were counted long ago may be forgotten, within bounds", async (t) => {
  const { store, clock } = openStore(t, { mostRecords: 2 });
  store.apply(logged(invocationEvent(1, "Running")));
  for (const id of ["a", "b", "c"]) store.addRecords([modelCallRecord(1, id)]);
  clock.advance(1);
  store.prune();
  const again = ["c", "b"].map((id) => store.addRecords([modelCallRecord(1, id)]).known);
  t.strictSame(again, [1, 1], "the last are known");
});

t.test("bounds that would bring back what was removed are refused", async (t) => {
  t.throws(() => openStore(t, { retentionMs: eventRetentionMs - 1 }), RangeError);
});

t.test("a closed store says so", async (t) => {
  const { store } = openStore(t);
  store.close();
  store.close();
  t.throws(() => store.apply([]), { code: "CLRK_CLOSED" });
});
