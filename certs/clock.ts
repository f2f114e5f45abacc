/** Time as this directory sees it, so that renewal and rotation can be tested without waiting. */

/** Wall clock and timers; `systemClock` in a process, a fake one in tests. */
export interface Clock {
  /** Current Unix time in `ms` */
  nowMs(): number;
  /** Calls back once after `delayMs` unless cancelled; must not keep the process alive. */
  setTimer(callback: () => void, delayMs: number): ClockTimer;
}

/** A timer that has been set and can be called off. */
export interface ClockTimer {
  /** Calls the timer off; does nothing when it has fired or was cancelled before. */
  cancel(): void;
}

/**
 * The machine's clock. Delays stop while a laptop sleeps (timers are monotonic), so callers set short ones
 * and compare with `nowMs()` instead of trusting one long delay.
 */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
