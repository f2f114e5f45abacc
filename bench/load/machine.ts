/** What the figures were taken on, and what else it did: a benchmark without its machine says nothing. */
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { readFileSync } from "node:fs";

// USER_HZ is 100 on every Linux ABI that Node runs on (man 5 proc).
const microsPerTick = 10_000;

/** Hardware and kernel as they are printed above the figures. */
export interface Machine {
  readonly cpuModel: string;
  readonly cpus: number;
  /** Memory in `GiB` */
  readonly memoryGib: number;
  readonly kernel: string;
}

/** CPU time of all CPUs together since the machine started, in `µs`; time stolen by the host counts as busy. */
export interface MachineTime {
  readonly allMicros: number;
  readonly busyMicros: number;
}

/** The machine's description. */
export function describeMachine(): Machine {
  return {
    cpuModel: cpus()[0]?.model.trim() ?? "unknown CPU",
    cpus: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release()}`,
  };
}

/** Reads the CPU time so far. */
export function readMachineTime(): MachineTime {
  return parseMachineTime(readFileSync("/proc/stat", "utf8"));
}

/** Totals in the text of `/proc/stat`; throws when there are none. */
export function parseMachineTime(stat: string): MachineTime {
  // cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is part of user (man 5 proc).
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ").slice(0, 8).map(Number);
  if (fields === undefined || fields.length < 5 || fields.some(Number.isNaN)) {
    throw new Error("Cannot read /proc/stat: no line of totals");
  }
  const ticks = fields.reduce((sum, field) => sum + field, 0);
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0);
  return { allMicros: ticks * microsPerTick, busyMicros: (ticks - idle) * microsPerTick };
}

/** Share (0–1) of all CPU time between two readings that neither idled nor was `ownMicros`: other work on the machine. */
export function otherWorkShare(before: MachineTime, after: MachineTime, ownMicros: number): number {
  const all = after.allMicros - before.allMicros;
  const busy = after.busyMicros - before.busyMicros;
  return all <= 0 ? 0 : Math.max(0, busy - ownMicros) / all;
}
