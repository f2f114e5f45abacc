/**
 * All budgets of a process as their journals tell them: what is used of each count, and which reservations are open. It
 * is what remains when threads and processes do not.
 */

import type { BudgetEntry, CountAmount, ReservedCall, SettledEntry } from "./budget-entries.ts";

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
  /** By the journal, and by its number in there */
  readonly #open = new Map<string, Map<number, OpenReservation>>();

  constructor(state: BookState = { counts: [], open: [] }) {
    for (const [key, used, untilMs] of state.counts) this.#counts.set(key, { used, untilMs });
    for (const [id, reservation] of state.open) {
      const dot = id.lastIndexOf(".");
      this.#openOf(id.slice(0, dot)).set(Number(id.slice(dot + 1)), reservation);
    }
  }

  readonly #estimated = new Map<string, readonly UsedAmount[]>();

  /** Takes an entry of the journal of that name; those of one reservation come in their order. */
  apply(journal: string, entry: BudgetEntry): void {
    const opened = this.#openOf(journal);
    if (entry.kind === "reserved") opened.set(entry.id, entry);
    else this.#settle(opened, entry);
  }

  #settle(opened: Map<number, OpenReservation>, { id, used, untilMs, isEstimated }: SettledEntry) {
    const open = opened.get(id);
    // Charged already, when its thread was gone.
    if (open === undefined) return;
    opened.delete(id);
    const { counts } = open;
    for (let at = 0; at < counts.length; at++) {
      const count = counts[at];
      if (count === undefined) continue;
      this.#add(count.key, used[at] ?? 0, Math.max(count.untilMs, untilMs[at] ?? 0));
    }
    if (!isEstimated) return;
    const charged = counts.map((count, at) => ({
      key: count.key,
      used: used[at] ?? 0,
      untilMs: Math.max(count.untilMs, untilMs[at] ?? 0),
    }));
    this.#remember(open.call, charged);
  }

  /**
   * Takes back what a transaction was charged by an estimate; undefined where none is known, because its line has not
   * been read yet, or because it was too long ago.
   */
  refund(transaction: string): readonly UsedAmount[] | undefined {
    const charged = this.#estimated.get(transaction);
    this.#estimated.delete(transaction);
    for (const { key, used, untilMs } of charged ?? []) this.#add(key, -used, untilMs);
    return charged;
  }

  /** Charges what is expected of calls that nobody will settle any more: those of journals that the test accepts. */
  chargeOpen(isGone: (journal: string) => boolean): readonly OpenReservation[] {
    const charged: OpenReservation[] = [];
    for (const [journal, reservations] of this.#open) {
      if (!isGone(journal)) continue;
      this.#open.delete(journal);
      for (const { counts, call } of reservations.values()) {
        charged.push({ counts, call });
        const used = counts.map(({ key, expected, untilMs }) => ({ key, untilMs, used: expected }));
        for (const one of used) this.#add(one.key, one.used, one.untilMs);
        this.#remember(call, used);
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
    const reserved = [...this.#open.values()].flatMap((opened) => [...opened.values()]);
    for (const { key, amount, untilMs } of reserved.flatMap(({ counts }) => counts)) {
      const count = found.get(key) ?? { used: 0, reserved: 0, untilMs };
      found.set(key, { ...count, reserved: count.reserved + amount });
    }
    return [...found]
      .map(([key, count]) => ({ key, ...count }))
      .filter(({ untilMs }) => untilMs > nowMs);
  }

  /** The book for a file. */
  state(): BookState {
    return {
      counts: [...this.#counts].map(([key, { used, untilMs }]) => [key, used, untilMs]),
      open: [...this.#open].flatMap(([journal, opened]) =>
        [...opened].map(
          ([id, { counts, call }]) => [`${journal}.${id}`, { counts, call }] as const,
        ),
      ),
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

  #openOf(journal: string): Map<number, OpenReservation> {
    const known = this.#open.get(journal);
    if (known !== undefined) return known;
    const opened = new Map<number, OpenReservation>();
    this.#open.set(journal, opened);
    return opened;
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
