/** TokenBudget filters of AIProviderRoutes. */
import t from "tap";
import { indexObjects } from "./object-index.ts";
import { judgeBudgets } from "./rule-budgets.ts";
import {
  aiRoute,
  compiled,
  conditionOf,
  decisions,
  gateway,
  hostPolicy,
} from "./testdata/objects.ts";

type Budget = Readonly<Record<string, unknown>>;
const budgetFilter = (tokenBudget: Budget) => ({ type: "TokenBudget", tokenBudget });
const routeOf = (name: string, ...budgets: readonly Budget[]) =>
  aiRoute(name, "openai", { filters: budgets.map(budgetFilter) });
const route = { kind: "AIProviderRoute", namespace: "default", name: "r" };

function judge(own: readonly Budget[], ...others: readonly (readonly Budget[])[]) {
  const all = [own, ...others].map((budgets, position) =>
    routeOf(position === 0 ? "r" : `r${position}`, ...budgets),
  );
  const index = indexObjects(all);
  const [first] = index.list("AIProviderRoute").filter(({ metadata }) => metadata.name === "r");
  const filters = first?.spec.rules[0]?.filters ?? [];
  return judgeBudgets(filters, ["spec", "rules", 0], { index, route, ruleIndex: 0 });
}

const own = "AIProviderRoute/default/r/0";

t.test("judgeBudgets() counts a rule's own budget by its name", async (test) => {
  test.same(judge([]), { obstacles: [] });
  const all = {
    maxTokensPerExecution: 1,
    maxTokensPerDay: 2,
    maxOutputTokensPerRequest: 3,
    maxCostPerExecution: "0.5",
    maxCostPerDay: "10",
  };
  test.same(judge([all]), {
    budget: {
      maxOutputTokens: 3,
      counts: [
        { name: own, scope: "execution", unit: "tokens", limit: 1 },
        { name: own, scope: "day", unit: "tokens", limit: 2 },
        { name: own, scope: "execution", unit: "usd", limit: 500_000 },
        { name: own, scope: "day", unit: "usd", limit: 10_000_000 },
      ],
    },
    obstacles: [],
  });
});

t.test("judgeBudgets() takes the smallest of several limits for one count", async (test) => {
  const found = judge([
    { maxTokensPerDay: 5, maxOutputTokensPerRequest: 9 },
    { maxTokensPerDay: 4, maxOutputTokensPerRequest: 8 },
    { maxTokensPerDay: 6 },
  ]);
  test.same(found.budget, {
    maxOutputTokens: 8,
    counts: [{ name: own, scope: "day", unit: "tokens", limit: 4 }],
  });
});

t.test(
  "judgeBudgets() gives all rules of a shared budget the limits that any states",
  async (test) => {
    const team = { budgetRef: "team" };
    const shared = [{ name: "default/team", scope: "day", unit: "tokens", limit: 7 }];
    test.same(judge([team], [{ ...team, maxTokensPerDay: 7 }]).budget?.counts, shared);
    test.same(
      judge([{ ...team, maxTokensPerDay: 9 }], [{ ...team, maxTokensPerDay: 7 }]).budget?.counts,
      shared,
    );
    const other = judge(
      [{ budgetRef: "other", maxTokensPerDay: 1 }],
      [{ ...team, maxTokensPerDay: 7 }],
    );
    test.same(other.budget?.counts, [{ ...shared[0], name: "default/other", limit: 1 }]);
  },
);

t.test("a shared budget that nobody limits refuses its rules", async (test) => {
  const result = compiled(gateway(), routeOf("r", { budgetRef: "team" }));
  test.match(
    conditionOf(result, "AIProviderRoute default/r", "Accepted"),
    /^NotEnforced: spec.rules\[0\].filters\[0\].tokenBudget.budgetRef "team": no rule/,
  );
});

t.test("a rule with a budget has model calls read and refuses all else", async (test) => {
  const result = compiled(gateway(), routeOf("r", { maxTokensPerDay: 1 }));
  test.equal(
    conditionOf(result, "AIProviderRoute default/r", "Accepted"),
    "Accepted: Valid and attached",
  );
  const policy = hostPolicy(result, "api.openai.com");
  test.match(decisions(policy).at(-1), /^deny no-rule/);
  const entries = policy?.rules.filter(({ action }) => action.kind === "choose") ?? [];
  test.ok(entries.length > 3);
  for (const { engine } of entries) {
    test.match(engine, {
      routing: { rules: [{ budget: { counts: [{ limit: 1 }] } }] },
      why: /budget/,
    });
  }
});
