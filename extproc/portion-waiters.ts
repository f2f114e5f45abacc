/**
 * Requests of one thread that wait for a portion of a shared limit, first come first served. Each tries again when
 * something is known of the caller that it lacks; nobody waits longer than its work may take.
 */

import type { PortionAsk } from "./portion-holder.ts";

/** What a try gave: a result, or of whom something must be known first. */
export type PortionTry<T> =
  | { readonly kind: "settled"; readonly value: T }
  | { readonly kind: "missing"; readonly caller: string; readonly rate: AskedRate };

/** The rate of the limit that a portion is asked of. */
export type AskedRate = Pick<PortionAsk, "requests" | "windowMs">;

interface Waiter {
  /** False: it still lacks the same */
  readonly tryAgain: () => boolean;
}

interface Queue {
  readonly waiters: Set<Waiter>;
  rate: AskedRate;
}

/** Queues by caller. */
export class PortionWaiters {
  readonly #ask: (ask: PortionAsk) => void;
  readonly #queues = new Map<string, Queue>();

  /** `ask` reaches the process, which answers by `onAnswered()`. */
  constructor(ask: (ask: PortionAsk) => void) {
    this.#ask = ask;
  }

  /** Callers that are waited for. */
  get size(): number {
    return this.#queues.size;
  }

  /** Asks for a portion that nobody waits for yet. */
  prefetch(caller: string, { requests, windowMs }: AskedRate): void {
    this.#ask({ caller, requests, windowMs, waiting: 0 });
  }

  /** Resolves with what a try gives in the end; never when `signal` comes first. */
  wait<T>(
    missing: Extract<PortionTry<T>, { kind: "missing" }>,
    attempt: () => PortionTry<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let lacks = missing;
      const waiter: Waiter = {
        tryAgain: () => {
          const found = attempt();
          if (found.kind === "settled") {
            this.#leave(lacks.caller, waiter);
            signal.removeEventListener("abort", onAbort);
            resolve(found.value);
            return true;
          }
          // Its place in a queue is kept as long as it is the same one.
          if (found.caller === lacks.caller) return false;
          this.#leave(lacks.caller, waiter);
          lacks = found;
          this.#enter(found, waiter);
          return true;
        },
      };
      const onAbort = () => {
        this.#leave(lacks.caller, waiter);
        reject(new Error("Nobody waits any more"));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#enter(missing, waiter);
    });
  }

  /** Something is known of the caller now, or nothing can be. */
  onAnswered(caller: string): void {
    const queue = this.#queues.get(caller);
    if (queue === undefined) return;
    for (const waiter of [...queue.waiters]) if (!waiter.tryAgain()) break;
    if (this.#queues.has(caller)) this.#askFor(caller);
  }

  #askFor(caller: string): void {
    const queue = this.#queues.get(caller);
    if (queue === undefined) return;
    const { requests, windowMs } = queue.rate;
    this.#ask({ caller, requests, windowMs, waiting: queue.waiters.size });
  }

  /** Who comes first asks; the others are counted when that is answered. */
  #enter(missing: { caller: string; rate: AskedRate }, waiter: Waiter): void {
    const isFirst = !this.#queues.has(missing.caller);
    this.#join(missing, waiter);
    if (isFirst) this.#askFor(missing.caller);
  }

  #join({ caller, rate }: { caller: string; rate: AskedRate }, waiter: Waiter): void {
    const queue = this.#queues.get(caller) ?? { waiters: new Set<Waiter>(), rate };
    queue.rate = rate;
    queue.waiters.add(waiter);
    this.#queues.set(caller, queue);
  }

  #leave(caller: string, waiter: Waiter): void {
    const queue = this.#queues.get(caller);
    if (queue === undefined) return;
    queue.waiters.delete(waiter);
    if (queue.waiters.size === 0) this.#queues.delete(caller);
  }
}
