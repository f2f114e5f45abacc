/**
 * Attempts at candidates that wait for the record of their transaction. Bounded: of more the oldest are forgotten, and
 * their records go without.
 */

import type { Attempt } from "./call-facts.ts";

/** Transactions whose attempts are held; a stream may be open for hours after its attempts failed. */
const mostTransactions = 16_384;

/** Envoy makes six at most. */
const mostAttempts = 8;

/** Holds attempts by the span of their transaction. */
export class AttemptBook {
  readonly #attempts = new Map<string, Attempt[]>();
  #forgotten = 0;

  /** Transactions whose attempts were forgotten. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Notes one. */
  add(spanId: string, attempt: Attempt): void {
    const known = this.#attempts.get(spanId);
    if (known !== undefined) {
      if (known.length < mostAttempts) known.push(attempt);
      return;
    }
    this.#attempts.set(spanId, [attempt]);
    if (this.#attempts.size <= mostTransactions) return;
    const [oldest] = this.#attempts.keys();
    if (oldest !== undefined) this.#attempts.delete(oldest);
    this.#forgotten++;
  }

  /** The attempts of a transaction in their order, which are then forgotten; none where there were no several ways. */
  take(spanId: string): readonly Attempt[] {
    const known = this.#attempts.get(spanId);
    if (known === undefined) return [];
    this.#attempts.delete(spanId);
    return known;
  }
}
