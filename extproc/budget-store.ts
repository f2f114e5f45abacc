/**
 * The budgets of a process over its lives: reads the journals that its threads write, keeps the book of all of them in
 * one file, and gives the next life what was used before. Of a reservation that nobody settled, what was expected is
 * charged. Only one process may keep the budgets of a folder; where they cannot be kept, the store says so and every
 * call is refused.
 */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { describeError } from "../gateway/errors.ts";
import { tryTakeFolder } from "../gateway/folder-lock.ts";
import type { FolderLock } from "../gateway/folder-lock.ts";
import type { BookState, OpenReservation } from "./budget-book.ts";
import { BudgetBook } from "./budget-book.ts";
import type { BookedCount } from "./budget-book.ts";
import { tryParseJournalFile } from "./budget-journal.ts";
import { isOtherJournal, readBlocks } from "./budget-blocks.ts";
import type { BudgetEntry } from "./budget-entries.ts";
import { BudgetEntryDecoder } from "./budget-entries.ts";
import { BudgetTable, createBudgetMemory } from "./budget-table.ts";
import { createWaitingMemory, WaitingEntries } from "./waiting-entries.ts";

/** What a store is given. */
export interface BudgetStoreOptions {
  /** Private folder; made where it is missing */
  readonly directory: string;
  /** Wall clock in Unix `ms` */
  readonly nowMs: () => number;
  /** Of this process; tells apart the journals of its lives */
  readonly processId: number;
  /** Counts that hold at once; 65,536 when absent */
  readonly places?: number;
}

/** Where one thread writes its journal. */
export interface JournalPlace {
  readonly directory: string;
  readonly name: string;
  /** Where ends of reservations wait to be written */
  readonly waiting: SharedArrayBuffer;
}

/** The book in the file, and how far each journal is in it, in bytes. */
interface WrittenBook extends BookState {
  readonly read: readonly (readonly [file: string, bytes: number])[];
}

const bookFile = "book";

/** Refunds that wait for a merge; what comes above stays charged. */
const mostRefunds = 16_384;
const mergesOfRefund = 3;

/** Of what is in the book already. */
const nobody = () => {};

/** Keeps the budgets of one folder. */
export class BudgetStore {
  /** How far budgets are used, for the threads */
  readonly memory: SharedArrayBuffer;
  readonly #options: BudgetStoreOptions;
  readonly #table: BudgetTable;
  readonly #startedMs: number;
  readonly #live = new Map<string, WaitingEntries>();
  readonly #read = new Map<string, number>();
  /** Of the files that are read on, with what they have named */
  readonly #decoders = new Map<string, BudgetEntryDecoder>();
  #book = new BudgetBook();
  #lock: FolderLock | undefined;
  #journals = 0;
  /** Transactions, with how many merges have looked for their charge */
  readonly #refunds = new Map<string, number>();
  #isUnwritten = false;
  /** Stays: what is not known is not known later either */
  #failure = "";
  /** Journals with calls of which nobody knows what they count, and how many */
  readonly #damaged = new Map<string, number>();
  /** What failed when it was last tried, by what it was */
  readonly #troubles = new Map<string, string>();

  constructor(options: BudgetStoreOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
    this.memory = createBudgetMemory(options.places);
    this.#table = new BudgetTable(this.memory);
  }

  /** Why budgets cannot be kept, a sentence; empty while they can. */
  get failure(): string {
    const [damage] = this.#damaged;
    return (
      this.#failure ||
      ([...this.#troubles.values()][0] ?? (damage && damagedJournal(...damage)) ?? "")
    );
  }

  /** Takes over what lives before have left, and charges what they left open. Never throws. */
  open(): void {
    this.#try("Cannot read the budgets", () => this.#open());
    this.#failure = this.failure;
  }

  #open(): void {
    const { directory, nowMs } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = tryTakeFolder(directory, this.#options.processId);
    if (lock.kind === "taken")
      throw new Error(`Process ${lock.by} keeps the budgets of "${directory}"`);
    this.#lock = lock;
    this.#readBook();
    this.#readJournals();
    const [damage] = this.#damaged;
    if (damage !== undefined) throw new Error(damagedJournal(...damage));
    this.#book.chargeOpen(() => true);
    const now = nowMs();
    this.#book.prune(now);
    for (const count of this.#book.list(now)) {
      if (!this.#table.load(count, now)) throw new Error("More budgets are in use than have room");
    }
    this.#writeBook();
  }

  /** A place for the journal of a thread that starts; undefined while budgets cannot be kept. */
  place(): JournalPlace | undefined {
    if (this.#failure !== "") return undefined;
    const name = `${this.#startedMs}-${this.#options.processId}-${this.#journals}`;
    this.#journals++;
    const waiting = createWaitingMemory();
    this.#live.set(name, new WaitingEntries(waiting));
    return { directory: this.#options.directory, name, waiting };
  }

  /**
   * A thread has ended: what it settled counts, and what is expected of the calls that it left open is charged. These are
   * given back.
   */
  onThreadGone({ name }: JournalPlace): readonly OpenReservation[] {
    let charged: readonly OpenReservation[] = [];
    const waiting = this.#live.get(name);
    this.#live.delete(name);
    if (waiting === undefined || this.#failure !== "") return charged;
    this.#try("Cannot keep the budgets", () => {
      this.#readJournals();
      this.#apply(name, waiting.copy());
      charged = this.#book.chargeOpen((journal) => journal === name);
      const settlements = charged.flatMap(({ counts }) =>
        counts.map(({ key, amount, expected, untilMs }) => ({
          ...{ key, untilMs },
          reserved: amount,
          used: expected,
        })),
      );
      this.#table.settle(settlements, this.#options.nowMs());
      this.#isUnwritten = true;
      this.#writeBook();
    });
    return charged;
  }

  /** Takes back what a transaction was charged by an estimate, when its end has been read: with a merge soon. */
  refund(transaction: string): void {
    if (this.#refunds.size < mostRefunds) this.#refunds.set(transaction, 0);
  }

  /** Reads what was written to journals since. */
  catchUp(): void {
    if (this.#lock === undefined || this.#failure !== "") return;
    this.#try("Cannot read the budgets", () => this.#readFiles());
  }

  /** Reads on, and puts journals that are complete into the book's file; called every few seconds. */
  merge(): void {
    if (this.#lock === undefined || this.#failure !== "") return;
    this.#try("Cannot keep the budgets", () => {
      this.#readJournals();
      this.#giveBack();
      this.#giveUp();
      this.#book.prune(this.#options.nowMs());
      if (this.#isUnwritten || this.#completeFiles().length > 0) this.#writeBook();
    });
  }

  /** Counts that hold now, as far as the threads have written. */
  list(): BookedCount[] {
    if (this.#lock === undefined || this.#failure !== "") return [];
    this.#try("Cannot read the budgets", () => {
      this.#readJournals();
      this.#giveBack();
    });
    return this.#book.list(this.#options.nowMs());
  }

  /** Ends the store when all threads have ended: what is still open is charged. Safe to call again. */
  close(): void {
    if (this.#lock === undefined) return;
    // A book that could not be read must not be written over.
    if (this.#failure === "") {
      this.#try("Cannot keep the budgets", () => {
        this.#readJournals();
        this.#live.clear();
        this.#giveBack();
        this.#book.chargeOpen(() => true);
        this.#writeBook();
      });
    }
    this.#lock.release();
    this.#lock = undefined;
  }

  #giveBack(): void {
    for (const [transaction] of this.#refunds) {
      const charged = this.#book.refund(transaction);
      if (charged === undefined) continue;
      this.#refunds.delete(transaction);
      this.#isUnwritten = true;
      const settlements = charged.map(({ key, used, untilMs }) => ({
        ...{ key, untilMs },
        reserved: 0,
        used: -used,
      }));
      this.#table.settle(settlements, this.#options.nowMs());
    }
  }

  /** An end that does not come will not come any more: its thread is gone, and its charge was told otherwise. */
  #giveUp(): void {
    for (const [transaction, merges] of this.#refunds) {
      if (merges < mergesOfRefund) this.#refunds.set(transaction, merges + 1);
      else this.#refunds.delete(transaction);
    }
  }

  #try(what: string, action: () => void): void {
    try {
      action();
      this.#troubles.delete(what);
    } catch (error) {
      this.#troubles.set(what, `${what}: ${describeError(error)}`);
    }
  }

  #readBook(): void {
    const file = path.join(this.#options.directory, bookFile);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
      throw error;
    }
    const body = text.slice(9);
    if (text.slice(0, 9) !== `${checksum(body)} `) {
      throw new Error(`"${file}" is damaged: remove it to start all budgets at 0`);
    }
    // What has the checksum was written by `#writeBook()`.
    const written = JSON.parse(body) as WrittenBook;
    this.#book = new BudgetBook(written);
    for (const [name, bytes] of written.read) this.#read.set(name, bytes);
  }

  #files(): { readonly file: string; readonly name: string; readonly sequence: number }[] {
    return readdirSync(this.#options.directory)
      .flatMap((file) => {
        const parsed = tryParseJournalFile(file);
        return parsed === undefined ? [] : [{ file, ...parsed }];
      })
      .toSorted((a, b) => a.name.localeCompare(b.name) || a.sequence - b.sequence);
  }

  /** Files before what waits: a call is reserved in a file before it can be settled, and a settlement counts once. */
  #readJournals(): void {
    this.#readFiles();
    for (const [name, waiting] of this.#live) this.#apply(name, waiting.copy());
  }

  #readFiles(): void {
    for (const { file, name } of this.#files()) this.#readOn(file, name);
  }

  /** What waits names no keys. */
  #apply(name: string, waiting: Buffer): void {
    new BudgetEntryDecoder().decode(waiting, [0, waiting.length], (entry) =>
      this.#book.apply(name, entry),
    );
  }

  /** Reads the whole blocks that were added; what is torn at the end waits for the rest. */
  #readOn(file: string, name: string): void {
    const from = this.#read.get(file) ?? 0;
    const full = path.join(this.#options.directory, file);
    const { size } = statSync(full);
    if (size <= from) return;
    const known = this.#decoders.get(file);
    const decoder = known ?? new BudgetEntryDecoder();
    // What is in the book already still names keys for what follows.
    const start = known === undefined ? 0 : from;
    const bytes = readPart(full, start, size);
    if (start === 0 && isOtherJournal(bytes)) throw new Error(otherForm(full));
    const take = (entry: BudgetEntry) => this.#book.apply(name, entry);
    const end = readBlocks(bytes, (first, last) =>
      decoder.decode(bytes, [first, last], start + last <= from ? nobody : take),
    );
    this.#decoders.set(file, decoder);
    this.#read.set(file, Math.max(from, start + end));
    if (decoder.lost > 0) this.#damaged.set(full, decoder.lost);
  }

  /** Files to which nobody adds any more. */
  #completeFiles(): string[] {
    const files = this.#files();
    return files
      .filter(
        ({ name, sequence }) =>
          !this.#live.has(name) ||
          files.some((other) => other.name === name && other.sequence > sequence),
      )
      .map(({ file }) => file);
  }

  /** The file says how far the journals are in it: whatever happens on the way, no line counts twice. */
  #writeBook(): void {
    const complete = new Set(this.#completeFiles());
    const present = new Set(this.#files().map(({ file }) => file));
    const read = [...this.#read].filter(([file]) => present.has(file));
    const body = JSON.stringify({ ...this.#book.state(), read } satisfies WrittenBook);
    const { directory } = this.#options;
    const temporary = path.join(directory, `${bookFile}.new`);
    const handle = openSync(temporary, "w", 0o600);
    try {
      const bytes = Buffer.from(`${checksum(body)} ${body}`, "utf8");
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, path.join(directory, bookFile));
    this.#isUnwritten = false;
    for (const file of complete) {
      rmSync(path.join(directory, file), { force: true });
      this.#read.delete(file);
      this.#decoders.delete(file);
    }
  }
}

function otherForm(file: string): string {
  return `"${file}" was written by another version: start that one once more, end it in peace, and start this one again, or remove the file and lose what it counts`;
}

function damagedJournal(file: string, lost: number): string {
  return `"${file}" is damaged: what ${lost} of its calls counted is lost. Remove it to go on without what it counts`;
}

/** Eight hex digits over the UTF-8 of a text. */
function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

/** The bytes of a file from one place to another, or to its end. */
function readPart(file: string, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  const handle = openSync(file, "r");
  try {
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, start));
  } finally {
    closeSync(handle);
  }
}
