import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { InvocationPhase } from "../../crds/invocation.ts";
import type { EventLog } from "./event-log.ts";
import type { InvocationStore } from "./invocation-store.ts";
import { Materialiser } from "./materialiser.ts";
import { openSqliteEventLog } from "./sqlite-event-log.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";
import { modelCallRecord } from "./testdata/invocation-record.ts";

type TestScope = { teardown(callback: () => unknown): unknown };

const phases: InvocationPhase[] = ["Dispatched", "Running", "Succeeded"];

function start(test: TestScope, log: EventLog, store: InvocationStore) {
  const materialiser = new Materialiser({ log, store, clock: systemClock, logger: silentLogger });
  materialiser.start();
  test.teardown(() => materialiser.close());
  return materialiser;
}

function memory(test: TestScope) {
  const log = openSqliteEventLog({ path: ":memory:", clock: systemClock });
  const store = openSqliteInvocationStore({ path: ":memory:", clock: systemClock });
  test.teardown(async () => {
    await log.close();
    store.close();
  });
  return { log, store };
}

/** Resolves when the condition holds after a change of the store. */
function until(store: InvocationStore, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!holds()) return;
      stop();
      resolve();
    };
    const stop = store.subscribe(check);
    check();
  });
}

const phaseIn = (store: InvocationStore, number: number) =>
  store.get("default", invocationId(number))?.status.phase;

t.test("events come into the store as they are logged, and are answered", async (t) => {
  const { log, store } = memory(t);
  const materialiser = start(t, log, store);
  for (const phase of phases) await log.append(invocationEvent(1, phase));
  await until(store, () => phaseIn(store, 1) === "Succeeded");
  await materialiser.close();
  t.equal(materialiser.status.taken, 3);
  t.strictSame(store.position, { epoch: (await log.ends()).epoch, sequence: 3 });
  const next = start(t, log, store);
  await log.append(invocationEvent(2, "Running"));
  await until(store, () => phaseIn(store, 2) === "Running");
  await next.close();
  t.equal(store.status.applied.known, 0, "nothing came twice");
});

t.test("a store that fails is tried until it works, and nothing is lost", async (t) => {
  const { log, store } = memory(t);
  let failures = 0;
  const failing: InvocationStore = Object.create(store, {
    apply: {
      value: (events: Parameters<InvocationStore["apply"]>[0]) => {
        if (failures++ < 2) throw new Error("disk full");
        return store.apply(events);
      },
    },
  });
  const clock = new ManualClock();
  const materialiser = new Materialiser({ log, store: failing, clock, logger: silentLogger });
  await log.append(invocationEvent(1, "Running"));
  materialiser.start();
  t.teardown(() => materialiser.close());
  const seen: string[] = [];
  while (phaseIn(store, 1) === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    if (materialiser.status.failure !== "") seen.push(materialiser.status.failure);
    if (clock.pendingTimers > 0) clock.advance(5_000);
  }
  t.match(seen[0], /Cannot store invocations: disk full/);
  await materialiser.close();
  t.match(materialiser.status, { retries: 2, failure: "", taken: 1 });
});

t.test("close() ends a wait for the store", async (t) => {
  const { log, store } = memory(t);
  const failing: InvocationStore = Object.create(store, {
    apply: {
      value: () => {
        throw new Error("disk full");
      },
    },
  });
  await log.append(invocationEvent(1, "Running"));
  const materialiser = start(t, log, failing);
  while (materialiser.status.failure === "") {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await materialiser.close();
  const consumer = await log.consumer("clrk-invocations");
  t.ok(consumer, "the event was not answered");
  t.equal(materialiser.status.taken, 0);
});

t.test("a process that is killed between store and answer loses and doubles nothing", async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-materialiser-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const open = () =>
    openSqliteEventLog({ path: path.join(directory, "events.db"), clock: systemClock });
  const first = open();
  for (const phase of phases) {
    await Promise.all(
      Array.from({ length: 400 }, (_, number) => first.append(invocationEvent(number, phase))),
    );
  }
  await first.close();
  const script = fileURLToPath(new URL("./testdata/materialiser-child.ts", import.meta.url));
  for (const _ of [1, 2, 3]) {
    const child = spawn(process.execPath, [script, directory], { stdio: "ignore" });
    t.teardown(() => child.kill("SIGKILL"));
    t.strictSame(await once(child, "exit"), [null, "SIGKILL"]);
  }
  const log = open();
  const store = openSqliteInvocationStore({
    path: path.join(directory, "invocations.db"),
    clock: systemClock,
  });
  t.teardown(async () => {
    await log.close();
    store.close();
  });
  t.ok(store.revision > 0, "the first one wrote");
  const before = store.status.invocations;
  const materialiser = start(t, log, store);
  await until(store, () => phaseIn(store, 399) === "Succeeded");
  await materialiser.close();
  t.equal(before, 256, "it was killed after its first batch");
  t.equal(materialiser.status.taken, 1_200, "all came again, because nothing was answered");
  t.ok(store.status.applied.known > 0, "some of it was known");
  t.equal(store.status.invocations, 400);
  const numbers = Array.from({ length: 400 }, (_, number) => number);
  t.ok(numbers.every((number) => phaseIn(store, number) === "Succeeded"));
  store.addRecords([modelCallRecord(1, "rec-1")]);
  t.equal(store.get("default", invocationId(1))?.status.usage?.requests, 1, "counted once");
  t.equal(store.get("default", invocationId(2))?.status.usage?.inputTokens, 100);
});
