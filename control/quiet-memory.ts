/**
 * Gives memory back while little happens: V8 collects only when something needs room, so that a process with little to do
 * would hold for hours what it made in passing. Does nothing where `releaseStartMemory()` does nothing.
 */
import { performance } from "node:perf_hooks";
import type { EventLoopUtilization } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import { releaseStartMemory } from "../gateway/start-memory.ts";

/** What it looks at and does, for tests. */
export interface QuietMemoryActions {
  /** Bytes of the heap that are in use, garbage included */
  readonly heapBytes: () => number;
  /** Share of the time since the last call in which the thread was busy, from 0 to 1 */
  readonly busyShare: () => number;
  /** Collects all garbage */
  readonly release: () => void;
}

const lookEveryMs = 60_000;

/** So much that a collection of some 50 ms is worth it. */
const worthBytes = 4 * 1024 * 1024;

/** A thread that is busier has somebody who would wait. */
const quietShare = 0.05;

/** Looks from `start()` to `close()`. */
export class QuietMemory {
  readonly #clock: Clock;
  readonly #actions: QuietMemoryActions;
  #leastBytes: number;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, actions: QuietMemoryActions = ownActions()) {
    this.#clock = clock;
    this.#actions = actions;
    this.#leastBytes = actions.heapBytes();
  }

  /** Looks once a minute, and keeps no process alive. */
  start(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#look();
      this.start();
    }, lookEveryMs);
    this.#timer.unref();
  }

  /** Looks no more. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #look(): void {
    const { heapBytes, busyShare, release } = this.#actions;
    const isQuiet = busyShare() < quietShare;
    const bytes = heapBytes();
    this.#leastBytes = Math.min(this.#leastBytes, bytes);
    if (!isQuiet || bytes - this.#leastBytes < worthBytes) return;
    release();
    // What is held now may be more than before: it is not tried again for the same.
    this.#leastBytes = heapBytes();
  }
}

function ownActions(): QuietMemoryActions {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return {
    heapBytes: () => getHeapStatistics().used_heap_size,
    busyShare: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    release: releaseStartMemory,
  };
}
