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
    for (const [position, { key, untilMs }] of open.counts.entries()) {
      const until = Math.max(untilMs, line.untilMs[position] ?? 0);
      this.#add(key, line.used[position] ?? 0, until);
    }
  }

  /** Charges what is expected of calls that nobody will settle any more: those whose id the test accepts. */
  chargeOpen(isGone: (id: string) => boolean): readonly OpenReservation[] {
    const charged: OpenReservation[] = [];
    for (const [id, reservation] of this.#open) {
      if (!isGone(id)) continue;
      this.#open.delete(id);
      charged.push(reservation);
      for (const { key, expected, untilMs } of reservation.counts) {
        this.#add(key, expected, untilMs);
      }
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

  #add(key: string, used: number, untilMs: number): void {
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { used, untilMs });
    else {
      count.used += used;
      count.untilMs = Math.max(count.untilMs, untilMs);
    }
  }
}
