/**
 * Role on raw connections: looks at pieces as they pass, counts their bytes and changes nothing. Who may connect where
 * was decided before the first byte; what is seen here is how much goes on connections that are still open.
 */

import type { NetworkMessage } from "./network-messages.ts";

/** What one connection has carried so far. */
export interface ConnectionTraffic {
  readonly bytesUpstream: number;
  readonly bytesDownstream: number;
  readonly durationMs: number;
}

/** One raw connection. */
export class NetworkSession {
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #bytesUpstream = 0;
  #bytesDownstream = 0;

  /** `nowMs` is monotonic time. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  /** Counts of now. */
  get traffic(): ConnectionTraffic {
    return {
      bytesUpstream: this.#bytesUpstream,
      bytesDownstream: this.#bytesDownstream,
      durationMs: this.#nowMs() - this.#startedMs,
    };
  }

  /** Counts a piece, which stays the caller's. */
  onMessage({ direction, data }: NetworkMessage): void {
    if (direction === "read") this.#bytesUpstream += data.length;
    else this.#bytesDownstream += data.length;
  }
}
