/**
 * The processes that a test started and perhaps left behind: a test runs as leader of its own process group.
 * A zombie is no process any more; where nobody reaps, it stays in its group for ever.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Names of the live processes in a group; where there is no /proc, `?` stands for any number of them. */
export function liveGroupMembers(group: number): string[] {
  let entries: string[];
  try {
    entries = readdirSync("/proc");
  } catch {
    return signalGroup(group, 0) ? ["?"] : [];
  }
  return entries.filter((entry) => /^\d+$/.test(entry)).flatMap((pid) => memberName(pid, group));
}

/** Sends a signal to a whole group; false when nobody is there any more. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    // ESRCH: the group is empty, which is what everybody who signals it wants.
    return false;
  }
}

function memberName(pid: string, group: number): string[] {
  try {
    // "pid (name) state ppid pgrp …"; the name may itself hold blanks and brackets: proc(5).
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    const [state, , pgrp] = text.slice(end + 2).split(" ");
    const isMember = Number(pgrp) === group && state !== "Z" && state !== "X";
    return isMember ? [text.slice(text.indexOf("(") + 1, end)] : [];
  } catch {
    // It ended while we looked.
    return [];
  }
}
