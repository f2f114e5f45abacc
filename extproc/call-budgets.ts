/** Budgets of one thread: reserves in the table of all threads, and writes each reservation down before it counts. */

import type {
  Budgeter,
  BudgetVerdict,
  CallMost,
  CallNeed,
  Reservation,
  ReservationStanding,
} from "../gateway/budgeter.ts";
import type { BudgetCount } from "../gateway/snapshot.ts";
import type { BudgetJournal, EntryWaiter } from "./budget-journal.ts";
import { encodeBudgetKey } from "./budget-key.ts";
import type { CountAmount, ReservedEntry } from "./budget-entries.ts";
import type { BudgetTable, TableNeed, TableSettlement } from "./budget-table.ts";
import { executionKey } from "./caller-key.ts";
import { KnownKeys } from "./known-keys.ts";
import type { ThreadCounters } from "./thread-counters.ts";

/** What budgets of a thread are given. */
export interface CallBudgetsOptions {
  readonly table: BudgetTable;
  /** Undefined: nothing can be written down, and every call is refused */
  readonly journal: Pick<BudgetJournal, "append" | "appendSoon" | "flush"> | undefined;
  readonly counters: ThreadCounters;
  /** Wall clock in Unix `ms` */
  readonly nowMs: () => number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** An execution that asks for nothing for so long has ended, whoever says so. */
const executionMs = 7 * dayMs;

/** A count of a day is kept a little longer: calls of its last minute end after it. */
const afterDayMs = 3_600_000;

/** Keeps budgets of one thread. */
export class CallBudgets implements Budgeter {
  readonly #options: CallBudgetsOptions;
  readonly #dayKeys = new KnownKeys(dayKey);
  readonly #executionKeys = new KnownKeys(executionKeyOf);
  #day = { begins: Number.NaN, name: "" };
  #next = 0;

  constructor(options: CallBudgetsOptions) {
    this.#options = options;
  }

  reserve(counts: readonly BudgetCount[], caller: string, need: CallNeed): BudgetVerdict {
    const { table, counters, nowMs, journal } = this.#options;
    const now = nowMs();
    const needs: CountNeed[] = [];
    for (const count of counts) {
      const amount = amountOf(count, need);
      needs.push({
        key: this.#keyOf(count, caller, now),
        amount,
        expected: Math.min(amount, amountOf(count, need.expected)),
        limit: count.limit,
        untilMs: untilOf(count, now),
      });
    }
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
    const id = this.#next++;
    const { tokens, microDollars } = need.expected;
    const call = { transaction: need.transaction, tokens, microDollars };
    const reservation = new OpenReservation({ id, counts: needs, call }, counts, this.#options);
    if (journal === undefined) reservation.onWritten(false);
    else journal.append(reservation, reservation);
    if (reservation.standing === "lost") return { kind: "unavailable", cause: "unwritable" };
    return { kind: "reserved", reservation };
  }

  #keyOf(count: BudgetCount, caller: string, nowMs: number): string {
    if (count.scope === "execution") return this.#executionKeys.get(count, caller);
    const begins = nowMs - (nowMs % dayMs);
    if (this.#day.begins !== begins) {
      this.#day = { begins, name: new Date(begins).toISOString().slice(0, 10) };
    }
    return this.#dayKeys.get(count, this.#day.name);
  }
}

/** What is asked of the table for one count, and written down. */
interface CountNeed extends TableNeed, CountAmount {}

/** One call that is under way, as it is written down. */
class OpenReservation implements Reservation, EntryWaiter, ReservedEntry {
  readonly kind = "reserved";
  readonly id: number;
  readonly counts: readonly CountAmount[];
  readonly call: ReservedEntry["call"];
  readonly #budget: readonly BudgetCount[];
  readonly #options: CallBudgetsOptions;
  #standing: ReservationStanding = "pending";
  #isOpen = true;
  #callback: (() => void) | undefined;

  constructor(
    { id, counts, call }: Omit<ReservedEntry, "kind">,
    budget: readonly BudgetCount[],
    options: CallBudgetsOptions,
  ) {
    this.id = id;
    this.counts = counts;
    this.call = call;
    this.#budget = budget;
    this.#options = options;
  }

  get standing(): ReservationStanding {
    return this.#standing;
  }

  whenWritten(callback: () => void): void {
    if (this.#standing === "pending") this.#callback = callback;
    else callback();
  }

  onWritten(isWritten: boolean): void {
    this.#standing = isWritten ? "open" : "lost";
    if (!isWritten) this.#giveUp();
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  /** Nobody sends anything by it, and no later life finds it in the file. */
  #giveUp(): void {
    this.#isOpen = false;
    this.#options.counters.add("unwrittenBudgets", 1);
    const { table, nowMs } = this.#options;
    this.#release({ tokens: 0, microDollars: 0 }, table, nowMs());
  }

  settle(used: Parameters<Reservation["settle"]>[0]): void {
    // It is settled in the file only after it was reserved there.
    if (this.#standing === "pending") this.#options.journal?.flush();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { id, counts } = this;
    const { table, journal, counters, nowMs } = this.#options;
    const now = nowMs();
    const amounts: number[] = [];
    const untilMs: number[] = [];
    for (const count of this.#budget) {
      const later = count.scope === "day" ? 0 : untilOf(count, now);
      untilMs.push(later === counts[amounts.length]?.untilMs ? 0 : later);
      amounts.push(amountOf(count, used));
    }
    const entry =
      used.isEstimated === true
        ? ({ id, used: amounts, untilMs, isEstimated: true } as const)
        : { id, used: amounts, untilMs };
    // Where it is lost, the next life of the process charges what was expected.
    const isKept = journal?.appendSoon(entry) ?? false;
    if (!isKept) counters.add("unwrittenBudgets", 1);
    this.#release(used, table, now);
  }

  #release(used: CallMost, table: BudgetTable, nowMs: number): void {
    const settlements: TableSettlement[] = [];
    for (const count of this.#budget) {
      const need = this.counts[settlements.length];
      if (need === undefined) break;
      const { key, amount: reserved, untilMs } = need;
      settlements.push({ key, reserved, used: amountOf(count, used), untilMs });
    }
    table.settle(settlements, nowMs);
  }
}

/** What a rule in money is asked for without a price is refused before. */
function amountOf({ unit }: BudgetCount, { tokens, microDollars }: CallMost): number {
  return unit === "tokens" ? tokens : (microDollars ?? 0);
}

function dayKey(count: BudgetCount, day: string): string {
  return encodeBudgetKey({ ...count, counted: day });
}

function executionKeyOf(count: BudgetCount, caller: string): string {
  return encodeBudgetKey({ ...count, counted: executionKey(caller) });
}

function untilOf({ scope }: BudgetCount, nowMs: number): number {
  // For many calls the same, which is then written once.
  if (scope === "execution") return Math.ceil(nowMs / minuteMs) * minuteMs + executionMs;
  return nowMs - (nowMs % dayMs) + dayMs + afterDayMs;
}
