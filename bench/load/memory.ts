/** Resident memory of a process over time, and how fast it grows. */
import { readFileSync } from "node:fs";

/** One reading. */
export interface MemorySample {
  /** Since the first reading, in `s` */
  readonly atSeconds: number;
  /** In `MiB` */
  readonly rssMib: number;
}

/** Resident memory of a process in `MiB`. Throws when it has ended. */
export function readRssMib(pid: number): number {
  return parseRssMib(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Resident memory in the text of `/proc/<pid>/status`; throws when it does not say. */
export function parseRssMib(status: string): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error("Cannot read memory: there is no VmRSS");
  return Number(kib) / 1_024;
}

/** Growth in `MiB` per minute: the slope of the line that fits best (least squares). 0 for fewer than two moments. */
export function growthPerMinute(samples: readonly MemorySample[]): number {
  const count = samples.length;
  const meanX = samples.reduce((sum, { atSeconds }) => sum + atSeconds, 0) / count;
  const meanY = samples.reduce((sum, { rssMib }) => sum + rssMib, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { atSeconds, rssMib } of samples) {
    covariance += (atSeconds - meanX) * (rssMib - meanY);
    variance += (atSeconds - meanX) ** 2;
  }
  return variance > 0 ? (covariance / variance) * 60 : 0;
}
