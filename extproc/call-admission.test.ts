import t from "tap";
import { admitCall } from "./call-admission.ts";
import { createBudgeter, lateEvening } from "./testdata/budgeter.ts";
import { createEstimates, demandOf } from "./testdata/estimates.ts";
import { createLimiter } from "./testdata/limiter.ts";
import { routedRule } from "./testdata/routing.ts";

const policy = { kind: "RateLimitPolicy", namespace: "default", name: "l" };
const limits = [{ policy, requests: 1, windowMs: 60_000, scope: "PerAgent" }] as const;
const budget = {
  counts: [{ name: "n", scope: "day", unit: "tokens", limit: 250 }],
} as const;
const demands = [demandOf({ input: 90, output: 10 })];
const first = { caller: "run:1", transaction: "t1" };
const second = { caller: "run:2", transaction: "t2" };
const key = "day tokens n 2026-11-28";

function tools(writes = () => true) {
  const { budgeter, table, lines, counters } = createBudgeter({ writes });
  const { estimates } = createEstimates();
  return { budgeter, table, lines, counters, estimates, limiter: createLimiter().limiter };
}

t.test("a call without limits and budget is admitted", async (test) => {
  const free = { kind: "admitted", account: undefined };
  test.strictSame(admitCall({ rule: routedRule([]), demands }, first, tools()), free);
  test.strictSame(admitCall({ rule: undefined, demands: [] }, first, tools()), free);
  const bounded = routedRule([], { budget: { maxOutputTokens: 5, counts: [] } });
  test.strictSame(admitCall({ rule: bounded, demands }, first, tools()), free);
});

t.test(
  "what a limit refuses takes nothing of the budget, and the other way round",
  async (test) => {
    const own = tools();
    const call = { rule: routedRule([], { budget, limits }), demands };
    test.equal(admitCall(call, first, own).kind, "admitted");
    test.match(admitCall(call, first, own), { refusal: { reason: "rate-limited" } });
    test.same(own.table.read(key, lateEvening), { used: 0, reserved: 100 });
    test.equal(own.lines.length, 1, "of what a limit refuses nothing is written");
    const large = { ...call, demands: [demandOf({ input: 200, output: 0 })] };
    test.match(admitCall(large, second, own), { refusal: { reason: "budget-exhausted" } });
    test.equal(admitCall(call, second, own).kind, "admitted", "its one request was still there");
  },
);

t.test("limits are asked before the budget, which then has not refused", async (test) => {
  const own = tools();
  const call = { rule: routedRule([], { budget, limits }), demands };
  const large = { ...call, demands: [demandOf({ input: 200, output: 0 })] };
  test.equal(admitCall(call, first, own).kind, "admitted");
  test.match(admitCall(large, first, own), { refusal: { reason: "rate-limited" } });
  test.equal(own.counters.get("exhaustedBudgets"), 0);
});

t.test("every limit has its request back when the budget refuses", async (test) => {
  let writes = false;
  const own = tools(() => writes);
  const total = { ...limits[0], policy: { ...policy, name: "t" }, isTotal: true } as const;
  const route = { ...limits[0], policy: { ...policy, name: "r" }, scope: "PerRoute" } as const;
  const call = { rule: routedRule([], { budget, limits: [...limits, total, route] }), demands };
  for (let turn = 0; turn < 3; turn++) {
    test.match(admitCall(call, first, own), { refusal: { reason: "budget-unavailable" } });
  }
  writes = true;
  test.equal(admitCall(call, first, own).kind, "admitted");
  test.match(admitCall(call, first, own), { refusal: { reason: "rate-limited" } });
  test.same(own.table.read(key, lateEvening), { used: 0, reserved: 100 });
});

t.test(
  "cancel() of a call that waits gives its requests and its reservation back",
  async (test) => {
    const { budgeter, table, endBatch } = createBudgeter({ batches: true });
    const { estimates } = createEstimates();
    const own = { budgeter, estimates, limiter: createLimiter().limiter };
    const call = { rule: routedRule([], { budget, limits }), demands };
    const waiting = admitCall(call, first, own);
    if (waiting.kind !== "waiting") throw new Error(waiting.kind);
    waiting.cancel();
    endBatch();
    const again = admitCall(call, first, own);
    test.equal(again.kind, "waiting", "not refused by the limit of one request");
    test.same(table.read(key, lateEvening), { used: 0, reserved: 100 }, "one reservation");
  },
);
