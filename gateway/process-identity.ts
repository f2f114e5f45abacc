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
  // Zero and less are groups of processes.
  if (!(processId > 0) || !isProcessAlive(processId)) return false;
  return processIdentity(processId) === identity;
}

/**
 * The same, but true also where a process of that id lives and nobody can tell when it began, now or when the identity was
 * made: what only one process may hold is not taken from it.
 */
export function maySameProcessLive(identity: string): boolean {
  const processId = Number.parseInt(identity, 10);
  if (!(processId > 0) || !isProcessAlive(processId)) return false;
  const unknown = `${processId} `;
  const now = processIdentity(processId);
  return now === identity || now === unknown || identity === unknown;
}

function processStart(processId: number): string {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "utf8");
    // proc(5): the name in parentheses may hold spaces; the start time is the 20th field behind it.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return process.platform === "linux" ? "" : startByCommand(processId);
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
