/**
 * A folder for one process at a time: a file in it names the process. A process that was killed leaves the file behind,
 * and the next takes it over.
 */

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { maySameProcessLive, processIdentity } from "./process-identity.ts";

/** A folder that is held, until it is given up. */
export interface FolderLock {
  readonly kind: "held";
  /** Safe to call again */
  release(): void;
}

/** The lock, or which process has it. */
export type FolderLockOutcome = FolderLock | { readonly kind: "taken"; readonly by: number };

const lockFile = "lock";

/** Others may take and give up the folder between any two steps; whoever lost so often is told that it is taken. */
const mostTries = 8;

/** Takes a folder for a process. Throws what the file system says. */
export function tryTakeFolder(directory: string, processId: number): FolderLockOutcome {
  const file = path.join(directory, lockFile);
  let by = Number.NaN;
  for (let tries = 0; tries < mostTries; tries++) {
    if (tryCreateWhole(file, processIdentity(processId))) {
      return heldLock(file);
    }
    const owner = expecting("ENOENT", () => readFileSync(file, "utf8"));
    // It was given up since.
    if (owner === undefined) continue;
    by = Number.parseInt(owner, 10);
    if (maySameProcessLive(owner)) break;
    removeLeft(file, owner);
  }
  return { kind: "taken", by };
}

function heldLock(file: string): FolderLock {
  let isHeld = true;
  return {
    kind: "held",
    release() {
      // Afterwards the file is another's.
      if (isHeld) rmSync(file, { force: true });
      isHeld = false;
    },
  };
}

/** Takes away what a dead process has left, and nothing that somebody who lives has put in its place since. */
function removeLeft(file: string, owner: string): void {
  const aside = `${file}.left.${process.pid}`;
  expecting("ENOENT", () => {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") !== owner) expecting("EEXIST", () => linkSync(aside, file));
  });
  rmSync(aside, { force: true });
}

/** Whoever finds the file must find the name in it: an empty one would count as left behind. False where there is one. */
function tryCreateWhole(file: string, text: string): boolean {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    const created = expecting("EEXIST", () => {
      linkSync(temporary, file);
      return true;
    });
    return created ?? false;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** What a step gives; undefined where it fails in the way that others who are as fast make it fail. */
function expecting<Result>(code: string, step: () => Result): Result | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === code) return undefined;
    throw error;
  }
}
