/** Wakes all who wait for more to be stored: one look at a number for all of them, and no statement. */
import { monotonicMs } from "../../gateway/clock.ts";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";

const lookEveryMs = 100;
const longestWaitMs = 10_000;

interface Waiter {
  readonly position: bigint;
  readonly untilMs: number;
  readonly tell: (isMore: boolean) => void;
}

/** See the file. */
export class StoreClock {
  readonly #clock: Clock;
  readonly #highWater: () => bigint | undefined;
  readonly #waiters = new Set<Waiter>();
  #timer: TimerHandle | undefined;

  /** `highWater`: up to there all is stored; undefined where the store is away, which all are to hear by reading. */
  constructor(clock: Clock, highWater: () => bigint | undefined) {
    this.#clock = clock;
    this.#highWater = highWater;
  }

  /** Resolves to true when more than the position is stored, to false after ten seconds or when aborted. */
  whenMore(position: bigint, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        untilMs: monotonicMs(this.#clock) + longestWaitMs,
        tell: (isMore) => {
          this.#waiters.delete(waiter);
          signal.removeEventListener("abort", onAbort);
          resolve(isMore);
        },
      };
      const onAbort = () => waiter.tell(false);
      if (signal.aborted) return resolve(false);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#look();
    });
  }

  #look(): void {
    const highWater = this.#highWater();
    const nowMs = monotonicMs(this.#clock);
    for (const waiter of [...this.#waiters]) {
      if (highWater === undefined || highWater > waiter.position) waiter.tell(true);
      else if (nowMs >= waiter.untilMs) waiter.tell(false);
    }
    if (this.#waiters.size === 0 || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, lookEveryMs);
    this.#timer.unref();
  }
}
