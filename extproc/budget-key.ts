/** Keys of counts in journals and tables: readable, and unique over days and executions. */

import type { BudgetCount } from "../gateway/snapshot.ts";

/** What a key tells. */
export interface CountedBudget extends Pick<BudgetCount, "name" | "scope" | "unit"> {
  /** Day as `2026-11-28`, or the execution; empty for callers that prove none */
  readonly counted: string;
}

/** The key, without white space but between its parts. */
export function encodeBudgetKey({ name, scope, unit, counted }: CountedBudget): string {
  return [scope, unit, escaped(name), escaped(counted)].join(" ");
}

/** Reads a key; undefined for what is none. */
export function tryDecodeBudgetKey(key: string): CountedBudget | undefined {
  const [scope, unit, name, counted, ...rest] = key.split(" ");
  if (name === undefined || counted === undefined || rest.length > 0) return undefined;
  if (scope !== "day" && scope !== "execution") return undefined;
  if (unit !== "tokens" && unit !== "usd") return undefined;
  return { scope, unit, name: decodeURIComponent(name), counted: decodeURIComponent(counted) };
}

/** An unpaired surrogate has no UTF-8 form. */
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
