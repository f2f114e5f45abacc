/** Budgets for tests: real ones, in a table of their own, whose journal is a list. */
import type { BudgetEntry, ReservedEntry, SettledEntry } from "../budget-entries.ts";
import type { EntryWaiter } from "../budget-journal.ts";
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
  /** Reservations wait until `endBatch()`, as within one read of a socket */
  readonly batches?: boolean;
}

/** An hour before the end of 2026-11-28. */
export const lateEvening = Date.UTC(2026, 10, 28, 23);

/** Budgets of one thread with its counters and what it wrote down. */
export function createBudgeter(parts: BudgeterParts = {}) {
  const { nowMs = () => lateEvening, places = 64, writes = () => true, batches = false } = parts;
  const counters = new ThreadCounters(createCounters(1), 0);
  const table = new BudgetTable(createBudgetMemory(places));
  const lines: BudgetEntry[] = [];
  const append = (line: BudgetEntry) => {
    if (!writes()) return false;
    lines.push(line);
    return true;
  };
  let pending: { readonly line: BudgetEntry; readonly waiter: EntryWaiter }[] = [];
  const endBatch = () => {
    const all = pending;
    pending = [];
    for (const { line, waiter } of all) waiter.onWritten(append(line));
    return true;
  };
  const appendWaited = (line: ReservedEntry, waiter?: EntryWaiter) => {
    if (!batches || waiter === undefined) {
      const isWritten = append(line);
      waiter?.onWritten(isWritten);
      return isWritten;
    }
    pending.push({ line, waiter });
    return "pending" as const;
  };
  const appendSoon = (entry: Omit<SettledEntry, "kind">) => append({ kind: "settled", ...entry });
  const journal = { append: appendWaited, appendSoon, flush: endBatch };
  const budgeter = new CallBudgets({ table, journal, counters, nowMs });
  return { budgeter, counters, table, lines, endBatch };
}
