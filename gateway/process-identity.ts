/** A process as nothing else can pose as it: its id and when it began, because ids are given out again. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isProcessAlive } from "./home-directory.ts";

/** The id, a space and its beginning as the system tells it; nothing behind the space where no such process can be seen. */
export function processIdentity(processId: number): string {
  return `${processId} ${processStart(processId)}`;
}

/** Whether the process of that identity lives. False for a process that has its id since. */
export function isSameProcessAlive(identity: string): boolean {
  const processId = Number.parseInt(identity, 10);
  return isThere(processId) && processIdentity(processId) === identity;
}

/**
 * The same, but true also where a process of that id lives and nobody can tell when it began, now or when the identity was
 * made: what only one process may hold is not taken from it.
 */
export function maySameProcessLive(identity: string): boolean {
  const processId = Number.parseInt(identity, 10);
  if (!isThere(processId)) return false;
  const unknown = `${processId} `;
  const now = processIdentity(processId);
  return now === identity || now === unknown || identity === unknown;
}

/**
 * Whether a process has ended, by what proc(5) says of it behind its name. It keeps its id until its parent asks for it, which
 * some never do (the first process of a container). One whose first thread has ended looks the same while others go on.
 */
export function hasEnded(stat: readonly string[]): boolean {
  const [state] = stat;
  // The number of threads is the 18th field behind the name.
  return state === "X" || (state === "Z" && Number(stat[17]) <= 1);
}

function isThere(processId: number): boolean {
  // Zero and less are groups of processes.
  return processId > 0 && isProcessAlive(processId) && !hasEnded(tryReadState(processId) ?? []);
}

function processStart(processId: number): string {
  // The start time is the 20th field behind the name.
  const start = tryReadState(processId)?.[19];
  if (start !== undefined) return start;
  return process.platform === "linux" ? "" : startByCommand(processId);
}

/** What proc(5) says of a process behind its name, which may hold spaces and parentheses; undefined where it says nothing. */
function tryReadState(processId: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Where there is no such file system (macOS): ps(1) of POSIX with the time to the second. */
function startByCommand(processId: number): string {
  const environment = { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" };
  const { stdout, status } = spawnSync("ps", ["-o", "lstart=", "-p", String(processId)], {
    encoding: "utf8",
    env: environment,
    timeout: 2_000,
  });
  return status === 0 ? stdout.trim().replaceAll(/\s+/g, "_") : "";
}
