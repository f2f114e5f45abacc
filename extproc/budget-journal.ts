/**
 * What one thread writes down of budgets. What was reserved is in the file before anything is done by it, written at once
 * with all that one read of a socket has brought; what was used in the end waits for the next reservation, but not for
 * long, so that many calls cost one write. A kill loses nothing that was written; files are not synchronised, so that a
 * machine that loses power may lose the last seconds.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import type { BudgetLine } from "./budget-lines.ts";
import { BudgetLineEncoder } from "./budget-lines.ts";
import { WaitingLines } from "./waiting-lines.ts";

/** What a journal is given. */
export interface BudgetJournalOptions {
  /** Private folder, which exists */
  readonly directory: string;
  /** Of this thread's life alone: no file of it exists yet */
  readonly name: string;
  /** Of `createWaitingMemory()`: the process reads there what the thread did not come to write */
  readonly waiting: SharedArrayBuffer;
  readonly clock: Clock;
  /** A file that has become so long is followed by another; 1 MiB when absent */
  readonly maxBytes?: number;
}

/**
 * What became of a line. `torn`: it could not be written, but perhaps it is in the file all the same, because others were
 * written with it, and it must be taken back.
 */
export type WriteOutcome = "written" | "unwritten" | "torn";

/** Waits for its line to be written. */
export interface LineWaiter {
  /** Called once; must not throw */
  onWritten(outcome: WriteOutcome): void;
}

/** Lines of one batch that are written at once: while they wait, so do the answers to their calls. */
const mostInBatch = 8;

const defaultMaxBytes = 1_048_576;

/** Lines wait so long at most: a process that is killed charges their calls what was expected. */
const longestWaitMs = 50;

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
  readonly #waiting: WaitingLines;
  readonly #encoder = new BudgetLineEncoder();
  #timer: TimerHandle | undefined;
  #file: number | undefined;
  #sequence = 0;
  #bytes = 0;
  #isTorn = false;
  /** What is encoded from here on is for another file */
  #isFull = false;
  #isBatching = false;
  /** Lines of the batch, and who waits for each */
  #batch = "";
  #waiters: LineWaiter[] = [];

  constructor(options: BudgetJournalOptions) {
    this.#options = options;
    this.#waiting = new WaitingLines(options.waiting);
  }

  /** Until `endBatch()` lines that somebody waits for are kept, to be written together. */
  beginBatch(): void {
    this.#isBatching = true;
  }

  /** Writes the batch, and tells all who wait for it. */
  endBatch(): void {
    this.#isBatching = false;
    if (this.#waiters.length > 0) this.#writeBatch();
  }

  /**
   * Writes a line, and before it all that waits; false when it cannot be written, and then nothing may be done by it. A
   * waiter is told what became of it before this returns, or where it is `pending`, with its batch.
   */
  append(line: BudgetLine, waiter?: LineWaiter): boolean | "pending" {
    if (!this.#isBatching || waiter === undefined) {
      const outcome = this.#writeAfter(this.#encode(line));
      waiter?.onWritten(outcome);
      return outcome === "written";
    }
    if (this.#waiters.length === mostInBatch) this.#writeBatch();
    this.#batch += this.#encode(line);
    this.#waiters.push(waiter);
    return "pending";
  }

  /** Keeps a line to write it soon; false when it is lost, because there is no room and nothing can be written. */
  appendSoon(line: BudgetLine): boolean {
    const text = this.#encoder.encode(line);
    if (this.#waiting.add(text)) {
      this.#timer ??= this.#startTimer();
      return true;
    }
    return this.flush() && this.#write(Buffer.from(text, "utf8")) === "written";
  }

  /** Writes the batch, and all that waits; false when the latter cannot be written, and then it goes on waiting. */
  flush(): boolean {
    if (this.#waiters.length > 0) this.#writeBatch();
    if (this.#waiting.isEmpty) return true;
    if (this.#write(this.#waiting.bytes()) !== "written") return false;
    this.#waiting.clear();
    return true;
  }

  /** What a line names is of the file in which it will be: no batch is for two of them. */
  #encode(line: BudgetLine): string {
    const { maxBytes = defaultMaxBytes } = this.#options;
    if (this.#bytes >= maxBytes && !this.#isFull && this.#waiters.length === 0) {
      this.#isFull = true;
      this.#encoder.beginFile();
    }
    return this.#encoder.encode(line);
  }

  #writeBatch(): void {
    const text = this.#batch;
    const waiters = this.#waiters;
    this.#batch = "";
    this.#waiters = [];
    const outcome = this.#writeAfter(text);
    for (const waiter of waiters) waiter.onWritten(outcome);
  }

  /** Writes lines, and before them all that waits. */
  #writeAfter(text: string): WriteOutcome {
    const bytes = this.#waiting.before(text);
    if (bytes === undefined) {
      if (!this.flush()) return "unwritten";
      return this.#write(Buffer.from(text, "utf8"));
    }
    const outcome = this.#write(bytes);
    if (outcome === "written") this.#waiting.clear();
    return outcome;
  }

  /** Ends the journal, once all that waits is written. Safe to call again. */
  close(): void {
    this.flush();
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#closeFile();
  }

  #startTimer(): TimerHandle {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.flush()) this.#timer = this.#startTimer();
    }, longestWaitMs);
    timer.unref();
    return timer;
  }

  /** What a write that failed has left must not spoil the next line; lines that it wrote twice count once. */
  #write(bytes: Buffer): WriteOutcome {
    try {
      const file = this.#open();
      if (this.#isTorn) writeSync(file, "\n");
      this.#isTorn = true;
      if (writeSync(file, bytes) !== bytes.length) {
        this.#encoder.forget();
        return "torn";
      }
      this.#isTorn = false;
      this.#bytes += bytes.length;
      return "written";
    } catch {
      this.#encoder.forget();
      return "unwritten";
    }
  }

  #open(): number {
    const { directory, name } = this.#options;
    if (this.#file !== undefined && !this.#isFull) return this.#file;
    const next = openSync(path.join(directory, journalFile(name, this.#sequence)), "ax", 0o600);
    this.#closeFile();
    this.#sequence++;
    this.#bytes = 0;
    this.#isTorn = false;
    this.#isFull = false;
    this.#file = next;
    return next;
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
