/** Tests of calls that another life of the process began: who may run them decides, and what has ended stays. */
import { join } from "node:path";
import { text } from "node:stream/consumers";
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { InvocationPhase } from "../../crds/invocation.ts";
import { allResources } from "../apiserver/all-resources.ts";
import { ActiveInvocations, mostOpenInvocations } from "../invocations/active-invocations.ts";
import { Materialiser } from "../invocations/materialiser.ts";
import { openSqliteInvocationStore } from "../invocations/sqlite-invocation-store.ts";
import { invocationId } from "../invocations/testdata/invocation-event.ts";
import { LostCalls } from "./lost-calls.ts";
import type { OpenCalls } from "./lost-calls.ts";
import { taskAgent } from "../reconcilers/testdata/reconciler-rig.ts";
import { DispatchRig, testTraces } from "./testdata/dispatch-rig.ts";

const ids = ["a", "b", "c", "d"].map((one) => `0000000${one}-0000-4000-8000-000000000000`);
const [first = "", second = "", third = "", fourth = ""] = ids;
const never = new AbortController().signal;

async function open(
  test: Test,
  options: {
    readonly clock?: ManualClock;
    readonly agent?: object;
    /** Told before it begins to look */
    readonly told?: (rig: DispatchRig) => Promise<void>;
  } = {},
) {
  const rig = await DispatchRig.open(test, options);
  await options.told?.(rig);
  const clock = options.clock ?? systemClock;
  const path = join(test.testdirName, "objects", "invocations.db");
  const store = openSqliteInvocationStore({ path, clock: systemClock });
  const materialiser = new Materialiser({
    ...{ log: rig.log, store, clock: systemClock, logger: silentLogger },
  });
  materialiser.start();
  const active = new ActiveInvocations({ log: rig.log, store, clock: systemClock });
  const lost = new LostCalls({
    calls: { find: (last) => active.find("TaskAgent", last), subscribe: () => () => {} },
    dispatcher: rig.dispatcher,
    ...{ store: rig.objects.store, resources: allResources(), log: rig.log, traces: testTraces },
    ...{ directory: rig.reconcilers.directory, clock, logger: silentLogger },
  });
  test.teardown(async () => {
    await lost.close();
    active.close();
    await materialiser.close();
    store.close();
  });
  return { rig, lost };
}

/** Tells phases as a process did that is no more. */
async function tell(
  rig: DispatchRig,
  id: string,
  phases: readonly InvocationPhase[],
  {
    at = Date.now(),
    type = "HTTP" as "HTTP" | "Cron",
    uid = "",
    timeoutMs = undefined as number | undefined,
  } = {},
): Promise<void> {
  for (const [index, phase] of phases.entries()) {
    await rig.log.append({
      ...{ id, phase, atUnixMs: at + index, audiences: [], root: null, exitCode: null },
      ...{ reason: "", message: "", trigger: { type, source: "" } },
      agent: { kind: "TaskAgent", namespace: "default", name: "bot", uid },
      ...(phase === "Dispatched" && timeoutMs !== undefined && { timeoutMs }),
    });
  }
}

const hourMs = 60 * 60_000;

t.test("calls of a former life end where no worker can run them, and ends stay", async (t) => {
  const { rig, lost } = await open(t, {
    told: async (log) => {
      await tell(log, first, ["Pending", "Dispatched"]);
      await tell(log, second, ["Pending"]);
      await tell(log, third, ["Pending", "Dispatched", "Running", "Succeeded"]);
      await tell(log, fourth, ["Pending"], { type: "Cron" });
    },
  });
  t.equal(await lost.sweep(), true, "the schedule may begin its call again");
  t.same(await rig.phases(first), ["Pending", "Dispatched", "Failed ControlStopped"]);
  t.same(await rig.phases(second), ["Pending", "Rejected ControlStopped"]);
  t.same(await rig.phases(third), ["Pending", "Dispatched", "Running", "Succeeded"]);
  t.same(await rig.phases(fourth), ["Pending"]);
  await lost.sweep();
  t.equal(lost.ended, 2, "each once");
});

t.test(
  "a scheduled call that nobody begins again is rejected after the time to catch up",
  async (t) => {
    const at = Date.now() - 11 * 60_000;
    const { rig, lost } = await open(t, {
      told: (log) => tell(log, first, ["Pending"], { type: "Cron", at }),
    });
    t.equal(await lost.sweep(), false);
    t.same(await rig.phases(first), ["Pending", "Rejected ControlStopped"]);
  },
);

t.test("a call waits while a worker may run it", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost } = await open(t, { clock, agent: { timeout: "1h" } });
  const beat = (activeExecutions: number, lastHeartbeat: string) =>
    rig.report({ podName: "w-1", imagePulled: true, activeExecutions, lastHeartbeat });
  await beat(1, "2026-01-01T00:00:00Z");
  await tell(rig, first, ["Pending", "Dispatched", "Running"], { at: clock.now() });
  t.equal(await lost.sweep(), true, "a worker says that it runs one");
  await beat(0, "2026-01-01T00:00:05Z");
  t.equal(await lost.sweep(), false);
  t.same((await rig.phases(first)).at(-1), "Failed ControlStopped");
  await beat(1, "2026-01-01T00:00:10Z");
  await tell(rig, second, ["Pending", "Dispatched"], { at: clock.now() });
  t.equal(await lost.sweep(), true);
  clock.advance(15_000);
  t.equal(await lost.sweep(), false, "a worker that is not heard runs nothing");
  t.same((await rig.phases(second)).at(-1), "Failed ControlStopped");
});

t.test("a call has the time that its agent gave when it was dispatched", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost } = await open(t, { clock, agent: { timeout: "1s" } });
  let atS = 0;
  const beatUntil = async (untilS: number) => {
    for (; atS <= untilS; atS += 10) {
      const lastHeartbeat = new Date(atS * 1_000).toISOString();
      await rig.report({ podName: "w-1", imagePulled: true, activeExecutions: 2, lastHeartbeat });
      clock.advance(10_000);
    }
  };
  await beatUntil(0);
  // The schedule that began it was interrupted, and began it again much later.
  await tell(rig, first, ["Pending"], { at: clock.now() - hourMs, type: "Cron" });
  await tell(rig, first, ["Dispatched"], { at: clock.now(), type: "Cron", timeoutMs: 60_000 });
  await tell(rig, second, ["Pending", "Dispatched"], { at: clock.now(), timeoutMs: 1_000 });
  await beatUntil(80);
  t.equal(await lost.sweep(), true, "a second is what calls get now");
  t.equal((await rig.phases(first)).at(-1), "Dispatched");
  t.equal((await rig.phases(second)).at(-1), "Failed ControlStopped");
  await beatUntil(90);
  clock.advance(1_000);
  t.equal(await lost.sweep(), false);
  t.equal((await rig.phases(first)).at(-1), "Failed ControlStopped");
});

t.test("calls of an agent that is deleted, or made anew, have their time", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost } = await open(t, { clock, agent: { timeout: "1m" } });
  const { uid = "" } = rig.objects.find("TaskAgent", "bot")?.metadata ?? {};
  await tell(rig, first, ["Pending", "Dispatched"], { at: clock.now(), uid, timeoutMs: hourMs });
  await tell(rig, second, ["Pending", "Dispatched"], { at: clock.now(), uid });
  await rig.objects.remove("TaskAgent", "bot");
  await rig.objects.collector.idle();
  await rig.reconcilers.idle();
  t.equal(await lost.sweep(), true, "no worker can say that it runs them");
  await rig.objects.apply(taskAgent("bot"));
  await rig.reconcilers.idle();
  t.equal(await lost.sweep(), true, "and none of another agent can");
  clock.advance(hourMs + 29_000);
  t.equal(await lost.sweep(), true);
  t.equal((await rig.phases(first)).at(-1), "Dispatched");
  clock.advance(2_000);
  t.equal(await lost.sweep(), true);
  t.equal((await rig.phases(first)).at(-1), "Failed ControlStopped");
  t.equal((await rig.phases(second)).at(-1), "Dispatched", "nobody said how long it may take");
  clock.advance(24 * hourMs);
  t.equal(await lost.sweep(), false);
  t.equal((await rig.phases(second)).at(-1), "Failed ControlStopped");
});

t.test("a call tells how long it may take", async (t) => {
  const { rig } = await open(t, { agent: { timeout: "1m30s" } });
  await rig.report(await rig.startWorker(t, "w-1", (_request, response) => response.end()));
  const admitted = await rig.dispatcher.admit({
    ...{ id: first, namespace: "default", name: "bot", headers: {}, signal: never },
    trigger: { type: "HTTP", source: "" },
  });
  t.equal(admitted.kind, "admitted");
  t.same(
    (await rig.events()).map(({ phase, timeoutMs }) => [phase, timeoutMs]),
    [
      ["Pending", undefined],
      ["Dispatched", 90_000],
    ],
  );
});

t.test("what a worker said before this process began proves nothing", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost } = await open(t, { clock });
  await rig.report({ podName: "w-1", imagePulled: true, activeExecutions: 0 });
  await rig.reconcilers.close();
  const again = rig.objects.start(t);
  await again.idle();
  const { directory } = again;
  const key = `default/${rig.revision}`;
  t.match(directory.liveWorkers(key), [{ podName: "w-1", isHeardHere: false }]);
  t.match(rig.reconcilers.directory.liveWorkers(key), [{ isHeardHere: true }]);
  const restarted = new LostCalls({
    calls: {
      find: async () => [
        {
          ...{ id: first, phase: "Dispatched", createdMs: clock.now(), dispatchedMs: null },
          timeoutMs: null,
          trigger: { type: "HTTP", source: "" },
          agent: { kind: "TaskAgent", namespace: "default", name: "bot", uid: "" },
        },
      ],
      subscribe: () => () => {},
    },
    dispatcher: rig.dispatcher,
    ...{ store: rig.objects.store, resources: allResources(), log: rig.log, traces: testTraces },
    ...{ directory, clock, logger: silentLogger },
  });
  t.teardown(() => restarted.close());
  t.equal(await restarted.sweep(), true);
  await rig.objects.report(rig.revision, [
    {
      podName: "w-1",
      imagePulled: true,
      activeExecutions: 0,
      lastHeartbeat: "2026-01-01T00:00:05Z",
    },
  ]);
  t.equal(await restarted.sweep(), false);
  t.equal(lost.ended, 0);
  t.equal(restarted.ended, 1);
});

t.test(
  "calls of this process are left to it, and one that was answered to its worker",
  async (t) => {
    const clock = new ManualClock(Date.now());
    const { rig, lost } = await open(t, { clock });
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const worker = await rig.startWorker(t, "w-1", async (_request, response) => {
      await hold;
      response.end("done");
    });
    await rig.report(worker);
    const admitted = await rig.dispatcher.admit({
      ...{ id: first, namespace: "default", name: "bot", headers: {}, signal: never },
      trigger: { type: "HTTP", source: "" },
    });
    if (admitted.kind !== "admitted") throw new Error(admitted.message);
    const sent = admitted.send();
    t.equal(await lost.sweep(), false);
    release();
    const answer = await sent;
    if (answer.kind !== "answered") throw new Error(answer.message);
    t.equal(await text(answer.response), "done");
    t.equal(await answer.ended, "complete");
    t.equal(await lost.sweep(), true, "its worker has 15 seconds to tell");
    t.same(await rig.phases(first), ["Pending", "Dispatched"]);
    clock.advance(15_000);
    t.equal(await lost.sweep(), false);
    t.same(await rig.phases(first), ["Pending", "Dispatched", "Succeeded Answered"]);
  },
);

t.test("calls of this process do not stand for those that a worker reported before", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost } = await open(t, { clock, agent: { timeout: "1h" } });
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", async (_request, response) => {
    await hold;
    response.end();
  });
  const beat = (activeExecutions: number, lastHeartbeat: string) =>
    rig.report({
      podName: "w-1",
      endpoint: worker.endpoint,
      imagePulled: true,
      activeExecutions,
      lastHeartbeat,
    });
  await beat(1, "2026-01-01T00:00:00Z");
  await tell(rig, first, ["Pending", "Dispatched", "Running"], { at: clock.now() });
  const admitted = await rig.dispatcher.admit({
    ...{ id: second, namespace: "default", name: "bot", headers: {}, signal: never },
    trigger: { type: "HTTP", source: "" },
  });
  if (admitted.kind !== "admitted") throw new Error(admitted.message);
  const sent = admitted.send();
  while (worker.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(rig.dispatcher.inFlightOf("default", "bot"), 1);
  t.equal(await lost.sweep(), true);
  t.equal((await rig.phases(first)).at(-1), "Running");
  for (const at of ["05", "10", "15", "20"]) {
    clock.advance(5_000);
    await beat(2, `2026-01-01T00:00:${at}Z`);
    t.equal(await lost.sweep(), true, "and it runs another one");
  }
  clock.advance(5_000);
  await beat(1, "2026-01-01T00:00:25Z");
  t.equal(await lost.sweep(), false, "now it runs ours alone");
  t.equal((await rig.phases(first)).at(-1), "Failed ControlStopped");
  release();
  const answer = await sent;
  if (answer.kind === "answered") answer.response.resume();
});

t.test("very many calls that may still run keep none from its end", async (t) => {
  const { rig, lost } = await open(t, {
    told: async (log) => {
      const gone = { kind: "TaskAgent", namespace: "default", name: "a-deleted", uid: "" };
      const root = { root: null, exitCode: null, reason: "", message: "" };
      await Promise.all(
        Array.from({ length: 2 * mostOpenInvocations + 1 }, (_, index) =>
          log.log.append({
            ...{ id: invocationId(index), phase: "Dispatched", atUnixMs: Date.now(), agent: gone },
            ...{ ...root, audiences: [], trigger: { type: "HTTP", source: "" } },
          }),
        ),
      );
      await tell(log, first, ["Pending", "Dispatched"]);
    },
  });
  t.equal(await lost.sweep(), true);
  const { latest, epoch } = await rig.log.ends();
  const end = await rig.log.read({ epoch, sequence: latest - 1 }, { limit: 1 });
  t.match(end, { events: [{ event: { id: first, phase: "Failed" } }] });
  t.equal(lost.ended, 1);
});

t.test("an answer is remembered while its call is open, on whatever page", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost: other } = await open(t, { clock });
  await other.close();
  const { own } = rig.dispatcher;
  const many = Array.from({ length: mostOpenInvocations }, (_, index) => String(index));
  for (const id of [...many, first]) own.begin(id);
  own.answer(first, 200);
  let seen = [...many, first];
  const calls = pagesOf(() => seen, clock);
  const lost = lostCalls(rig, { calls, clock });
  t.teardown(() => lost.close());
  for (let atS = 0; atS <= 60; atS += 10) {
    const lastHeartbeat = new Date(atS * 1_000).toISOString();
    await rig.report({ podName: "w-1", imagePulled: true, activeExecutions: 5_000, lastHeartbeat });
    await lost.sweep();
    clock.advance(10_000);
  }
  await lost.sweep();
  t.match(own.find(first), { kind: "answered" });
  seen = many;
  await lost.sweep();
  t.equal(own.find(first), undefined);
});

t.test("after a long look comes a long rest", async (t) => {
  const clock = new ManualClock(Date.now());
  const { rig, lost: other } = await open(t, { clock });
  await other.close();
  let looks = 0;
  let tell = () => {};
  const calls = {
    find: async () => {
      looks++;
      clock.advance(500);
      return [];
    },
    subscribe: (onChange: () => void) => {
      tell = onChange;
      return () => {};
    },
  };
  const lost = lostCalls(rig, { calls, clock });
  t.teardown(() => lost.close());
  clock.advance(0);
  await lost.sweep();
  t.equal(looks, 2);
  tell();
  clock.advance(1_999);
  await lost.sweep();
  t.equal(looks, 3);
  clock.advance(1);
  await lost.sweep();
  t.equal(looks, 5);
});

function lostCalls(
  rig: DispatchRig,
  { calls, clock }: { readonly calls: OpenCalls; readonly clock: ManualClock },
): LostCalls {
  return new LostCalls({
    ...{ calls, dispatcher: rig.dispatcher },
    ...{ store: rig.objects.store, resources: allResources(), log: rig.log, traces: testTraces },
    ...{ directory: rig.reconcilers.directory, clock, logger: silentLogger },
  });
}

/** Calls of `bot` that are dispatched, in the order of the ids. */
function pagesOf(ids: () => readonly string[], clock: ManualClock): OpenCalls {
  return {
    find: async (last) => {
      const from = last === undefined ? 0 : ids().indexOf(last.id) + 1;
      return ids()
        .slice(from, from + mostOpenInvocations)
        .map((id) => ({
          ...{ id, phase: "Dispatched", createdMs: clock.now(), dispatchedMs: null },
          ...{ timeoutMs: null, trigger: { type: "HTTP", source: "" } },
          agent: { kind: "TaskAgent", namespace: "default", name: "bot", uid: "" },
        }));
    },
    subscribe: () => () => {},
  };
}
