/**
 * Takes portions of shared limits ahead of need, for all threads of the process: one question a caller of a limit is
 * under way at a time, portions grow where they are used up quickly, and what nobody used goes back: before its time
 * is over, or once a process that stood still comes to it.
 */

import { createHash } from "node:crypto";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import { monotonicMs } from "../gateway/clock.ts";
import type { LimitStore } from "../gateway/limit-store.ts";
import type { PortionTable } from "./portion-table.ts";
import type { PortionOutcome, SharedRate } from "./shared-bucket.ts";
import { returnPortion, takePortion } from "./shared-bucket.ts";

/** A thread wants a portion. */
export interface PortionAsk extends SharedRate {
  /** Who is counted together, as the limiter writes it */
  readonly caller: string;
  /** Requests that wait for it now */
  readonly waiting: number;
}

/** What a holder is given. */
export interface PortionHolderOptions {
  readonly store: LimitStore;
  readonly table: PortionTable;
  readonly clock: Clock;
  /** Something is known of this caller now, or nothing can be: whoever waits should look. */
  readonly onAnswered: (caller: string) => void;
}

/** How long a portion may be used after it was taken. With what was left of the one before, twice as long at most. */
export const portionMs = 1_000;

const tickMs = 100;
const firstSize = 4;
const largestSize = 1_024;

/** Other replicas may give something back at any time. */
const longestSpentMs = 500;

const mostCallers = 65_536;
const mostReturns = 256;

interface Held {
  rate: SharedRate;
  size: number;
  isAsking: boolean;
  /** Requests that wait since the question that is under way was asked */
  waiting: number;
  /** Of the newest portion; 0: none */
  validUntilMs: number;
  /** When the oldest of what is left was taken, by the store's clock */
  takenAtMs: number;
}

/** Holds portions. */
export class PortionHolder {
  readonly #options: PortionHolderOptions;
  /** Oldest portion first */
  readonly #held = new Map<string, Held>();
  readonly #release: () => void;
  #timer: TimerHandle | undefined;
  #returns = 0;
  #isClosed = false;

  constructor(options: PortionHolderOptions) {
    this.#options = options;
    const { store, table } = options;
    table.setStore(store.state);
    this.#release = store.subscribe(() => this.#onStore());
    this.#arm();
  }

  /** Callers of whom portions are held or asked for. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes what a thread wants. */
  ask({ caller, requests, windowMs, waiting }: PortionAsk): void {
    const held = this.#held.get(caller) ?? this.#begin(caller, { requests, windowMs });
    if (held === undefined || this.#isClosed) {
      this.#options.onAnswered(caller);
      return;
    }
    held.rate = { requests, windowMs };
    held.waiting = Math.max(held.waiting, waiting);
    if (!held.isAsking) void this.#fetch(caller, held);
  }

  /** Gives everything back that is left, and stops. Idempotent; resolves after a second at the latest. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#release();
    this.#options.clock.clearTimeout(this.#timer);
    const all = [...this.#held].map(([caller, held]) => this.#giveBack(caller, held));
    this.#held.clear();
    let timer: TimerHandle | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimeout(resolve, 1_000);
    });
    await Promise.race([Promise.all(all), late]);
    this.#options.clock.clearTimeout(timer);
  }

  #begin(caller: string, rate: SharedRate): Held | undefined {
    if (this.#held.size >= mostCallers) return undefined;
    const held = { rate, size: firstSize, isAsking: false, waiting: 0 };
    const begun = { ...held, validUntilMs: 0, takenAtMs: 0 };
    this.#held.set(caller, begun);
    return begun;
  }

  async #fetch(caller: string, held: Held): Promise<void> {
    const { store, table, onAnswered } = this.#options;
    const askedMs = this.#nowMs();
    this.#adapt(held, askedMs);
    held.isAsking = true;
    const wanted = Math.max(held.size, held.waiting);
    held.waiting = 0;
    let outcome: PortionOutcome | undefined;
    let takenAtMs = 0;
    try {
      const { rate } = held;
      await store.update(nameOf(caller), (use, nowMs) => {
        const { replicas } = store.state;
        outcome = takePortion(use, rate, { nowMs, wanted, replicas });
        takenAtMs = nowMs;
        if (outcome.kind === "spent") return undefined;
        return { use: outcome.use, forgetAfterMs: rate.windowMs };
      });
      if (outcome !== undefined) this.#note(caller, held, { outcome, askedMs, takenAtMs });
    } catch {
      // The store's state tells why; whoever waits is told that nothing is known.
      table.forgetAsked(caller, this.#nowMs());
    }
    held.isAsking = false;
    onAnswered(caller);
  }

  /** A portion that was used up in a quarter of its time was too small. */
  #adapt(held: Held, nowMs: number): void {
    const sinceMs = nowMs - (held.validUntilMs - portionMs);
    if (held.validUntilMs === 0 || sinceMs > portionMs / 4) return;
    held.size = Math.min(largestSize, held.size * 2);
  }

  #note(
    caller: string,
    held: Held,
    {
      outcome,
      askedMs,
      takenAtMs,
    }: { outcome: PortionOutcome; askedMs: number; takenAtMs: number },
  ): void {
    const { table } = this.#options;
    const nowMs = this.#nowMs();
    if (outcome.kind === "spent") {
      const untilMs = nowMs + outcome.afterMs;
      const askAgainAtMs = nowMs + Math.min(outcome.afterMs, longestSpentMs);
      table.setSpent(caller, { untilMs, askAgainAtMs }, nowMs);
      return;
    }
    // Counted from before it was asked for: it was taken at that time at the earliest.
    const validUntilMs = askedMs + portionMs;
    const portion = { count: outcome.count, validUntilMs };
    const left = this.#isClosed ? undefined : table.grant(caller, portion, nowMs);
    if (left === undefined) {
      void this.#return(caller, held.rate, { count: outcome.count, takenAtMs });
      return;
    }
    if (left.late > 0) {
      void this.#return(caller, held.rate, { count: left.late, takenAtMs: held.takenAtMs });
    }
    if (left.valid === 0) held.takenAtMs = takenAtMs;
    held.validUntilMs = validUntilMs;
    this.#held.delete(caller);
    this.#held.set(caller, held);
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#timer = clock.setTimeout(() => {
      this.#expire();
      if (!this.#isClosed) this.#arm();
    }, tickMs);
    this.#timer.unref();
  }

  /** What would be void at the next look goes back now. */
  #expire(): void {
    const soonMs = this.#nowMs() + tickMs;
    for (const [caller, held] of this.#held) {
      if (held.isAsking) continue;
      if (held.validUntilMs > soonMs) break;
      this.#held.delete(caller);
      void this.#giveBack(caller, held);
    }
  }

  async #giveBack(caller: string, { rate, takenAtMs }: Held): Promise<void> {
    const count = this.#options.table.reclaim(caller, this.#nowMs());
    if (count > 0) await this.#return(caller, rate, { count, takenAtMs });
  }

  async #return(
    caller: string,
    rate: SharedRate,
    portion: { count: number; takenAtMs: number },
  ): Promise<void> {
    if (this.#returns >= mostReturns) return;
    this.#returns++;
    try {
      await this.#options.store.update(nameOf(caller), (use, nowMs) => {
        const next = returnPortion(use, rate, { nowMs, ...portion });
        return next && { use: next, forgetAfterMs: rate.windowMs };
      });
    } catch {
      // Then it counts as used.
    } finally {
      this.#returns--;
    }
  }

  /** While the store cannot be asked, whoever waits is told so at once. */
  #onStore(): void {
    const { store, table, onAnswered } = this.#options;
    table.setStore(store.state);
    if (store.state.isReachable) return;
    for (const [caller, held] of this.#held) if (held.isAsking) onAnswered(caller);
  }

  #nowMs(): number {
    return monotonicMs(this.#options.clock);
  }
}

/** Names of agents stand in no store, and no name in it is longer than another. */
function nameOf(caller: string): string {
  return createHash("sha256").update(caller).digest("hex").slice(0, 40);
}
