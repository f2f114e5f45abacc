/** Budgets of one thread: reserves in the table of all threads, and writes each reservation down before it counts. */

import type {
  Budgeter,
  BudgetVerdict,
  CallMost,
  CallNeed,
  Reservation,
} from "../gateway/budgeter.ts";
import type { BudgetCount } from "../gateway/snapshot.ts";
import type { BudgetJournal } from "./budget-journal.ts";
import { encodeBudgetKey } from "./budget-key.ts";
import type { CountAmount } from "./budget-lines.ts";
import type { BudgetTable } from "./budget-table.ts";
import { executionKey } from "./caller-key.ts";
import type { ThreadCounters } from "./thread-counters.ts";

/** What budgets of a thread are given. */
export interface CallBudgetsOptions {
  readonly table: BudgetTable;
  /** Undefined: nothing can be written down, and every call is refused */
  readonly journal: Pick<BudgetJournal, "append"> | undefined;
  /** What ids of this thread begin with; unique for ever */
  readonly name: string;
  readonly counters: ThreadCounters;
  /** Wall clock in Unix `ms` */
  readonly nowMs: () => number;
}

const dayMs = 86_400_000;

/** An execution that asks for nothing for so long has ended, whoever says so. */
const executionMs = 7 * dayMs;

/** A count of a day is kept a little longer: calls of its last minute end after it. */
const afterDayMs = 3_600_000;

/** Keeps budgets of one thread. */
export class CallBudgets implements Budgeter {
  readonly #options: CallBudgetsOptions;
  #next = 0;

  constructor(options: CallBudgetsOptions) {
    this.#options = options;
  }

  reserve(counts: readonly BudgetCount[], caller: string, need: CallNeed): BudgetVerdict {
    const { table, counters, nowMs, name, journal } = this.#options;
    const now = nowMs();
    const needs = counts.map((count) => ({
      key: keyOf(count, caller, now),
      amount: amountOf(count, need),
      expected: Math.min(amountOf(count, need), amountOf(count, need.expected)),
      limit: count.limit,
      untilMs: untilOf(count, now),
    }));
    const outcome = table.reserve(needs, now);
    if (outcome.kind !== "reserved") {
      counters.add(outcome.kind === "full" ? "fullBudgets" : "exhaustedBudgets", 1);
      const count = outcome.kind === "full" ? undefined : counts[outcome.position];
      if (outcome.kind === "full" || count === undefined) {
        return { kind: "unavailable", cause: "full" };
      }
      const afterMs = count.scope === "day" ? dayMs - (now % dayMs) : null;
      return { ...outcome, count, needed: amountOf(count, need), afterMs };
    }
    const id = `${name}.${this.#next++}`;
    const call = { transaction: need.transaction, ...need.expected };
    const line = { kind: "reserved", id, counts: needs.map(plain), call } as const;
    const isWritten = journal?.append(line) ?? false;
    if (!isWritten) {
      counters.add("unwrittenBudgets", 1);
      this.#release(
        needs,
        needs.map(() => 0),
      );
      return { kind: "unavailable", cause: "unwritable" };
    }
    return { kind: "reserved", reservation: { settle: this.#settler(id, counts, needs) } };
  }

  #settler(id: string, counts: readonly BudgetCount[], needs: readonly CountAmount[]) {
    let isOpen = true;
    return (used: Parameters<Reservation["settle"]>[0]) => {
      if (!isOpen) return;
      isOpen = false;
      const amounts = counts.map((count) => amountOf(count, used));
      const now = this.#options.nowMs();
      const untilMs = counts.map((count, at) =>
        Math.max(needs[at]?.untilMs ?? 0, count.scope === "day" ? 0 : untilOf(count, now)),
      );
      // Where it cannot be written, the next life of the process charges what was expected.
      const isWritten = this.#options.journal?.append({
        kind: "settled",
        id,
        used: amounts,
        untilMs,
        ...(used.isEstimated === true && { isEstimated: true }),
      });
      if (isWritten !== true) this.#options.counters.add("unwrittenBudgets", 1);
      this.#release(needs, amounts);
    };
  }

  #release(needs: readonly CountAmount[], used: readonly number[]): void {
    const { table, nowMs } = this.#options;
    const now = nowMs();
    const settlements = needs.map(({ key, amount, untilMs }, at) => ({
      ...{ key, untilMs },
      reserved: amount,
      used: used[at] ?? 0,
    }));
    table.settle(settlements, now);
  }
}

function plain({ key, amount, expected, untilMs }: CountAmount): CountAmount {
  return { key, amount, expected, untilMs };
}

/** What a rule in money is asked for without a price is refused before. */
function amountOf({ unit }: BudgetCount, { tokens, microDollars }: CallMost): number {
  return unit === "tokens" ? tokens : (microDollars ?? 0);
}

function keyOf(count: BudgetCount, caller: string, nowMs: number): string {
  const counted = count.scope === "day" ? dayOf(nowMs) : executionKey(caller);
  return encodeBudgetKey({ ...count, counted });
}

function dayOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10);
}

function untilOf({ scope }: BudgetCount, nowMs: number): number {
  if (scope === "execution") return nowMs + executionMs;
  return nowMs - (nowMs % dayMs) + dayMs + afterDayMs;
}
