/** Tests of invocations that have not ended: counted by what is stored, whatever was restarted. */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { StatementCache } from "../statement-cache.ts";
import { ActiveInvocations, mostOpenInvocations } from "./active-invocations.ts";
import type { NamedAgent } from "./active-invocations.ts";
import { activeKeys, countActive } from "./active-rows.ts";
import { openInvocationTables } from "./invocation-tables.ts";
import { openInvocations } from "./open-invocations.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

const writer: NamedAgent = { kind: "TaskAgent", namespace: "default", name: "writer" };
const other = { ...writer, name: "other", uid: "" };

function open(test: Test) {
  const directory = join(test.testdirName, "own");
  return openInvocations({ directory, clock: systemClock, logger: silentLogger });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

t.test("count() is of those that have not ended, and the same after a restart", async (t) => {
  t.testdir();
  const first = await open(t);
  await until(() => first.active.count(writer) === 0);
  const changed = new Set<string | undefined>();
  first.active.subscribe((agent) => changed.add(agent?.name));
  for (const event of [
    invocationEvent(1, "Pending"),
    invocationEvent(2, "Dispatched"),
    invocationEvent(3, "Running"),
    invocationEvent(4, "Succeeded"),
    invocationEvent(5, "Running"),
    invocationEvent(5, "Timeout"),
    invocationEvent(6, "Running", { agent: other }),
  ]) {
    await first.log.append(event);
  }
  await until(() => first.active.count(writer) === 3 && first.active.count(other) === 1);
  await until(() => changed.size === 2);
  t.same([...changed].toSorted(), ["other", "writer"]);
  t.same(
    (await first.active.find("TaskAgent"))?.map(({ id, phase }) => [id, phase]),
    [
      [invocationId(6), "Running"],
      [invocationId(1), "Pending"],
      [invocationId(2), "Dispatched"],
      [invocationId(3), "Running"],
    ],
    "in the order of their agents",
  );
  t.same(await first.active.find("Process"), []);
  await first.close();
  const second = await open(t);
  t.teardown(() => second.close());
  await until(() => second.active.count(writer) !== undefined);
  t.equal(second.active.count(writer), 3);
  await second.log.append(invocationEvent(2, "Failed"));
  await second.log.append(invocationEvent(2, "Running"));
  await until(() => second.active.count(writer) === 2);
});

t.test("nothing is known before the store has what was logged", async (t) => {
  const clock = new ManualClock();
  const store = openSqliteInvocationStore({ path: ":memory:", clock });
  t.teardown(() => store.close());
  const ends = { epoch: "one", earliest: 1, latest: 2 };
  const active = new ActiveInvocations({ log: { ends: async () => ends }, store, clock });
  t.teardown(() => active.close());
  const at = (sequence: number) => ({ position: { epoch: "one", sequence } });
  const step = async () => {
    await new Promise(setImmediate);
    clock.advance(50);
    await new Promise(setImmediate);
  };
  store.apply([{ ...at(1), event: invocationEvent(1, "Running") }]);
  await step();
  t.equal(active.count(writer), undefined);
  let told = 0;
  active.subscribe((agent) => {
    if (agent === undefined) told++;
  });
  store.apply([{ ...at(2), event: invocationEvent(1, "Succeeded") }]);
  await step();
  t.equal(active.count(writer), 0);
  t.equal(told, 1, "whoever asked before asks again");
});

t.test("open invocations come in pages, each of them once", async (t) => {
  const clock = new ManualClock();
  const store = openSqliteInvocationStore({ path: ":memory:", clock });
  t.teardown(() => store.close());
  const total = 2 * mostOpenInvocations + 3;
  const events = Array.from({ length: total }, (_, index) => ({
    position: { epoch: "one", sequence: index + 1 },
    event: invocationEvent(index, "Running", {
      agent: { ...writer, uid: "", name: `writer-${index % 7}`, namespace: `ns-${index % 3}` },
    }),
  }));
  store.apply(events);
  const ends = { epoch: "one", earliest: 1, latest: total };
  const active = new ActiveInvocations({ log: { ends: async () => ends }, store, clock });
  t.teardown(() => active.close());
  const seen: string[] = [];
  let page = await active.find("TaskAgent");
  t.equal(page?.length, mostOpenInvocations);
  // What moves on meanwhile keeps its place, whenever it was created.
  const moved = invocationEvent(total - 1, "Dispatched", { ...events.at(-1)?.event, atUnixMs: 1 });
  store.apply([
    { position: { epoch: "one", sequence: total }, event: { ...moved, phase: "Dispatched" } },
  ]);
  while (page !== undefined && page.length > 0) {
    seen.push(...page.map(({ id }) => id));
    page = await active.find("TaskAgent", page.at(-1));
  }
  t.equal(seen.length, total);
  t.equal(new Set(seen).size, total);
});

t.test("many that have ended cost nothing: what is open is read from an index", async (t) => {
  const database = openInvocationTables(":memory:");
  t.teardown(() => database.close());
  const texts: string[] = [];
  const statements = new StatementCache(database);
  const { prepare } = statements;
  statements.prepare = (text) => {
    texts.push(text);
    return prepare.call(statements, text);
  };
  t.equal(countActive(statements, writer), 0);
  t.same(activeKeys(statements, "TaskAgent", { after: undefined, limit: 7 }), []);
  const plans = [
    database.prepare(`EXPLAIN QUERY PLAN ${texts[0]}`).all("a", "b", "c"),
    database.prepare(`EXPLAIN QUERY PLAN ${texts[1]}`).all("a", "b", "c", "d", 7),
  ].map((plan) => JSON.stringify(plan));
  t.match(plans[0], /USING INDEX versions_open \(kind=\? AND namespace=\? AND name=\?\)/);
  t.match(plans[1], /USING INDEX versions_open \(kind=\? AND \(namespace,name,id\)>/);
  t.notMatch(plans[1], /TEMP B-TREE/, "a page costs what is on it, however many there are");
});

t.test("a file of before gets the index that pages are read from", async (t) => {
  const path = join(t.testdir(), "invocations.db");
  const before = openInvocationTables(path);
  before.exec(
    `DROP INDEX versions_open;
     CREATE INDEX versions_active ON versions (kind, namespace, name, created_ms) WHERE until IS NULL`,
  );
  before.close();
  const now = openInvocationTables(path);
  t.teardown(() => now.close());
  const indexes = now
    .prepare("SELECT name FROM sqlite_master WHERE name IN ('versions_active', 'versions_open')")
    .all();
  t.same(
    indexes.map(({ name }) => name),
    ["versions_open"],
  );
});
