/**
 * Optional placement of processes on CPUs by `taskset`: the rig (client, upstream) on the first half,
 * the contender on the rest, so that neither can take the other's time.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** CPU lists in taskset's form. */
export interface Placement {
  readonly rig: string;
  readonly contender: string;
}

/** Halves of `cpus` CPUs; undefined when there is only one. */
export function planPlacement(cpus: number): Placement | undefined {
  if (cpus < 2) return undefined;
  const half = Math.floor(cpus / 2);
  return { rig: cpuList(0, half - 1), contender: cpuList(half, cpus - 1) };
}

/** Moves all threads of the processes to `cpuList`; threads and children that they start later inherit it. */
export async function placeProcesses(pids: readonly number[], cpuList: string): Promise<void> {
  for (const pid of pids) await run("taskset", ["-a", "-p", "-c", cpuList, String(pid)]);
}

function cpuList(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}
