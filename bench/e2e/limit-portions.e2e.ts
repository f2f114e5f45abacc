/**
 * Limits that replicas share by a real NATS: holders of three replicas, whose clocks disagree by twenty minutes, take
 * portions of one bucket. What passes was taken before, whatever fails.
 */
import t from "tap";
import type { Test } from "tap";
import { PortionHolder } from "../../extproc/portion-holder.ts";
import { createPortionMemory, PortionTable } from "../../extproc/portion-table.ts";
import { PortionWaiters } from "../../extproc/portion-waiters.ts";
import { createLimitMemory, LimitTable } from "../../extproc/limit-table.ts";
import { RateLimits } from "../../extproc/rate-limits.ts";
import { createCounters, ThreadCounters } from "../../extproc/thread-counters.ts";
import { WorkRunner } from "../../extproc/work-runner.ts";
import type { Clock } from "../../gateway/clock.ts";
import { monotonicMs, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { openNatsLimitStore } from "../../gateway/nats-limit-store.ts";
import type { LimitVerdict } from "../../gateway/rate-limiter.ts";
import type { LimitPlan } from "../../gateway/snapshot.ts";
import { needsNats, startNatsServer } from "../harness/nats-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { cuttableLine } from "../harness/cuttable-line.ts";

const { program, skip } = await needsNats();
const minuteMs = 60_000;
const route = { kind: "EgressHTTPRoute", namespace: "default", name: "tools" };

/** This machine's time as one sees it whose clocks are wrong by so much. */
function skewedClock(byMs: number): Clock {
  return {
    ...systemClock,
    now: () => systemClock.now() + byMs,
    monotonicNs: () => systemClock.monotonicNs() + BigInt(byMs + 24 * 60 * minuteMs) * 1_000_000n,
  };
}

function limitOf(name: string, more: Partial<LimitPlan> = {}): LimitPlan {
  return {
    policy: { kind: "RateLimitPolicy", namespace: "default", name },
    requests: 300,
    windowMs: 60 * minuteMs,
    scope: "PerRoute",
    shared: { onUnreachable: "Refuse" },
    ...more,
  };
}

/** One replica with a single thread, as the process and its thread are put together. */
function startReplica(test: Test, url: string, skewMs: number) {
  const clock = skewedClock(skewMs);
  const replica = `r${Math.random().toString(36).slice(2)}`;
  const store = openNatsLimitStore({ servers: [url], replica, clock, log: silentLogger });
  const memory = createPortionMemory();
  const waiters = new PortionWaiters((ask) => setImmediate(() => holder.ask(ask)));
  const holder = new PortionHolder({
    store,
    table: new PortionTable(memory),
    clock,
    onAnswered: (caller) => setImmediate(() => waiters.onAnswered(caller)),
  });
  const limiter = new RateLimits({
    table: new LimitTable(createLimitMemory(64)),
    counters: new ThreadCounters(createCounters(1), 0),
    nowMs: () => monotonicMs(clock),
    agentOfRun: () => undefined,
    shared: { table: new PortionTable(memory), waiters },
  });
  const work = new WorkRunner({ workers: new Map([["limit-portion", limiter.wait]]), clock });
  const take = async (limit: LimitPlan): Promise<LimitVerdict> => {
    const request = { caller: "", route };
    const verdict = limiter.take([limit], request);
    if (verdict.kind !== "work") return verdict;
    return new Promise((resolve) => {
      work.start(verdict, (outcome) => resolve(limiter.settle([limit], request, outcome)));
    });
  };
  const close = async () => {
    await holder.close();
    await store.close();
  };
  test.teardown(close);
  return { store, holder, take, close };
}

type Replica = ReturnType<typeof startReplica>;

async function startReplicas(test: Test, url: string, skewsMs: readonly number[]) {
  const replicas = skewsMs.map((skewMs) => startReplica(test, url, skewMs));
  await waitUntil(
    () => replicas.every(({ store }) => store.state.isReachable && store.state.replicas > 0),
    { deadlineMs: 10_000, what: "replicas that reach the store" },
  );
  return replicas;
}

interface Counts {
  taken: number;
  spent: number;
  full: number;
  unreachable: number;
}

/** Callers of each replica that ask one after another; how many of what they asked passed. */
async function askWhile(
  replicas: readonly Replica[],
  limit: LimitPlan,
  goesOn: (own: Readonly<Counts>) => boolean,
): Promise<Counts> {
  const all = { taken: 0, spent: 0, full: 0, unreachable: 0 };
  const callers = replicas.flatMap((replica) => Array.from({ length: 8 }, () => replica));
  await Promise.all(
    callers.map(async (replica) => {
      const own = { taken: 0, spent: 0, full: 0, unreachable: 0 };
      while (goesOn(own)) {
        const verdict = await replica.take(limit);
        const outcome = verdict.kind === "taken" ? "taken" : verdict.cause;
        own[outcome]++;
        all[outcome]++;
        if (verdict.kind === "limited") await new Promise((wake) => setTimeout(wake, 10));
      }
    }),
  );
  return all;
}

/** Until each caller was told so often that nothing is left: over more than the time of two portions. */
function exhaust(replicas: readonly Replica[], limit: LimitPlan): Promise<Counts> {
  return askWhile(replicas, limit, ({ spent }) => spent < 250);
}

function askFor(replicas: readonly Replica[], limit: LimitPlan, forMs: number): Promise<Counts> {
  const endMs = performance.now() + forMs;
  return askWhile(replicas, limit, () => performance.now() < endMs);
}

t.test(
  "all replicas together pass what one would, whatever their clocks say",
  { skip },
  async (test) => {
    const nats = await startNatsServer(test, program);
    const replicas = await startReplicas(test, nats.url, [-10 * minuteMs, 0, 10 * minuteMs]);
    const limit = limitOf("skewed");
    const counts = await exhaust(replicas, limit);
    test.ok(counts.taken >= 270 && counts.taken <= 300, `${counts.taken} of 300 passed`);
    // Where it refills, so does it for all of them: 100 at once, and 100 in each second.
    const steady = limitOf("steady", { requests: 100, windowMs: 1_000 });
    const startedMs = performance.now();
    const { taken } = await askFor(replicas, steady, 3_000);
    const most = 100 + (performance.now() - startedMs) / 10 + 1;
    // A machine that is busy with other things may be late with questions, and never too generous.
    test.ok(taken <= most && taken >= most / 2, `${taken} of ${most} passed`);
  },
);

t.test(
  "the first request of a caller is not refused, and the last one at once",
  { skip },
  async (test) => {
    const nats = await startNatsServer(test, program);
    const replicas = await startReplicas(test, nats.url, [0, 0]);
    const [one, two] = replicas as [Replica, Replica];
    const limit = limitOf("small", { requests: 2 });
    test.equal((await one.take(limit)).kind, "taken");
    test.equal((await two.take(limit)).kind, "taken");
    const startedMs = performance.now();
    const verdict = await waitUntil(
      async () => {
        const found = await one.take(limit);
        return found.kind === "limited" ? found : undefined;
      },
      { deadlineMs: 10_000, what: "the end of the limit" },
    );
    test.ok(performance.now() - startedMs < 2_000);
    test.match(verdict, { cause: "spent" });
    test.ok(verdict.afterMs > 29 * minuteMs && verdict.afterMs <= 30 * minuteMs);
  },
);

t.test("what a replica leaves unused goes to the others", { skip }, async (test) => {
  const nats = await startNatsServer(test, program);
  const [one, two] = (await startReplicas(test, nats.url, [0, 0])) as [Replica, Replica];
  const limit = limitOf("returned", { requests: 40 });
  for (let index = 0; index < 3; index++) await one.take(limit);
  // It holds some now, which time alone gives back.
  await waitUntil(() => one.holder.size === 0, { deadlineMs: 10_000, what: "nothing held" });
  const first = await exhaust([two], limit);
  test.equal(first.taken, 37);
  const other = limitOf("closed", { requests: 40 });
  for (let index = 0; index < 3; index++) await one.take(other);
  await one.close();
  test.equal((await exhaust([two], other)).taken, 37, "also at its end");
});

t.test(
  "a replica that is gone at once takes no more than it held with it",
  { skip },
  async (test) => {
    const nats = await startNatsServer(test, program);
    const line = await cuttableLine(test, nats.port);
    const [near] = await startReplicas(test, nats.url, [0]);
    const [lost] = await startReplicas(test, `nats://127.0.0.1:${line.port}`, [0]);
    if (near === undefined || lost === undefined) return;
    const limit = limitOf("killed", { requests: 100 });
    const before = await askFor([lost, near], limit, 5);
    line.cut();
    const { taken } = await exhaust([near], limit);
    const sum = before.taken + taken;
    // Of what is left each portion is a third at most.
    test.ok(sum <= 100 && sum >= 100 * (2 / 3), `${sum} passed`);
  },
);

t.test(
  "without the store each limit does what it says, and says so until it is back",
  { skip },
  async (test) => {
    const nats = await startNatsServer(test, program);
    const replicas = await startReplicas(test, nats.url, [0, 0]);
    const [one] = replicas;
    if (one === undefined) return;
    await waitUntil(() => replicas.every(({ store }) => store.state.replicas === 2), {
      deadlineMs: 8_000,
      what: "two replicas that know of each other",
    });
    const refusing = limitOf("refusing");
    const sharing = limitOf("sharing", { shared: { onUnreachable: "LocalShare" } });
    const alone = limitOf("alone", { shared: { onUnreachable: "Local" } });
    test.equal((await one.take(refusing)).kind, "taken");
    await nats.kill();
    await waitUntil(() => !one.store.state.isReachable, { deadlineMs: 20_000, what: "the loss" });
    test.match(one.store.state.failure, /^Cannot reach NATS at nats:..127\.0\.0\.1:\d+: /);
    const refused = await waitUntil(
      async () => {
        const verdict = await one.take(limitOf("fresh"));
        return verdict.kind === "limited" ? verdict : undefined;
      },
      { deadlineMs: 10_000, what: "a refusal" },
    );
    test.match(refused, { cause: "unreachable", afterMs: 1_000 });
    const startedMs = performance.now();
    test.equal((await askFor([one], sharing, 300)).taken, 150, "an equal part of 300");
    test.equal((await askFor([one], alone, 300)).taken, 300);
    test.ok(performance.now() - startedMs < 2_000, "nobody waits for what cannot be asked");
    await nats.start();
    await waitUntil(() => replicas.every(({ store }) => store.state.isReachable), {
      deadlineMs: 15_000,
      what: "replicas that reach the store again",
    });
    const { taken } = await exhaust(replicas, refusing);
    test.ok(taken <= 299 && taken >= 270, `${taken} of 299 passed: what was used is still known`);
  },
);

t.test("a partition is noticed by a question, and heals by itself", { skip }, async (test) => {
  const nats = await startNatsServer(test, program);
  const line = await cuttableLine(test, nats.port);
  const [one] = await startReplicas(test, `nats://127.0.0.1:${line.port}`, [0]);
  if (one === undefined) return;
  line.cut();
  const limit = limitOf("cut");
  const startedMs = performance.now();
  test.match(await one.take(limit), { kind: "limited", cause: "unreachable" });
  const waitedMs = performance.now() - startedMs;
  test.ok(waitedMs < 2_000, `${waitedMs} ms`);
  await waitUntil(() => !one.store.state.isReachable, { deadlineMs: 10_000, what: "the loss" });
  line.mend();
  await waitUntil(() => one.store.state.isReachable, { deadlineMs: 20_000, what: "the way back" });
  test.equal((await one.take(limit)).kind, "taken");
});
