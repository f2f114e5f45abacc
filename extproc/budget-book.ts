/**
 * All budgets of a process as their journals tell them: what is used of each count, and which reservations are open. It
 * is what remains when threads and processes do not.
 */

import type { BudgetLine, CountAmount, ReservedCall } from "./budget-lines.ts";

/** One count that holds. */
export interface BookedCount {
  readonly key: string;
  readonly used: number;
  readonly reserved: number;
  readonly untilMs: number;
}

/** A book as plain data, for a file. */
export interface BookState {
  readonly counts: readonly (readonly [key: string, used: number, untilMs: number])[];
  readonly open: readonly (readonly [id: string, reservation: OpenReservation])[];
}

/** What was reserved for a call that has not been settled. */
export interface OpenReservation {
  readonly counts: readonly CountAmount[];
  readonly call: ReservedCall;
}

/** What was used of one count. */
export interface UsedAmount {
  readonly key: string;
  readonly used: number;
  readonly untilMs: number;
}

/** Estimates that can be taken back: those of some seconds, in which Envoy tells whether it sent the request. */
const mostEstimated = 16_384;

interface Count {
  used: number;
  untilMs: number;
}

/** Keeps the book. */
export class BudgetBook {
  readonly #counts = new Map<string, Count>();
  readonly #open = new Map<string, OpenReservation>();

  constructor(state: BookState = { counts: [], open: [] }) {
    for (const [key, used, untilMs] of state.counts) this.#counts.set(key, { used, untilMs });
    for (const [id, reservation] of state.open) this.#open.set(id, reservation);
  }

  readonly #estimated = new Map<string, readonly UsedAmount[]>();

  /** Takes a line of a journal; those of one reservation come in their order. */
  apply(line: BudgetLine): void {
    if (line.kind === "reserved") {
      this.#open.set(line.id, { counts: line.counts, call: line.call });
      return;
    }
    const open = this.#open.get(line.id);
    // Charged already, when its thread was gone.
    if (open === undefined) return;
    this.#open.delete(line.id);
    const used = open.counts.map(({ key, untilMs }, position) => ({
      key,
      used: line.used[position] ?? 0,
      untilMs: Math.max(untilMs, line.untilMs[position] ?? 0),
    }));
    for (const one of used) this.#add(one);
    if (line.isEstimated) this.#remember(open.call, used);
  }

  /**
   * Takes back what a transaction was charged by an estimate; undefined where none is known, because its line has not
   * been read yet, or because it was too long ago.
   */
  refund(transaction: string): readonly UsedAmount[] | undefined {
    const charged = this.#estimated.get(transaction);
    this.#estimated.delete(transaction);
    for (const one of charged ?? []) this.#add({ ...one, used: -one.used });
    return charged;
  }

  /** Charges what is expected of calls that nobody will settle any more: those whose id the test accepts. */
  chargeOpen(isGone: (id: string) => boolean): readonly OpenReservation[] {
    const charged: OpenReservation[] = [];
    for (const [id, reservation] of this.#open) {
      if (!isGone(id)) continue;
      this.#open.delete(id);
      charged.push(reservation);
      const used = reservation.counts.map(({ key, expected, untilMs }) => ({
        ...{ key, untilMs },
        used: expected,
      }));
      for (const one of used) this.#add(one);
      this.#remember(reservation.call, used);
    }
    return charged;
  }

  /** Forgets counts that have ended. */
  prune(nowMs: number): void {
    for (const [key, { untilMs }] of this.#counts) {
      if (untilMs <= nowMs) this.#counts.delete(key);
    }
  }

  /** Counts that hold, with what is reserved of them. */
  list(nowMs: number): BookedCount[] {
    const found = new Map<string, { used: number; reserved: number; untilMs: number }>();
    for (const [key, { used, untilMs }] of this.#counts) {
      found.set(key, { used, reserved: 0, untilMs });
    }
    for (const { counts } of this.#open.values()) {
      for (const { key, amount, untilMs } of counts) {
        const count = found.get(key) ?? { used: 0, reserved: 0, untilMs };
        found.set(key, { ...count, reserved: count.reserved + amount });
      }
    }
    return [...found]
      .map(([key, count]) => ({ key, ...count }))
      .filter(({ untilMs }) => untilMs > nowMs);
  }

  /** The book for a file. */
  state(): BookState {
    return {
      counts: [...this.#counts].map(([key, { used, untilMs }]) => [key, used, untilMs]),
      open: [...this.#open],
    };
  }

  #remember({ transaction }: ReservedCall, used: readonly UsedAmount[]): void {
    this.#estimated.set(transaction, used);
    if (this.#estimated.size <= mostEstimated) return;
    for (const [oldest] of this.#estimated) {
      this.#estimated.delete(oldest);
      break;
    }
  }

  #add({ key, used, untilMs }: UsedAmount): void {
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { used, untilMs });
    else {
      count.used += used;
      count.untilMs = Math.max(count.untilMs, untilMs);
    }
  }
}
