/**
 * A folder for one process at a time: a file in it names the process. A process that was killed leaves the file behind,
 * and the next takes it over.
 */

import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isProcessAlive } from "./home-directory.ts";

/** A folder that is held, until it is given up. */
export interface FolderLock {
  readonly kind: "held";
  /** Safe to call again */
  release(): void;
}

/** The lock, or which process has it. */
export type FolderLockOutcome = FolderLock | { readonly kind: "taken"; readonly by: number };

const lockFile = "lock";

/** Takes a folder for a process. Throws what the file system says. */
export function tryTakeFolder(directory: string, processId: number): FolderLockOutcome {
  const file = path.join(directory, lockFile);
  // A second try after what a dead process has left; a third would race with somebody who lives.
  for (const isLast of [false, true]) {
    try {
      createWhole(file, identityOf(processId));
      return { kind: "held", release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      const owner = readFileSync(file, "utf8");
      const by = Number.parseInt(owner, 10);
      if (isLast || (isProcessAlive(by) && owner === identityOf(by))) return { kind: "taken", by };
      rmSync(file, { force: true });
    }
  }
  throw new Error(`Cannot take "${directory}": its lock changes all the time`);
}

/** Whoever finds the file must find the name in it: an empty one would count as left behind. */
function createWhole(file: string, text: string): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The id, and where the system tells it, when the process began: ids are given out again. */
function identityOf(processId: number): string {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, "utf8");
    // proc(5): the name in parentheses may hold spaces; the start time is the 20th field behind it.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return `${processId} ${fields[19] ?? ""}`;
  } catch {
    // No such file system: the id alone has to do.
    return `${processId} `;
  }
}
