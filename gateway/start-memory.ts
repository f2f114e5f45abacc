/**
 * What a process holds because it has started: gives it back, and ends the thrift of its start when there is work.
 * All of it does nothing in a process that was started without the flags of `process-flags.ts`.
 */

import { setFlagsFromString } from "node:v8";
import type { Clock, TimerHandle } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { usualFlags } from "./process-flags.ts";

/**
 * What is still going on when a start seems to be over takes about the first of these times; what it hands on to others,
 * such as what they tell it again, about the second.
 */
const settleMs = [2_000, 13_000] as const;

/**
 * Collects all garbage of this thread, and gives the memory back: 10 to 30 MB after a start, which V8 would keep for as
 * long as little happens. The thread stands still for about 50 ms: call it where nothing waits.
 */
export function releaseStartMemory(): void {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

/**
 * From now on V8 compiles what runs often as it does by itself, in all threads. A function that has run a few times before
 * waits for as long as it was told to then: call it before the work. Cheap, and safe to call again.
 */
export function compileAsUsual(): void {
  if (globalThis.gc === undefined) return;
  for (const flag of usualFlags()) setFlagsFromString(flag);
}

/** What `StartMemory` does, for tests. */
export interface StartMemoryActions {
  readonly release: () => void;
  readonly compile: () => void;
}

/** The start of one thread: over at first work, or when nothing has come for a while after it was done. */
export class StartMemory {
  readonly #clock: Clock;
  readonly #actions: StartMemoryActions;
  #timer: TimerHandle | undefined;
  #isOver = false;

  constructor(clock: Clock = systemClock, actions?: StartMemoryActions) {
    this.#clock = clock;
    this.#actions = actions ?? { release: releaseStartMemory, compile: compileAsUsual };
  }

  /** The start is done: some seconds later its memory is given back, twice, unless work comes before. Safe to call again. */
  settle(): void {
    if (!this.#isOver && this.#timer === undefined) this.#releaseAfter(...settleMs);
  }

  /** There is something to do. Called for every piece of work, and does nothing after the first. */
  work(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#clock.clearTimeout(this.#timer);
    this.#actions.compile();
  }

  #releaseAfter(delayMs: number, ...later: readonly number[]): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#actions.release();
      const [next, ...rest] = later;
      if (next !== undefined) this.#releaseAfter(next, ...rest);
    }, delayMs);
    this.#timer.unref();
  }
}
