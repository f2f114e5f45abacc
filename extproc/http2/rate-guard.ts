/** Notices a flood: too many events in a span of time. It reads the clock once in `limit` events, not at each. */

import type { Clock } from "../../gateway/clock.ts";

/** What counts as a flood. */
export interface RateGuardOptions {
  readonly clock: Clock;
  /** Events that are always allowed within the span */
  readonly limit: number;
  readonly spanMs: number;
}

/** Counts events of one kind. Up to twice the limit may pass in a span that begins unluckily, never more. */
export class RateGuard {
  readonly #options: RateGuardOptions;
  #count = 0;
  #sinceNs: bigint;

  /** The first span begins now. */
  constructor(options: RateGuardOptions) {
    this.#options = options;
    this.#sinceNs = options.clock.monotonicNs();
  }

  /** Counts one event; true when it is one too many. */
  hit(): boolean {
    this.#count++;
    if (this.#count <= this.#options.limit) return false;
    const nowNs = this.#options.clock.monotonicNs();
    const isFlood = nowNs - this.#sinceNs < BigInt(this.#options.spanMs) * 1_000_000n;
    this.#count = 1;
    this.#sinceNs = nowNs;
    return isFlood;
  }
}
