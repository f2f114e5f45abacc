/** Tests of budgets in shared memory: all or none, exact in many threads, and never forgetful. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import { BudgetTable, createBudgetMemory } from "./budget-table.ts";

const untilMs = 1_000_000;
const tableOf = (places?: number) => new BudgetTable(createBudgetMemory(places));
const need = (key: string, amount: number, limit = 100) => ({ key, amount, limit, untilMs });

t.test("reserve() takes as long as there is room for all of it", async (t) => {
  const table = tableOf();
  t.same(table.reserve([need("a", 60)], 0), { kind: "reserved" });
  t.same(table.reserve([need("a", 41)], 0), { kind: "exhausted", position: 0, left: 40 });
  t.same(table.reserve([need("a", 40)], 0), { kind: "reserved" });
  t.same(table.reserve([need("a", 1)], 0), { kind: "exhausted", position: 0, left: 0 });
  t.same(table.reserve([need("a", 0)], 0), { kind: "reserved" });
  t.same(table.read("a", 0), { used: 0, reserved: 100 });
});

t.test("reserve() takes from all counts or from none", async (t) => {
  const table = tableOf();
  const needs = [need("a", 10), need("b", 10, 15), need("c", 10)];
  t.same(table.reserve(needs, 0), { kind: "reserved" });
  t.same(table.reserve(needs, 0), { kind: "exhausted", position: 1, left: 5 });
  for (const key of ["a", "b", "c"]) t.same(table.read(key, 0), { used: 0, reserved: 10 });
});

t.test("settle() puts what was used in the place of what was reserved", async (t) => {
  const table = tableOf();
  table.reserve([need("a", 60)], 0);
  table.reserve([need("a", 30)], 0);
  table.settle([{ key: "a", reserved: 60, used: 7, untilMs }], 0);
  t.same(table.read("a", 0), { used: 7, reserved: 30 });
  table.settle([{ key: "a", reserved: 30, used: 200, untilMs }], 0);
  t.same(table.read("a", 0), { used: 207, reserved: 0 }, "an estimate may have been too low");
  t.same(table.reserve([need("a", 1)], 0), { kind: "exhausted", position: 0, left: 0 });
  table.settle([{ key: "nobody", reserved: 1, used: 1, untilMs }], 0);
  t.same(table.read("nobody", 0), { used: 0, reserved: 0 });
});

t.test("a count ends with its time, and goes on as long as it is used", async (t) => {
  const table = tableOf();
  table.reserve([{ ...need("day", 100), untilMs: 50 }], 0);
  t.equal(table.reserve([need("day", 1)], 49).kind, "exhausted");
  t.equal(table.reserve([{ ...need("day", 100), untilMs: 99 }], 50).kind, "reserved");
  table.settle([{ key: "day", reserved: 100, used: 100, untilMs: 150 }], 60);
  t.equal(table.reserve([need("day", 1)], 149).kind, "exhausted");
  t.same(table.read("day", 150), { used: 0, reserved: 0 });
});

t.test("load() counts what was used before", async (t) => {
  const table = tableOf(16);
  t.equal(table.load({ key: "a", used: 95, untilMs }, 0), true);
  t.same(table.reserve([need("a", 6)], 0), { kind: "exhausted", position: 0, left: 5 });
});

t.test(
  "reserve() forgets no count that holds, and lets nobody by whom it cannot count",
  async (t) => {
    const table = tableOf(16);
    for (let index = 0; index < 16; index++) {
      t.equal(
        table.reserve([{ ...need(`count ${index}`, 100), untilMs: 100 }], 0).kind,
        "reserved",
      );
    }
    t.equal(table.reserve([need("one more", 1)], 99).kind, "full");
    t.equal(table.load({ key: "one more", used: 1, untilMs }, 99), false);
    for (let index = 0; index < 16; index++) {
      t.equal(table.reserve([need(`count ${index}`, 1)], 99).kind, "exhausted");
    }
    const several = Array.from({ length: 16 }, (_, index) => need(`new ${index}`, 1));
    t.equal(table.reserve(several, 100).kind, "reserved", "each has a place of its own");
    for (let index = 0; index < 16; index++) {
      t.same(table.read(`new ${index}`, 100), { used: 0, reserved: 1 });
    }
  },
);

t.test("BudgetTable refuses memory that is not its own", async (t) => {
  t.throws(() => new BudgetTable(new SharedArrayBuffer(100)), /not of its making/);
});

const thread = `
import { parentPort, workerData } from "node:worker_threads";
import { BudgetTable } from ${JSON.stringify(new URL("./budget-table.ts", import.meta.url).href)};
const { memory, gate, attempts, limits } = workerData;
const table = new BudgetTable(memory);
parentPort.postMessage("ready");
Atomics.wait(new Int32Array(gate), 0, 0);
let charged = 0;
let over = 0;
for (let attempt = 0; attempt < attempts; attempt++) {
  const amount = 1 + (attempt % 7);
  const keys = attempt % 2 === 0 ? ["a", "b"] : ["b", "a"];
  const needs = keys.map((key) => ({ key, amount, limit: limits[key], untilMs: 1e12 }));
  if (table.reserve(needs, 1).kind !== "reserved") continue;
  const { used, reserved } = table.read("a", 1);
  if (used + reserved > limits.a) over++;
  const used_ = attempt % 3 === 0 ? 0 : amount;
  charged += used_;
  table.settle(keys.map((key) => ({ key, reserved: amount, used: used_, untilMs: 1e12 })), 1);
}
parentPort.postMessage({ charged, over });
`;

t.test(
  "reserve() and settle() are exact when many threads do both at once",
  { timeout: 120_000 },
  async (t) => {
    for (const [repeat, limits] of [
      { a: 1e9, b: 1e9 },
      { a: 10_000, b: 1e9 },
      { a: 1e9, b: 9_000 },
    ].entries()) {
      const memory = createBudgetMemory(16);
      const gate = new SharedArrayBuffer(4);
      const workerData = { memory, gate, attempts: 3_000, limits };
      const workers = Array.from(
        { length: 8 },
        () => new Worker(thread, { eval: true, workerData }),
      );
      await Promise.all(workers.map((worker) => once(worker, "message")));
      const done = Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
      Atomics.store(new Int32Array(gate), 0, 1);
      Atomics.notify(new Int32Array(gate), 0);
      const results: { readonly charged: number; readonly over: number }[] = await done;
      const charged = results.reduce((sum, one) => sum + one.charged, 0);
      const table = new BudgetTable(memory);
      t.same(table.read("a", 1), { used: charged, reserved: 0 }, `repeat ${repeat}`);
      t.same(table.read("b", 1), { used: charged, reserved: 0 }, `repeat ${repeat}`);
      t.equal(
        results.reduce((sum, one) => sum + one.over, 0),
        0,
        "never above the limit",
      );
      if (repeat > 0)
        t.ok(charged > 8_900 && charged <= Math.min(limits.a, limits.b), `${charged}`);
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  },
);
