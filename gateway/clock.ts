/**
 * Injectable time: everything that reads a clock or arms a timer takes a `Clock`, so that tests decide when time passes.
 * The wall clock may jump; durations are measured with the monotonic one.
 */

/** An armed timer; give it back to `Clock.clearTimeout()` to disarm it. */
export interface TimerHandle {
  /** Lets the process end although the timer is still armed. */
  unref(): void;
}

/** Time as the gateway sees it. */
export interface Clock {
  /** Wall clock in Unix `ms`, whole; it may jump forwards and backwards */
  now(): number;
  /** Monotonic clock in `ns` since an arbitrary origin; for durations only */
  monotonicNs(): bigint;
  /** Calls back once after at least `delayMs`; negative delays count as 0. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  /** Disarms a timer; a fired, cleared or absent one is ignored. */
  clearTimeout(handle: TimerHandle | undefined): void;
}

/** The monotonic clock in `ms` with fractions; for durations only. */
export function monotonicMs(clock: Pick<Clock, "monotonicNs">): number {
  return Number(clock.monotonicNs()) / 1e6;
}

// Node turns longer delays into 1 ms (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args).
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's own time. Delays above 2^31-1 `ms` are cut to that. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNs: () => process.hrtime.bigint(),
  setTimeout: (callback, delayMs) => new SystemTimer(callback, delayMs),
  clearTimeout: (handle) => {
    if (handle instanceof SystemTimer) handle.cancel();
  },
};

class SystemTimer implements TimerHandle {
  readonly #timeout: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.#timeout = setTimeout(callback, Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS));
  }

  unref(): void {
    this.#timeout.unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

class ManualTimer implements TimerHandle {
  readonly atMs: number;
  readonly callback: () => void;

  constructor(atMs: number, callback: () => void) {
    this.atMs = atMs;
    this.callback = callback;
  }

  unref(): void {
    // a manual timer never keeps a process alive
  }
}

/** A clock for tests that stands still until `advance()`; timers fire in order of their time, then of their arming. */
export class ManualClock implements Clock {
  readonly #timers = new Set<ManualTimer>();
  readonly #originMs: number;
  #elapsedMs = 0;

  /** Starts at the given Unix `ms` (default 2026-01-01T00:00:00Z). */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#originMs = startMs;
  }

  now(): number {
    return this.#originMs + Math.floor(this.#elapsedMs);
  }

  monotonicNs(): bigint {
    return BigInt(Math.round(this.#elapsedMs * 1e6));
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const timer = new ManualTimer(this.#elapsedMs + Math.max(delayMs, 0), callback);
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle instanceof ManualTimer) this.#timers.delete(handle);
  }

  /** Number of armed timers */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next armed timer fires, or undefined when none is armed. */
  get nextTimerMs(): number | undefined {
    const next = this.#earliest(Number.POSITIVE_INFINITY);
    return next && next.atMs - this.#elapsedMs;
  }

  /** Moves time on and fires, synchronously, every timer that falls due, including those armed by a callback. */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError(`Cannot advance clock: ${byMs} ms is negative`);
    const untilMs = this.#elapsedMs + byMs;
    for (;;) {
      const next = this.#earliest(untilMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#elapsedMs = next.atMs;
      next.callback();
    }
    this.#elapsedMs = untilMs;
  }

  #earliest(untilMs: number): ManualTimer | undefined {
    let earliest: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > untilMs) continue;
      if (earliest === undefined || timer.atMs < earliest.atMs) earliest = timer;
    }
    return earliest;
  }
}

/** Resolves after `delayMs` or as soon as the signal aborts, whichever comes first; never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, delayMs);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
