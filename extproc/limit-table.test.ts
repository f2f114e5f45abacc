/** Tests of rate limits in shared memory: exact in one thread and in many, and never forgetful. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import { seededRandom } from "./testdata/random.ts";
import { createLimitMemory, LimitTable } from "./limit-table.ts";

const rate = { requests: 5, windowMs: 1_000 };

function tableOf(places?: number) {
  return new LimitTable(createLimitMemory(places));
}

function takeMany(table: LimitTable, count: number, nowMs: number, caller = "a"): number {
  const outcomes = Array.from({ length: count }, () => table.take(caller, rate, nowMs));
  return outcomes.filter(({ kind }) => kind === "taken").length;
}

t.test("take() gives so many at once, and then one after another", async (t) => {
  const table = tableOf();
  t.equal(takeMany(table, 10, 1_000), 5);
  t.same(table.take("a", rate, 1_000), { kind: "spent", afterMs: 200 });
  t.same(table.take("a", rate, 1_150), { kind: "spent", afterMs: 50 });
  t.equal(takeMany(table, 10, 1_200), 1);
  t.equal(takeMany(table, 10, 1_800), 3);
  t.equal(takeMany(table, 10, 2_800), 5, "all are possible again after a whole window");
});

t.test("take() tells callers apart", async (t) => {
  const table = tableOf();
  t.equal(takeMany(table, 10, 0, "a"), 5);
  t.equal(takeMany(table, 10, 0, "b"), 5);
  t.equal(takeMany(table, 10, 0, "a"), 0);
});

const rates = [
  { requests: 1, windowMs: 1 },
  { requests: 3, windowMs: 1_000 },
  { requests: 7, windowMs: 0.001 },
  { requests: 1_000, windowMs: 3_600_000 },
  { requests: 100_000, windowMs: 60_000 },
  { requests: 999_983, windowMs: 86_399_999 },
];

for (const { requests, windowMs } of rates) {
  t.test(
    `take() gives exactly ${requests} in ${windowMs} ms, whatever the clock says`,
    async (t) => {
      for (const nowMs of [0, 1 / 3, 123_456_789.123_456, 4e9]) {
        const table = tableOf(16);
        let taken = 0;
        while (table.take("a", { requests, windowMs }, nowMs).kind === "taken") taken++;
        t.equal(taken, requests, `at ${nowMs} ms`);
      }
    },
  );
}

t.test("take() allows what a queue of that rate would", async (t) => {
  const random = seededRandom(7);
  for (let run = 0; run < 200; run++) {
    const table = tableOf(16);
    const requests = 1 + random.below(20);
    const windowMs = requests * (1 + random.below(50));
    const interval = windowMs / requests;
    let now = random.below(1_000_000);
    let used = 0;
    for (let step = 0; step < 200; step++) {
      const passed = random.below(Math.ceil(interval * 3));
      now += passed;
      used = Math.max(0, used - passed);
      const expected = used + interval <= windowMs;
      const outcome = table.take("a", { requests, windowMs }, now);
      if ((outcome.kind === "taken") !== expected) {
        t.fail(`run ${run} step ${step}: ${outcome.kind}, used ${used} of ${windowMs}`);
        return;
      }
      if (expected) used += interval;
      else if (outcome.kind === "spent") t.equal(outcome.afterMs, used + interval - windowMs);
    }
  }
});

t.test("giveBack() undoes what was taken", async (t) => {
  const table = tableOf();
  t.equal(takeMany(table, 5, 0), 5);
  table.giveBack("a", rate, 0);
  table.giveBack("a", rate, 0);
  t.equal(takeMany(table, 10, 0), 2);
  table.giveBack("nobody", rate, 0);
  t.equal(takeMany(table, 10, 0, "nobody"), 5);
});

t.test(
  "take() forgets nobody who is still limited, and lets nobody by whom it cannot count",
  async (t) => {
    const table = tableOf(16);
    const callers = Array.from({ length: 16 }, (_, index) => `caller ${index}`);
    for (const [index, caller] of callers.entries()) {
      t.equal(takeMany(table, 1 + (index % 5), index, caller), 1 + (index % 5));
    }
    const full = table.take("one more", rate, 20);
    t.match(full, { kind: "full" });
    t.ok(full.kind === "full" && full.afterMs > 0 && full.afterMs <= 200, JSON.stringify(full));
    for (const [index, caller] of callers.entries()) {
      t.equal(takeMany(table, 9, 20, caller), 4 - (index % 5), caller);
    }
    t.equal(table.take("one more", rate, 2_000).kind, "taken", "after all others are free again");
  },
);

t.test(
  "a table has room for as many callers as it says, and a little more than one in two of them",
  async (t) => {
    const table = tableOf(1_024);
    let taken = 0;
    for (let index = 0; index < 512; index++) {
      if (table.take(`caller ${index}`, rate, 0).kind === "taken") taken++;
    }
    t.ok(taken >= 500, `${taken} of 512`);
  },
);

t.test("LimitTable refuses memory that is not its own", async (t) => {
  t.throws(() => new LimitTable(new SharedArrayBuffer(100)), /not of its making/);
});

const thread = `
import { parentPort, workerData } from "node:worker_threads";
import { LimitTable } from ${JSON.stringify(new URL("./limit-table.ts", import.meta.url).href)};
const { memory, gate, callers, attempts, requests } = workerData;
const table = new LimitTable(memory);
parentPort.postMessage("ready");
Atomics.wait(new Int32Array(gate), 0, 0);
const taken = callers.map(() => 0);
for (let attempt = 0; attempt < attempts; attempt++) {
  for (const [index, caller] of callers.entries()) {
    const rate = { requests, windowMs: 3_600_000 };
    if (table.take(caller, rate, 1_000).kind === "taken") taken[index]++;
  }
}
parentPort.postMessage(taken);
`;

t.test("take() is exact when many threads ask at once", { timeout: 120_000 }, async (t) => {
  for (let repeat = 0; repeat < 10; repeat++) {
    const memory = createLimitMemory(16);
    const gate = new SharedArrayBuffer(4);
    const workerData = { memory, gate, callers: ["a", "b", "c"], attempts: 2_000, requests: 1_000 };
    const workers = Array.from({ length: 8 }, () => new Worker(thread, { eval: true, workerData }));
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const done = Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    const taken: number[][] = await done;
    const sums = [0, 1, 2].map((index) => taken.reduce((sum, of) => sum + (of[index] ?? 0), 0));
    t.same(sums, [1_000, 1_000, 1_000]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});

t.test("a lock whose thread has gone is taken over", { timeout: 60_000 }, async (t) => {
  const memory = createLimitMemory(16);
  const table = new LimitTable(memory);
  // What a thread leaves behind that ends between taking the lock and giving it back.
  new Int32Array(memory)[4] = 77;
  t.equal(table.take("a", rate, 0).kind, "taken");
  t.equal(table.takenOver, 1);
  t.equal(takeMany(table, 10, 0), 4);
  t.equal(table.takenOver, 1);
});

for (const requests of [1, 2, 50, 1_000, 65_535]) {
  t.test(`take() gives ${requests} in all, until nothing was asked for a window`, async (t) => {
    const total = { requests, windowMs: 1_000, isTotal: true } as const;
    for (const start of [0, 1 / 3, 86_400_000.000_1, 1.3e11]) {
      const table = tableOf(16);
      const takeAll = (nowMs: number) => {
        let taken = 0;
        while (table.take("a", total, nowMs).kind === "taken") taken++;
        return taken;
      };
      t.equal(takeAll(start), requests, `at ${start} ms`);
      t.equal(takeAll(start + 900), 0);
      t.equal(takeAll(start + 1_800), 0, "who asks is remembered");
      table.giveBack("a", total, start + 1_800);
      t.equal(takeAll(start + 1_800), 1, "what was given back");
      t.equal(takeAll(start + 2_802), requests, "forgotten");
    }
  });
}
