/** What one input may cost. A first look is cheap and errs to the side of suspicion; a second one makes sure. */

import { getHeapStatistics } from "node:v8";
import type { Finding, OpenTarget } from "./fuzz-target.ts";

/** Memory that one input may take, in bytes. */
export const maxInputMemoryBytes = 64 * 1024 * 1024;

const defaultCpuMs = 50;

/** Runs that must all be too slow: the first ones of a thread are slow for want of compiled code. */
const slowRuns = 3;

/** Judges what inputs cost in this thread. */
export class InputCost {
  readonly #maxCpuMs: number;
  #startMs = 0;
  #startBytes = 0;

  constructor(maxCpuMs: number = defaultCpuMs) {
    this.#maxCpuMs = maxCpuMs;
  }

  /** Begins to look. */
  begin(): void {
    this.#startBytes = heldBytes();
    this.#startMs = performance.now();
  }

  /** Whether what ran since `begin()` may have cost too much; other threads may be to blame. */
  isSuspicious(): boolean {
    return (
      performance.now() - this.#startMs > this.#maxCpuMs ||
      heldBytes() - this.#startBytes > maxInputMemoryBytes
    );
  }

  /** Runs the input again, and says what it costs if that is too much each time. */
  async judge(target: OpenTarget, input: Buffer): Promise<Finding> {
    let leastMs = Number.POSITIVE_INFINITY;
    let leastBytes = Number.POSITIVE_INFINITY;
    for (let run = 0; run < slowRuns; run++) {
      const bytes = heldBytes();
      const before = process.threadCpuUsage();
      await target.check(input);
      const { user, system } = process.threadCpuUsage(before);
      leastMs = Math.min(leastMs, (user + system) / 1_000);
      leastBytes = Math.min(leastBytes, heldBytes() - bytes);
    }
    if (leastMs > this.#maxCpuMs) {
      return `it takes more than ${this.#maxCpuMs} ms of CPU time (${Math.round(leastMs)} ms)`;
    }
    if (leastBytes <= maxInputMemoryBytes) return undefined;
    return `it takes more than 64 MiB of memory (${Math.round(leastBytes / 1_048_576)} MiB)`;
  }
}

function heldBytes(): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}
