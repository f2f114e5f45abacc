/** Waits for news of something that several may wait for, each with its own patience. */

import type { Clock, TimerHandle } from "../../gateway/clock.ts";

/** How long to wait. */
export interface WaitLimits {
  /** In `ms`; absent: without an end */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Everybody who waits is woken together. */
export class WakeUps {
  readonly #clock: Clock;
  readonly #waiting = new Set<(isNews: boolean) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends all waits. */
  wake(): void {
    for (const end of [...this.#waiting]) end(true);
  }

  /** Resolves with true at the next `wake()`, or with false when the limits say so. */
  wait({ timeoutMs, signal }: WaitLimits): Promise<boolean> {
    if (signal?.aborted === true) return Promise.resolve(false);
    return new Promise((resolve) => {
      let timer: TimerHandle | undefined;
      const end = (isNews: boolean) => {
        this.#waiting.delete(end);
        this.#clock.clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
        resolve(isNews);
      };
      const stop = () => end(false);
      this.#waiting.add(end);
      signal?.addEventListener("abort", stop);
      if (timeoutMs !== undefined) timer = this.#clock.setTimeout(stop, timeoutMs);
    });
  }
}
