/**
 * What one thread writes down of budgets: each line in one write, before anything is done by it. A kill loses nothing
 * that was written; files are not synchronised, so that a machine that loses power may lose the last seconds.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { BudgetLine } from "./budget-lines.ts";
import { encodeBudgetLine } from "./budget-lines.ts";

/** What a journal is given. */
export interface BudgetJournalOptions {
  /** Private folder, which exists */
  readonly directory: string;
  /** Of this thread's life alone: no file of it exists yet */
  readonly name: string;
  /** A file that has become so long is followed by another; 1 MiB when absent */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 1_048_576;

/** Name of the file of that position; what went before it is complete. */
export function journalFile(name: string, sequence: number): string {
  return `${name}.${sequence}.journal`;
}

/** The name and position of a journal's file; undefined for other files. */
export function tryParseJournalFile(
  file: string,
): { readonly name: string; readonly sequence: number } | undefined {
  const [, name, sequence] = /^([\w-]+)\.(\d+)\.journal$/.exec(file) ?? [];
  return name === undefined ? undefined : { name, sequence: Number(sequence) };
}

/** Writes the journal of one thread. */
export class BudgetJournal {
  readonly #options: BudgetJournalOptions;
  #file: number | undefined;
  #sequence = 0;
  #bytes = 0;
  #isTorn = false;

  constructor(options: BudgetJournalOptions) {
    this.#options = options;
  }

  /** Writes a line; false when it cannot be written, and then nothing may be done by it. */
  append(line: BudgetLine): boolean {
    // What a write that failed has left must not spoil the next line.
    const bytes = Buffer.from(`${this.#isTorn ? "\n" : ""}${encodeBudgetLine(line)}`, "utf8");
    try {
      const file = this.#open();
      this.#isTorn = true;
      if (writeSync(file, bytes) !== bytes.length) return false;
      this.#isTorn = false;
      this.#bytes += bytes.length;
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the journal. Safe to call again. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    const { directory, name, maxBytes = defaultMaxBytes } = this.#options;
    if (this.#file !== undefined && this.#bytes < maxBytes) return this.#file;
    const next = openSync(path.join(directory, journalFile(name, this.#sequence)), "ax", 0o600);
    this.close();
    this.#sequence++;
    this.#bytes = 0;
    this.#isTorn = false;
    this.#file = next;
    return next;
  }
}
