/** TokenBudget filters of a rule, as one budget: of limits for the same count the smallest holds. */

import type { AIProviderRoute } from "../../crds/ai-provider-route.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath, quote } from "../../crds/problem.ts";
import { parseMicroDollars } from "../../crds/money.ts";
import type { BudgetCount, ObjectName, RuleBudget } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { Finding } from "./status-book.ts";

type Filter = AIProviderRoute["spec"]["rules"][number]["filters"][number];
type TokenBudget = NonNullable<Filter["tokenBudget"]>;

/** A rule's budget, and why it cannot be kept. */
export interface BudgetFindings {
  /** Absent: the rule has none */
  readonly budget?: RuleBudget;
  readonly obstacles: readonly Finding<"Accepted">[];
}

/** Where the rule is. */
export interface BudgetScope {
  readonly index: ObjectIndex;
  readonly route: ObjectName;
  readonly ruleIndex: number;
}

/** Judges the filters of the rule at `path`. */
export function judgeBudgets(
  filters: readonly Filter[],
  path: Path,
  scope: BudgetScope,
): BudgetFindings {
  const budgets = filters.flatMap(({ tokenBudget }) => tokenBudget ?? []);
  if (budgets.length === 0) return { obstacles: [] };
  const outputs = budgets.flatMap(({ maxOutputTokensPerRequest: most }) => most ?? []);
  const obstacles = filters.flatMap(({ tokenBudget }, position) =>
    unlimited(tokenBudget, [...path, "filters", position, "tokenBudget"], scope),
  );
  return {
    budget: {
      ...(outputs.length > 0 && { maxOutputTokens: Math.min(...outputs) }),
      counts: smallest(budgets.flatMap((budget) => countsOf(budget, scope))),
    },
    obstacles,
  };
}

/** A shared budget has the limits that any of its rules states; the others only name it. */
function countsOf(budget: TokenBudget, { index, route, ruleIndex }: BudgetScope): BudgetCount[] {
  const { kind, namespace, name } = route;
  const { budgetRef } = budget;
  if (budgetRef === undefined) {
    return limitsOf(budget, `${kind}/${namespace}/${name}/${ruleIndex}`);
  }
  return sharers(index, namespace, budgetRef).flatMap((sharer) =>
    limitsOf(sharer, `${namespace}/${budgetRef}`),
  );
}

function sharers(index: ObjectIndex, namespace: string, budgetRef: string): TokenBudget[] {
  return index
    .list("AIProviderRoute")
    .filter(({ metadata }) => metadata.namespace === namespace)
    .flatMap(({ spec }) => spec.rules)
    .flatMap((rule) => rule.filters)
    .flatMap(({ tokenBudget }) => tokenBudget ?? [])
    .filter((budget) => budget.budgetRef === budgetRef);
}

function limitsOf(budget: TokenBudget, name: string): BudgetCount[] {
  const { maxTokensPerExecution, maxTokensPerDay, maxCostPerExecution, maxCostPerDay } = budget;
  const tokens = (scope: BudgetCount["scope"], limit: number | undefined): BudgetCount[] =>
    limit === undefined ? [] : [{ name, scope, unit: "tokens", limit }];
  const money = (scope: BudgetCount["scope"], limit: string | undefined): BudgetCount[] =>
    limit === undefined ? [] : [{ name, scope, unit: "usd", limit: parseMicroDollars(limit) }];
  return [
    ...tokens("execution", maxTokensPerExecution),
    ...tokens("day", maxTokensPerDay),
    ...money("execution", maxCostPerExecution),
    ...money("day", maxCostPerDay),
  ];
}

function smallest(counts: readonly BudgetCount[]): BudgetCount[] {
  const found = new Map<string, BudgetCount>();
  for (const count of counts) {
    const key = `${count.scope} ${count.unit} ${count.name}`;
    const known = found.get(key);
    if (known === undefined || count.limit < known.limit) found.set(key, count);
  }
  return [...found.values()];
}

/** Who names a budget that has no limit wants one, and would get none. */
function unlimited(
  budget: TokenBudget | undefined,
  path: Path,
  scope: BudgetScope,
): Finding<"Accepted">[] {
  const budgetRef = budget?.budgetRef;
  if (budget === undefined || budgetRef === undefined) return [];
  if (countsOf(budget, scope).length > 0) return [];
  const message = `${formatPath([...path, "budgetRef"])} ${quote(budgetRef)}: no rule of an AIProviderRoute in namespace ${quote(scope.route.namespace)} says what this budget allows: set maxTokensPerDay or another limit beside it`;
  return [{ reason: "NotEnforced", message }];
}
