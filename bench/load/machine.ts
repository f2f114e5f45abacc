/** What the figures were taken on: a benchmark without its machine says nothing. */
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { readFileSync } from "node:fs";

/** The machine, and how quiet it was. */
export interface Machine {
  readonly cpuModel: string;
  readonly cpus: number;
  /** Memory in `GiB` */
  readonly memoryGib: number;
  readonly kernel: string;
  /** Share of all CPU time (0–1) that was used in the second before the run: other work on the machine */
  readonly busyAtStart: number;
}

/** Reads the machine's description and watches its CPUs for `watchMs`. */
export async function describeMachine(watchMs: number): Promise<Machine> {
  const before = readFileSync("/proc/stat", "utf8");
  await new Promise((resolve) => setTimeout(resolve, watchMs));
  return {
    cpuModel: cpus()[0]?.model.trim() ?? "unknown CPU",
    cpus: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
    busyAtStart: busyShare(before, readFileSync("/proc/stat", "utf8")),
  };
}

/** Share of CPU time (0–1) that was not idle between two readings of `/proc/stat`; stolen time is busy. */
export function busyShare(before: string, after: string): number {
  const from = parseTotals(before);
  const to = parseTotals(after);
  const all = to.all - from.all;
  return all <= 0 ? 0 : 1 - (to.idle - from.idle) / all;
}

// cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is part of user (man 5 proc).
function parseTotals(stat: string): { readonly all: number; readonly idle: number } {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ").slice(0, 8).map(Number);
  if (fields === undefined || fields.some(Number.isNaN)) {
    throw new Error("Cannot read /proc/stat: no line of totals");
  }
  const all = fields.reduce((sum, field) => sum + field, 0);
  return { all, idle: (fields[3] ?? 0) + (fields[4] ?? 0) };
}
