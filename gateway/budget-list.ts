/** Budgets as people see them: every count that rules have, with what is used of it. */

import type { BudgetUse } from "./engine.ts";
import type { BudgetCount, Snapshot } from "./snapshot.ts";

/** One count of a budget. */
export interface BudgetStatus extends BudgetUse {
  /** In the count's unit; null where no rule has it any more */
  readonly limit: number | null;
  /** ISO 8601; null for an execution's */
  readonly resets: string | null;
}

/** All counts by name: those of today, used or not, and those of executions that used anything. */
export function listBudgets(
  snapshot: Snapshot | undefined,
  uses: readonly BudgetUse[],
  nowMs: number,
): BudgetStatus[] {
  const limits = limitsOf(snapshot);
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const current = uses.filter(({ scope, counted }) => scope === "execution" || counted === today);
  const known = new Set(current.map(kindOf));
  const unused = [...limits.values()]
    .filter((count) => count.scope === "day" && !known.has(kindOf(count)))
    .map((count) => ({ ...count, counted: today, used: 0, reserved: 0 }));
  return [...current, ...unused]
    .map(({ name, scope, unit, counted, used, reserved }) => ({
      ...{ name, scope, unit, counted, used, reserved },
      limit: limits.get(kindOf({ name, scope, unit }))?.limit ?? null,
      resets: scope === "day" ? nextDay(nowMs) : null,
    }))
    .toSorted((left, right) => compare(orderOf(left), orderOf(right)));
}

type CountKind = Pick<BudgetCount, "name" | "scope" | "unit">;

/** Where several gateways have a rule's budget, all say the same. */
function limitsOf(snapshot: Snapshot | undefined): ReadonlyMap<string, BudgetCount> {
  const counts = (snapshot?.gateways ?? [])
    .flatMap(({ hosts }) => hosts)
    .flatMap(({ rules }) => rules)
    .flatMap(({ engine }) => engine?.routing?.rules ?? [])
    .flatMap(({ budget }) => budget?.counts ?? []);
  return new Map(counts.map((count) => [kindOf(count), count]));
}

function kindOf({ name, scope, unit }: CountKind): string {
  return `${scope} ${unit} ${name}`;
}

function orderOf({ name, scope, unit, counted }: BudgetUse): string {
  return [name, scope, unit, counted].join("\u0000");
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function nextDay(nowMs: number): string {
  const dayMs = 86_400_000;
  return new Date(nowMs - (nowMs % dayMs) + dayMs).toISOString();
}
