import t from "tap";
import { listBudgets } from "./budget-list.ts";
import type { RuleBudget, Snapshot } from "./snapshot.ts";
import { enginePlan, gatewaySnapshot, hostPolicy, httpRule } from "./testdata/gateway-snapshot.ts";

const nowMs = Date.UTC(2026, 10, 28, 12);
const day = { name: "default/team", scope: "day", unit: "tokens", limit: 10 } as const;
const execution = { name: "a/b/c/0", scope: "execution", unit: "usd", limit: 20 } as const;

function snapshotWith(budget: RuleBudget): Snapshot {
  const route = { kind: "AIProviderRoute", namespace: "default", name: "r" };
  const rules = [
    { route, ruleIndex: 0, endpoints: [], models: [], meters: true, candidates: [], budget },
  ];
  const engine = enginePlan({ routing: { rules, otherwise: "deny" } });
  const hosts = ["a.example", "b.example"].map((host) => hostPolicy(host, httpRule({ engine })));
  return { revision: 1, gateways: [gatewaySnapshot({ hosts })] };
}

const none = { used: 0, reserved: 0, limit: 10 };

t.test("listBudgets() has a day's budgets before they are used, each once", async (test) => {
  const found = listBudgets(snapshotWith({ counts: [day, execution] }), [], nowMs);
  test.same(found, [
    {
      ...{ name: "default/team", scope: "day", unit: "tokens" },
      ...none,
      counted: "2026-11-28",
      resets: "2026-11-29T00:00:00.000Z",
    },
  ]);
});

t.test("listBudgets() has what is used today and by executions, by name", async (test) => {
  const uses = [
    { ...day, counted: "2026-11-28", used: 3, reserved: 4 },
    { ...day, counted: "2026-11-27", used: 9, reserved: 0 },
    { ...execution, counted: "run-2", used: 5, reserved: 0 },
    { ...execution, counted: "run-1", used: 6, reserved: 0 },
    { ...day, name: "gone", counted: "2026-11-28", used: 1, reserved: 0 },
  ];
  const found = listBudgets(snapshotWith({ counts: [day, execution] }), uses, nowMs);
  test.same(
    found.map(({ name, counted, used, limit, resets }) => [name, counted, used, limit, resets]),
    [
      ["a/b/c/0", "run-1", 6, 20, null],
      ["a/b/c/0", "run-2", 5, 20, null],
      ["default/team", "2026-11-28", 3, 10, "2026-11-29T00:00:00.000Z"],
      ["gone", "2026-11-28", 1, null, "2026-11-29T00:00:00.000Z"],
    ],
  );
});

t.test("listBudgets() of nothing is nothing", async (test) => {
  test.same(listBudgets(undefined, [], nowMs), []);
});
