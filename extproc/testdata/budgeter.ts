/** Budgets for tests: real ones, in a table of their own, whose journal is a list. */
import type { BudgetLine } from "../budget-lines.ts";
import { BudgetTable, createBudgetMemory } from "../budget-table.ts";
import { CallBudgets } from "../call-budgets.ts";
import { createCounters, ThreadCounters } from "../thread-counters.ts";

/** What of the budgets a test says. */
export interface BudgeterParts {
  /** Unix `ms`; stands still at an hour before midnight when absent */
  readonly nowMs?: () => number;
  readonly places?: number;
  /** False: nothing can be written */
  readonly writes?: () => boolean;
}

/** An hour before the end of 2026-11-28. */
export const lateEvening = Date.UTC(2026, 10, 28, 23);

/** Budgets of one thread with its counters and what it wrote down. */
export function createBudgeter(parts: BudgeterParts = {}) {
  const { nowMs = () => lateEvening, places = 64, writes = () => true } = parts;
  const counters = new ThreadCounters(createCounters(1), 0);
  const table = new BudgetTable(createBudgetMemory(places));
  const lines: BudgetLine[] = [];
  const append = (line: BudgetLine) => {
    if (!writes()) return false;
    lines.push(line);
    return true;
  };
  const journal = { append, appendSoon: append, flush: () => true };
  const budgeter = new CallBudgets({ table, journal, name: "test", counters, nowMs });
  return { budgeter, counters, table, lines };
}
