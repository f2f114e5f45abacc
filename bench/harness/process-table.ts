/** What the system says about processes: who lives, who belongs to whom, and what everybody can read about them. Linux. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** One process as `/proc` shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Arguments, the program first; empty for a zombie */
  readonly command: readonly string[];
}

/** Whether a process with this id runs; one that has ended and was not waited for does not. */
export function isRunning(pid: number): boolean {
  return readState(pid) !== undefined;
}

/** Every running process that can be read. */
export function listProcesses(): ProcessEntry[] {
  const pids = readdirSync("/proc").map(Number);
  return pids.filter(Number.isInteger).flatMap((pid) => {
    const parent = readState(pid);
    if (parent === undefined) return [];
    const command = tryRead(pid, "cmdline")?.split("\0").slice(0, -1) ?? [];
    return [{ pid, parent, command }];
  });
}

/** Ids of the processes below `pid`, at any depth. */
export function descendants(pid: number): number[] {
  const all = listProcesses();
  const found = [pid];
  for (const above of found) {
    found.push(...all.filter(({ parent }) => parent === above).map((entry) => entry.pid));
  }
  return found.slice(1);
}

/** The environment a process was started with, as `NAME=value` texts; empty when it cannot be read. */
export function startEnvironment(pid: number): string[] {
  return (
    tryRead(pid, "environ")
      ?.split("\0")
      .filter((text) => text !== "") ?? []
  );
}

/** Parent of a process; undefined when it is gone or a zombie. The name in `stat` may hold blanks and parentheses. */
function readState(pid: number): number | undefined {
  const stat = tryRead(pid, "stat");
  const [state, parent] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return state === undefined || state === "Z" || state === "X" ? undefined : Number(parent);
}

function tryRead(pid: number, file: "stat" | "cmdline" | "environ"): string | undefined {
  try {
    return readFileSync(join("/proc", String(pid), file), "utf8");
  } catch {
    return undefined; // gone meanwhile, or of another user
  }
}
