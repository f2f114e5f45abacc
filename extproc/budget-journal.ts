/**
 * What one thread writes down of budgets. What was reserved is in the file before anything is done by it, written at once
 * with all that one read of a socket has brought; what was used in the end waits for the next reservation, but not for
 * long, so that many calls cost one write. A kill loses nothing that was written; files are not synchronised, so that a
 * machine that loses power may lose the last seconds.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import path from "node:path";
import type { Clock, TimerHandle } from "../gateway/clock.ts";
import { blockHeadBytes, sealBlock } from "./budget-blocks.ts";
import type { ReservedEntry, SettledEntry } from "./budget-entries.ts";
import { ReservationEncoder } from "./budget-entries.ts";
import { EntryWriter } from "./entry-bytes.ts";
import { WaitingEntries, waitingBytes } from "./waiting-entries.ts";

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

/** Waits for its reservation to be written. */
export interface EntryWaiter {
  /** Called once; must not throw. False: it is not in the file, and never will be */
  onWritten(isWritten: boolean): void;
}

/** Reservations of one batch that are written at once: while they wait, so do the answers to their calls. */
const mostInBatch = 8;

/** Names of budgets and executions are of some hundred bytes; what is longer than that is refused. */
const batchBytes = 262_144;

const defaultMaxBytes = 1_048_576;

/** Entries wait so long at most: a process that is killed charges their calls what was expected. */
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
  readonly #waiting: WaitingEntries;
  readonly #encoder = new ReservationEncoder();
  /** Reservations of the batch, and who waits for each */
  readonly #batch = new EntryWriter(Buffer.alloc(batchBytes));
  #waiters: EntryWaiter[] = [];
  #isBatching = false;
  /** What is written at once */
  readonly #block = Buffer.alloc(blockHeadBytes + waitingBytes + batchBytes);
  #timer: TimerHandle | undefined;
  #file: number | undefined;
  #sequence = 0;
  #bytes = 0;
  /** What is encoded from here on is for another file */
  #isFull = false;

  constructor(options: BudgetJournalOptions) {
    this.#options = options;
    this.#waiting = new WaitingEntries(options.waiting);
  }

  /** Until `endBatch()` reservations that somebody waits for are kept, to be written together. */
  beginBatch(): void {
    this.#isBatching = true;
  }

  /** Writes the batch, and tells all who wait for it. */
  endBatch(): void {
    this.#isBatching = false;
    if (this.#waiters.length > 0) this.#writeBatch();
  }

  /**
   * Writes a reservation, and before it all that waits; false when it cannot be written, and then nothing may be done by
   * it. A waiter is told what became of it before this returns, or where it is `pending`, with its batch.
   */
  append(entry: ReservedEntry, waiter?: EntryWaiter): boolean | "pending" {
    if (this.#waiters.length === mostInBatch) this.#writeBatch();
    if (!this.#encode(entry)) {
      waiter?.onWritten(false);
      return false;
    }
    if (waiter !== undefined) this.#waiters.push(waiter);
    return this.#isBatching && waiter !== undefined ? "pending" : this.#writeBatch();
  }

  /** Keeps the end of a reservation to write it soon; false when it is lost, because there is no room and nothing can be written. */
  appendSoon(entry: Omit<SettledEntry, "kind">): boolean {
    const isKept = this.#waiting.add(entry) || (this.flush() && this.#waiting.add(entry));
    if (isKept) this.#timer ??= this.#startTimer();
    return isKept;
  }

  /** Writes the batch, and all that waits; false when the latter cannot be written, and then it goes on waiting. */
  flush(): boolean {
    if (this.#waiters.length > 0) this.#writeBatch();
    return this.#waiting.isEmpty || this.#write();
  }

  /** Ends the journal, once all that waits is written. Safe to call again. */
  close(): void {
    this.flush();
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#closeFile();
  }

  /** What an entry names is of the file in which it will be: no batch is for two of them. */
  #encode(entry: ReservedEntry): boolean {
    const { maxBytes = defaultMaxBytes } = this.#options;
    if (this.#bytes >= maxBytes && !this.#isFull && this.#batch.at === 0) {
      this.#isFull = true;
      this.#encoder.beginFile();
    }
    if (this.#encoder.encode(entry, this.#batch)) return true;
    if (this.#batch.at === 0) return false;
    this.#writeBatch();
    return this.#encode(entry);
  }

  #writeBatch(): boolean {
    const waiters = this.#waiters;
    this.#waiters = [];
    const isWritten = this.#write();
    if (!isWritten) this.#encoder.forget();
    this.#batch.at = 0;
    for (const waiter of waiters) waiter.onWritten(isWritten);
    return isWritten;
  }

  #startTimer(): TimerHandle {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (!this.flush()) this.#timer = this.#startTimer();
    }, longestWaitMs);
    timer.unref();
    return timer;
  }

  /** Writes all that waits and the batch as one block, which counts as a whole or not at all. */
  #write(): boolean {
    const block = this.#block;
    let end = blockHeadBytes + this.#waiting.bytes().copy(block, blockHeadBytes);
    end += this.#batch.written.copy(block, end);
    const bytes = block.subarray(0, end);
    sealBlock(bytes);
    try {
      if (writeSync(this.#open(), bytes) !== end) return false;
    } catch {
      return false;
    }
    this.#bytes += end;
    this.#waiting.clear();
    return true;
  }

  #open(): number {
    const { directory, name } = this.#options;
    if (this.#file !== undefined && !this.#isFull) return this.#file;
    const next = openSync(path.join(directory, journalFile(name, this.#sequence)), "ax", 0o600);
    this.#closeFile();
    this.#sequence++;
    this.#bytes = 0;
    this.#isFull = false;
    this.#file = next;
    return next;
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
