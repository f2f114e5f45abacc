/**
 * The budgets of a process over its lives: reads the journals that its threads write, keeps the book of all of them in
 * one file, and gives the next life what was used before. A reservation that nobody settled is charged whole. Only one
 * process may keep the budgets of a folder; where they cannot be kept, the store says so and every call is refused.
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
import { describeError } from "../gateway/errors.ts";
import type { BookState } from "./budget-book.ts";
import { BudgetBook } from "./budget-book.ts";
import type { BookedCount } from "./budget-book.ts";
import { tryParseJournalFile } from "./budget-journal.ts";
import { checksum, tryDecodeBudgetLine } from "./budget-lines.ts";
import { BudgetTable, createBudgetMemory } from "./budget-table.ts";
import { tryTakeFolder } from "../gateway/folder-lock.ts";
import type { FolderLock } from "../gateway/folder-lock.ts";

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
}

/** The book in the file, and how far each journal is in it, in bytes. */
interface WrittenBook extends BookState {
  readonly read: readonly (readonly [file: string, bytes: number])[];
}

const bookFile = "book";
const lineEnd = 0x0a;

/** Keeps the budgets of one folder. */
export class BudgetStore {
  /** How far budgets are used, for the threads */
  readonly memory: SharedArrayBuffer;
  readonly #options: BudgetStoreOptions;
  readonly #table: BudgetTable;
  readonly #startedMs: number;
  readonly #live = new Set<string>();
  readonly #read = new Map<string, number>();
  #book = new BudgetBook();
  #lock: FolderLock | undefined;
  #journals = 0;
  #isUnwritten = false;
  /** Stays: what is not known is not known later either */
  #failure = "";
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
    return this.#failure || ([...this.#troubles.values()][0] ?? "");
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
    this.#live.add(name);
    return { directory: this.#options.directory, name };
  }

  /** A thread has ended: what it left open is charged. */
  onThreadGone({ name }: JournalPlace): void {
    if (!this.#live.delete(name) || this.#failure !== "") return;
    this.#try("Cannot keep the budgets", () => {
      this.#readJournals();
      const charged = this.#book.chargeOpen((id) => id.startsWith(`${name}.`));
      const settlements = charged.map(({ key, amount, untilMs }) => ({
        ...{ key, untilMs },
        reserved: amount,
        used: amount,
      }));
      this.#table.settle(settlements, this.#options.nowMs());
      this.#isUnwritten = true;
      this.#writeBook();
    });
  }

  /** Reads on, and puts journals that are complete into the book's file; called every few seconds. */
  merge(): void {
    if (this.#lock === undefined || this.#failure !== "") return;
    this.#try("Cannot keep the budgets", () => {
      this.#readJournals();
      this.#book.prune(this.#options.nowMs());
      if (this.#isUnwritten || this.#completeFiles().length > 0) this.#writeBook();
    });
  }

  /** Counts that hold now, as far as the threads have written. */
  list(): BookedCount[] {
    if (this.#lock === undefined || this.#failure !== "") return [];
    this.#try("Cannot read the budgets", () => this.#readJournals());
    return this.#book.list(this.#options.nowMs());
  }

  /** Ends the store when all threads have ended: what is still open is charged. Safe to call again. */
  close(): void {
    if (this.#lock === undefined) return;
    this.#live.clear();
    // A book that could not be read must not be written over.
    if (this.#failure === "") {
      this.#try("Cannot keep the budgets", () => {
        this.#readJournals();
        this.#book.chargeOpen(() => true);
        this.#writeBook();
      });
    }
    this.#lock.release();
    this.#lock = undefined;
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

  #readJournals(): void {
    for (const { file } of this.#files()) this.#readOn(file);
  }

  /** Reads the whole lines that were added; what is torn at the end waits for the rest. */
  #readOn(file: string): void {
    const from = this.#read.get(file) ?? 0;
    const full = path.join(this.#options.directory, file);
    const { size } = statSync(full);
    if (size <= from) return;
    const bytes = Buffer.alloc(size - from);
    const handle = openSync(full, "r");
    let length: number;
    try {
      length = readSync(handle, bytes, 0, bytes.length, from);
    } finally {
      closeSync(handle);
    }
    const end = bytes.lastIndexOf(lineEnd, length - 1) + 1;
    for (const line of bytes.toString("utf8", 0, end).split("\n")) {
      const read = tryDecodeBudgetLine(line);
      if (read !== undefined) this.#book.apply(read);
    }
    this.#read.set(file, from + end);
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
    }
  }
}
