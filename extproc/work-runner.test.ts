/** Tests that the outcome of slow work comes once, in time, and never after it was given up. */
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import type { Command, WorkOutcome } from "../gateway/decision.ts";
import type { Worker } from "./work-runner.ts";
import { WorkRunner } from "./work-runner.ts";

/** Work that ends when the test says so. */
function controlledWorker() {
  const calls: PromiseWithResolvers<unknown>[] = [];
  const signals: AbortSignal[] = [];
  const worker: Worker = (_input, signal) => {
    signals.push(signal);
    const call = Promise.withResolvers<unknown>();
    calls.push(call);
    return call.promise;
  };
  return { worker, calls, signals };
}

function start(worker: Worker, maxRunning?: number) {
  const clock = new ManualClock();
  const workers = new Map([["token", worker]]);
  const runner = new WorkRunner({
    workers,
    clock,
    ...(maxRunning !== undefined && { maxRunning }),
  });
  const outcomes: WorkOutcome[] = [];
  const run = (changes: Partial<Command> = {}) =>
    runner.start(
      { kind: "work", worker: "token", input: "in", deadlineMs: 50, ...changes },
      (outcome) => outcomes.push(outcome),
    );
  return { clock, outcomes, run };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

t.test("start() gives the worker its input and tells what it found", async (t) => {
  const inputs: unknown[] = [];
  const { outcomes, run, clock } = start(async (input) => {
    inputs.push(input);
    return { token: 1 };
  });
  const input = { audience: "a" };
  run({ input });
  t.same(outcomes, [], "never before it returns");
  await settled();
  t.equal(inputs[0], input);
  t.same(outcomes, [{ kind: "done", value: { token: 1 } }]);
  t.equal(clock.pendingTimers, 0);
});

t.test("start() tells of a failure without its reason", async (t) => {
  const secret = "sk-in-an-error";
  const rejects: Worker = () => Promise.reject(new Error(secret));
  const throws: Worker = () => {
    throw new Error(secret);
  };
  for (const worker of [rejects, throws]) {
    const { outcomes, run, clock } = start(worker);
    run();
    await settled();
    t.same(outcomes, [{ kind: "failed" }]);
    t.notMatch(JSON.stringify(outcomes), secret);
    t.equal(clock.pendingTimers, 0);
  }
});

t.test("start() is late at the deadline, once, and tells the worker to stop", async (t) => {
  const { worker, calls, signals } = controlledWorker();
  const { clock, outcomes, run } = start(worker);
  run();
  clock.advance(49);
  t.same(outcomes, []);
  t.notOk(signals[0]?.aborted);
  clock.advance(1);
  t.same(outcomes, [{ kind: "late" }]);
  t.ok(signals[0]?.aborted);
  calls[0]?.resolve("too late");
  await settled();
  t.same(outcomes, [{ kind: "late" }]);
});

t.test("start() gives a function that gives the work up for good", async (t) => {
  const { worker, calls, signals } = controlledWorker();
  const { clock, outcomes, run } = start(worker);
  const giveUp = run();
  giveUp();
  giveUp();
  t.ok(signals[0]?.aborted);
  t.equal(clock.pendingTimers, 0);
  calls[0]?.reject(new Error("Nobody waits"));
  clock.advance(1_000);
  await settled();
  t.same(outcomes, []);
});

t.test("start() gives nothing up that has already ended", async (t) => {
  const { outcomes, run } = start(async () => 1);
  const giveUp = run();
  await settled();
  giveUp();
  t.same(outcomes, [{ kind: "done", value: 1 }]);
});

t.test("start() fails for a worker that nobody has, after it returned", async (t) => {
  const { outcomes, run, clock } = start(async () => 1);
  run({ worker: "constructor" });
  t.same(outcomes, []);
  await settled();
  t.same(outcomes, [{ kind: "failed" }]);
  t.equal(clock.pendingTimers, 0);
  run({ worker: "" })();
  await settled();
  t.equal(outcomes.length, 1, "given up before it was told");
});

t.test("start() fails beyond the most pieces at once, and not once one has ended", async (t) => {
  const { worker, calls } = controlledWorker();
  const { outcomes, run } = start(worker, 2);
  run();
  run();
  run();
  await settled();
  t.same(outcomes, [{ kind: "failed" }]);
  t.equal(calls.length, 2, "the third never began");
  calls[0]?.reject(new Error("No"));
  await settled();
  run();
  await settled();
  t.equal(calls.length, 3);
  t.same(outcomes, [{ kind: "failed" }, { kind: "failed" }]);
});

t.test("start() counts work that is late or given up until it really ends", async (t) => {
  const { worker, calls } = controlledWorker();
  const { clock, outcomes, run } = start(worker, 1);
  run();
  clock.advance(50);
  run();
  await settled();
  t.same(outcomes, [{ kind: "late" }, { kind: "failed" }], "it still holds what it holds");
  calls[0]?.resolve(0);
  await settled();
  run();
  calls[1]?.resolve(1);
  await settled();
  t.same(outcomes.at(-1), { kind: "done", value: 1 });
});
