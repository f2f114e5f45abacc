/** The highest resident memory of processes that follow each other, from the kernel's own high-water mark. Linux. */
import { readFileSync } from "node:fs";

/** Keeps the highest. */
export class StoreMemory {
  #peakBytes = 0;

  /** Highest of all that were looked at, in bytes; what a process took between the last look and a kill is not in it. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Looks at a process; one that has ended, or none, changes nothing. */
  look(pid: number | undefined): void {
    if (pid !== undefined) this.#peakBytes = Math.max(this.#peakBytes, highWaterBytes(pid));
  }
}

function highWaterBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0; // it has ended meanwhile
  }
}
