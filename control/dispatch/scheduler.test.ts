/** Tests of the scheduler, on a clock that stands still: when it calls, once, over restarts, and what it says of it. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { allResources } from "../apiserver/all-resources.ts";
import type { WorkerEntry } from "../reconcilers/testdata/reconciler-rig.ts";
import { taskAgent } from "../reconcilers/testdata/reconciler-rig.ts";
import { Scheduler } from "./scheduler.ts";
import type { TestWorker } from "./testdata/dispatch-rig.ts";
import { DispatchRig, readAll } from "./testdata/dispatch-rig.ts";

const newYear = Date.UTC(2026, 0, 1);
const minute = 60_000;

function start(t: Test, rig: DispatchRig): Scheduler {
  const scheduler = new Scheduler({
    ...{ store: rig.objects.store, resources: allResources(), dispatcher: rig.dispatcher },
    ...{ clock: rig.objects.clock, log: silentLogger },
  });
  t.teardown(() => scheduler.close());
  return scheduler;
}

async function open(t: Test, agent: object) {
  const clock = new ManualClock(newYear + 30_000);
  const rig = await DispatchRig.open(t, { agent, clock });
  const scheduler = start(t, rig);
  await scheduler.idle();
  let beats = 0;
  let worker: WorkerEntry | undefined;
  /** Makes it the worker, which is heard every 10 s from now on. */
  const keep = async ({ podName, endpoint }: Pick<TestWorker, "podName" | "endpoint">) => {
    const lastHeartbeat = new Date(newYear + ++beats).toISOString();
    worker = { podName, endpoint, imagePulled: true, lastHeartbeat };
    await rig.report(worker);
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 10_000) {
      if (worker?.endpoint !== undefined) await keep({ ...worker, endpoint: worker.endpoint });
      clock.advance(Math.min(left, 10_000));
    }
  };
  const pass = async (ms: number) => {
    await advance(ms);
    await scheduler.idle();
  };
  const status = () => rig.objects.status("TaskAgent", "bot");
  return { clock, rig, scheduler, keep, advance, pass, status };
}

t.test("a due agent is called once, with its input, and its times are told", async (t) => {
  const { rig, pass, keep, status } = await open(t, {
    schedule: "*/2 * * * *",
    scheduleInput: { a: 1 },
  });
  t.match(status(), { nextScheduleTime: "2026-01-01T00:02:00Z" });
  t.notOk(status().lastScheduleTime);
  t.match(rig.objects.reasons("TaskAgent", "bot").at(-1), "Scheduled: ScheduleRegistered");
  const bodies: string[] = [];
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    bodies.push(await readAll(request, response));
    response.end();
  });
  await keep(worker);
  await pass(minute);
  t.equal(bodies.length, 0);
  await pass(minute);
  t.same(bodies, ['{"a":1}']);
  t.match(status(), {
    lastScheduleTime: "2026-01-01T00:02:00Z",
    nextScheduleTime: "2026-01-01T00:04:00Z",
  });
  t.match(worker.requests[0]?.headers, {
    "x-clrk-trigger": "cron",
    "content-type": "application/json",
  });
  const [event] = await rig.events();
  t.match(event, { trigger: { type: "Cron", source: "*/2 * * * *" } });
});

t.test("an agent whose call still runs is not called again, and that is told", async (t) => {
  const { rig, scheduler, status, keep, advance } = await open(t, {
    ...{ schedule: "* * * * *", timeout: "1h" },
  });
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", async (_request, response) => {
    await hold;
    response.end();
  });
  await keep(worker);
  const settle = async (lastScheduleTime: string) => {
    while (status().lastScheduleTime !== lastScheduleTime) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await advance(30_000);
  await settle("2026-01-01T00:01:00Z");
  t.equal(scheduler.running, 1);
  await advance(minute);
  await settle("2026-01-01T00:02:00Z");
  t.match(rig.objects.reasons("TaskAgent", "bot").at(-1), "Scheduled: LastFireFailed");
  t.match(JSON.stringify(status()), "the call before it has not ended");
  release();
  await scheduler.idle();
  t.equal(worker.requests.length, 1);
  await advance(minute);
  await settle("2026-01-01T00:03:00Z");
  await scheduler.idle();
  t.equal(worker.requests.length, 2);
  t.match(rig.objects.reasons("TaskAgent", "bot").at(-1), "Scheduled: ScheduleRegistered");
});

t.test("a call that is refused or answered with an error is told as failed", async (t) => {
  const { rig, pass, keep, status } = await open(t, { schedule: "* * * * *" });
  await pass(30_000);
  t.match(rig.objects.reasons("TaskAgent", "bot").at(-1), "Scheduled: LastFireFailed");
  t.match(JSON.stringify(status().conditions.at(-1)), "no worker can run a revision of it yet");
  const worker = await rig.startWorker(t, "w-1", (_request, response) => {
    response.writeHead(404).end();
  });
  await keep(worker);
  await pass(minute);
  t.match(JSON.stringify(status().conditions.at(-1)), "answered with status 404");
});

t.test("a restart repeats no call, and catches up with the newest that was missed", async (t) => {
  const { rig, advance, scheduler, keep, pass, status } = await open(t, { schedule: "* * * * *" });
  const worker = await rig.startWorker(t, "w-1", (_request, response) => void response.end());
  await keep(worker);
  await pass(30_000);
  t.equal(worker.requests.length, 1);
  await scheduler.close();
  const stored = status();
  // As after a kill between the call and its status.
  t.match(stored, { lastScheduleTime: "2026-01-01T00:01:00Z" });
  await rig.objects.writeStatus("TaskAgent", "bot", {
    lastScheduleTime: null,
    nextScheduleTime: "2026-01-01T00:01:00Z",
  });
  const second = start(t, rig);
  await second.idle();
  t.equal(worker.requests.length, 1, "the call is known by its id");
  t.match(status(), { nextScheduleTime: "2026-01-01T00:02:00Z" });
  t.match(status(), { lastScheduleTime: "2026-01-01T00:01:00Z" });
  await second.close();
  await advance(3 * minute + 1_000);
  const third = start(t, rig);
  await third.idle();
  t.equal(worker.requests.length, 2);
  t.equal(third.missed, 2);
  t.match(status(), {
    lastScheduleTime: "2026-01-01T00:04:00Z",
    nextScheduleTime: "2026-01-01T00:05:00Z",
  });
});

t.test("a schedule that is changed or taken away counts at once", async (t) => {
  const { rig, scheduler, status, clock } = await open(t, { schedule: "0 * * * *" });
  t.match(status(), { nextScheduleTime: "2026-01-01T01:00:00Z" });
  await rig.objects.apply(taskAgent("bot", { schedule: "CRON_TZ=Asia/Tokyo 30 9 * * *" }));
  await scheduler.idle();
  t.match(status(), { nextScheduleTime: "2026-01-01T00:30:00Z" });
  await rig.objects.apply(taskAgent("bot", { schedule: "@every 90s" }));
  await scheduler.idle();
  t.match(status(), { nextScheduleTime: "2026-01-01T00:02:00Z" });
  await rig.objects.apply(taskAgent("bot"));
  await scheduler.idle();
  t.notOk(status().nextScheduleTime);
  t.notMatch(rig.objects.reasons("TaskAgent", "bot").join(), "Scheduled");
  clock.advance(10 * minute);
  await scheduler.idle();
  t.same(await rig.events(), []);
});
