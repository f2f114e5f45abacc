/**
 * Work by key: however often a key is added while it waits, it is worked on once, and never twice at the same time. What
 * fails is tried again after a pause that grows with each failure up to a bound; nothing is ever given up, because what
 * is desired stays desired.
 */
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";

/** What a queue is made of. */
export interface WorkQueueOptions {
  /** For messages, such as `TaskAgent` */
  readonly name: string;
  /** Does what is due for a key. What it throws or rejects with is logged, and the key is tried again. */
  readonly work: (key: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Keys that are worked on at once; default 100, so that their writes are one commit */
  readonly atOnce?: number;
}

/** Pauses before another try: doubled from the first to the longest. */
const firstPauseMs = 100;
const longestPauseMs = 30_000;

interface Timed {
  readonly atMs: number;
  readonly timer: TimerHandle;
}

/** The running queue; keys are as many as there are objects. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #timed = new Map<string, Timed>();
  readonly #failures = new Map<string, number>();
  readonly #idle: (() => void)[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait or are worked on now; those that are timed are not among them */
  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Keys whose last try failed */
  get failing(): number {
    return this.#failures.size;
  }

  /** Has the key worked on soon. */
  add(key: string): void {
    if (this.#isClosed) return;
    this.#waiting.add(key);
    this.#schedule();
  }

  /** Has the key worked on after `delayMs`, or earlier where an earlier time is set. */
  addAfter(key: string, delayMs: number): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    const atMs = Number(clock.monotonicNs() / 1_000_000n) + delayMs;
    const known = this.#timed.get(key);
    if (known !== undefined && known.atMs <= atMs) return;
    clock.clearTimeout(known?.timer);
    const timer = clock.setTimeout(() => {
      this.#timed.delete(key);
      this.add(key);
    }, delayMs);
    timer.unref();
    this.#timed.set(key, { atMs, timer });
  }

  /** Forgets times and failures of a key whose object is gone. */
  forget(key: string): void {
    this.#options.clock.clearTimeout(this.#timed.get(key)?.timer);
    this.#timed.delete(key);
    this.#failures.delete(key);
  }

  /** Resolves when nothing waits or is worked on; what is timed is not waited for. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends after what is worked on now; safe to call again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.clear();
    for (const { timer } of this.#timed.values()) this.#options.clock.clearTimeout(timer);
    this.#timed.clear();
    await this.idle();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // All changes of a commit are told in one tick: what they add is taken together.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#take();
    });
  }

  #take(): void {
    const { atOnce = 100 } = this.#options;
    for (const key of this.#waiting) {
      if (this.#running.size >= atOnce) break;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#workOn(key);
    }
    this.#tellIdle();
  }

  async #workOn(key: string): Promise<void> {
    const { name, work, log } = this.#options;
    try {
      await work(key);
      this.#failures.delete(key);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      const pauseMs = Math.min(firstPauseMs * 2 ** Math.min(failures - 1, 20), longestPauseMs);
      log.warn(`Cannot reconcile ${name} ${key}`, {
        error: describeError(error),
        failures,
        pauseMs,
      });
      this.addAfter(key, pauseMs);
    } finally {
      this.#running.delete(key);
      if (this.#waiting.size > 0) this.#schedule();
      else this.#tellIdle();
    }
  }

  #tellIdle(): void {
    if (this.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
