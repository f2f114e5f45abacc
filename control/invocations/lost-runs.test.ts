/** Tests of runs whose gateway was killed: ended once, when it is certain that nobody else will. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { ClrkError } from "../../gateway/errors.ts";
import type { GatewayIdentity, GatewayLife } from "../../gateway/gateway-identity.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { silentLogger } from "../../gateway/log.ts";
import { ActiveInvocations, mostOpenInvocations } from "./active-invocations.ts";
import type { EventLog } from "./event-log.ts";
import { LostRuns } from "./lost-runs.ts";
import { Materialiser } from "./materialiser.ts";
import { openSqliteEventLog } from "./sqlite-event-log.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

const dayMs = 24 * 60 * 60_000;
const agent = { kind: "Process", namespace: "default", name: "writer", uid: "run-1" };
const root = { traceId: "a".repeat(32), spanId: "b".repeat(16) };

function gatewayOf(process: string): GatewayIdentity {
  return { home: "a".repeat(32), boot: "b".repeat(32), process };
}

/** A phase of a run; its process says which gateway it is of. */
function runEvent(
  number: number,
  phase: InvocationEvent["phase"],
  changes: Partial<InvocationEvent> & { readonly of?: string } = {},
): InvocationEvent {
  const { of = "1 1", ...rest } = changes;
  return invocationEvent(number, phase, {
    ...{ agent, root, trigger: { type: "CLI", source: "clrk run" } },
    ...(of !== "" && { gatewayProcess: gatewayOf(of) }),
    ...rest,
  });
}

function setUp(test: Test, { mostInvocations = 200_000 } = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 4));
  const log = openSqliteEventLog({ path: ":memory:", clock });
  const store = openSqliteInvocationStore({ path: ":memory:", clock, mostInvocations });
  const parts = { log, store, clock: systemClock, logger: silentLogger };
  const materialiser = new Materialiser(parts);
  materialiser.start();
  const active = new ActiveInvocations(parts);
  const lives = new Map<string, GatewayLife>();
  const options = {
    ...{ active, log, clock, logger: silentLogger, readAll: async () => true },
    lookForGateway: ({ process }: GatewayIdentity) => lives.get(process) ?? ("gone" as const),
  };
  const lost = new LostRuns(options);
  test.teardown(async () => {
    active.close();
    await lost.close();
    await materialiser.close();
    await log.close();
    store.close();
  });
  const tell = async (...events: readonly InvocationEvent[]) => {
    await Promise.all(events.map((event) => log.append(event)));
    await active.find("Process");
  };
  /** Phase and reason as they are shown, when the store has all that was logged. */
  const shown = async (number: number) => {
    await active.find("Process");
    const status = store.get("default", invocationId(number))?.status;
    return status && `${status.phase} ${status.conditions[0]?.reason}`;
  };
  return { clock, log, store, active, lives, options, lost, tell, shown };
}

t.test("runs of a gateway that is gone are ended once, and no others", async (t) => {
  const { clock, log, lives, options, lost, tell, shown } = setUp(t);
  lives.set("2 2", "lives").set("3 3", "unknown");
  await tell(
    runEvent(1, "Running"),
    runEvent(2, "Dispatched"),
    runEvent(3, "Running", { of: "2 2" }),
    runEvent(4, "Running", { of: "3 3" }),
    runEvent(5, "Running", { of: "" }),
    runEvent(6, "Succeeded", { exitCode: 0 }),
    invocationEvent(7, "Running"),
  );
  await lost.sweep();
  t.equal(await shown(1), "Failed GatewayGone");
  t.equal(await shown(2), "Failed GatewayGone");
  for (const number of [3, 4, 5, 7]) t.equal(await shown(number), "Running Running");
  t.equal(await shown(6), "Succeeded Succeeded");
  t.match(lost.status, { ended: 2, failure: "" });
  const page = await log.read(undefined, { limit: 100 });
  const end = page.kind === "events" ? page.events.at(-1)?.event : undefined;
  t.match(end, {
    ...{ phase: "Failed", reason: "GatewayGone", exitCode: null, root, agent },
    ...{ atUnixMs: clock.now(), message: /^The gateway process is gone/ },
  });
  const restarted = new LostRuns(options);
  await restarted.sweep();
  await lost.sweep();
  t.same([restarted.status.ended, lost.status.ended], [0, 2]);
  t.equal((await log.ends()).latest, 9);
});

t.test("what a gateway told before it went comes first", async (t) => {
  const { options, tell, shown } = setUp(t);
  await tell(runEvent(1, "Running"), runEvent(2, "Running"));
  let isReadable = false;
  const lost = new LostRuns({
    ...options,
    readAll: async () => {
      if (isReadable) await tell(runEvent(1, "Failed", { reason: "ExitCode", exitCode: 3 }));
      return isReadable;
    },
  });
  await lost.sweep();
  t.equal(await shown(1), "Running Running", "nobody knows what it told");
  isReadable = true;
  await lost.sweep();
  t.equal(await shown(1), "Failed ExitCode");
  t.equal(await shown(2), "Failed GatewayGone");
});

t.test("a run that begins while files are read is not ended by an earlier look", async (t) => {
  const { options, tell, shown } = setUp(t);
  await tell(runEvent(1, "Running"));
  const lost = new LostRuns({
    ...options,
    readAll: async () => {
      await tell(runEvent(2, "Running"));
      return true;
    },
  });
  await lost.sweep();
  t.equal(await shown(1), "Failed GatewayGone");
  t.equal(await shown(2), "Running Running");
});

t.test("an end that comes late is the true one, and nothing else takes the end back", async (t) => {
  const { lost, tell, shown } = setUp(t);
  await tell(runEvent(1, "Dispatched"), runEvent(2, "Dispatched"));
  await lost.sweep();
  await tell(runEvent(1, "Running"), runEvent(1, "Succeeded"), runEvent(2, "Running"));
  t.equal(await shown(1), "Succeeded Succeeded", "it was earlier");
  t.equal(await shown(2), "Failed GatewayGone");
});

t.test("a run of which nothing can be known ends 30 days after the last news", async (t) => {
  const { clock, lives, lost, tell, shown } = setUp(t);
  lives.set("2 2", "lives").set("3 3", "unknown");
  await tell(
    runEvent(1, "Running", { of: "" }),
    runEvent(2, "Running", { of: "2 2" }),
    runEvent(3, "Running", { of: "3 3" }),
  );
  clock.advance(30 * dayMs);
  await lost.sweep();
  t.equal(await shown(1), "Running Running");
  await tell(runEvent(3, "Dispatched", { of: "3 3" }));
  clock.advance(1);
  await lost.sweep();
  t.equal(await shown(1), "Failed NotHeard");
  t.equal(await shown(2), "Running Running", "its gateway lives");
  t.equal(await shown(3), "Running Running", "there was news of it");
  clock.advance(30 * dayMs);
  await lost.sweep();
  t.equal(await shown(3), "Failed NotHeard");
});

t.test("an end is never before the begin, whatever the clock does", async (t) => {
  const { clock, lost, tell, shown, store } = setUp(t);
  await tell(runEvent(1, "Running", { atUnixMs: clock.now() + dayMs }));
  await lost.sweep();
  t.equal(await shown(1), "Failed GatewayGone");
  const { startTime, completionTime } = store.get("default", invocationId(1))?.status ?? {};
  t.equal(completionTime, startTime);
});

t.test("many are ended page by page, and retention bounds them again", async (t) => {
  const total = 2 * mostOpenInvocations + 3;
  const { clock, lives, lost, tell, store, active } = setUp(t, { mostInvocations: 10 });
  lives.set("2 2", "lives");
  const isOfLiving = (number: number) => number % 500 === 0;
  await tell(
    ...Array.from({ length: total }, (_, number) =>
      runEvent(number, "Running", {
        of: isOfLiving(number) ? "2 2" : "1 1",
        atUnixMs: clock.now(),
      }),
    ),
  );
  clock.advance(11_000);
  store.prune();
  t.equal(store.status.invocations, total, "what runs is never removed");
  await lost.sweep();
  t.equal(lost.status.ended, total - 5);
  t.equal((await active.find("Process"))?.length, 5);
  for (const _ of [1, 2, 3]) {
    clock.advance(11_000);
    store.prune();
  }
  t.equal(store.status.invocations, 10);
});

t.test("what the log does not take is told, and tried again", async (t) => {
  const { clock, log, options, tell, shown } = setUp(t);
  await tell(runEvent(1, "Running"));
  let isFull = true;
  const failing: Pick<EventLog, "append"> = {
    append: (event) =>
      isFull
        ? Promise.reject(new ClrkError("CLRK_STORAGE_FAILED", "Disk full"))
        : log.append(event),
  };
  const lost = new LostRuns({ ...options, log: failing });
  t.teardown(() => lost.close());
  lost.start();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  while (lost.status.failure === "") await turn();
  t.match(lost.status, { ended: 0, failure: /^Cannot look for runs .*: Disk full/ });
  isFull = false;
  while (lost.status.ended === 0) {
    clock.advance(5_000);
    await turn();
  }
  t.equal(await shown(1), "Failed GatewayGone");
  await lost.close();
});
