/**
 * What was acknowledged and has not yet been sent on, on disk for as long as that lasts: a kill of the process loses none of
 * it. Messages stand one behind the other in numbered files; a file goes when all in it went somewhere else.
 *
 * A message is its length and its number of records, 4 bytes each, most significant first, and its bytes.
 */
import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { describeError } from "../../gateway/errors.ts";
import { tryTakeFolder } from "../../gateway/folder-lock.ts";
import type { FolderLock } from "../../gateway/folder-lock.ts";
import type { Logger } from "../../gateway/log.ts";

/** Where a journal is kept. */
export interface ForwardJournalOptions {
  /** For this journal alone; created with mode 0700 */
  readonly directory: string;
  readonly log: Logger;
  /** A message that would make the files larger than this is not kept; default 32 MiB */
  readonly maxBytes?: number;
  /** A file from this size on is followed by the next; default 1 MiB */
  readonly maxFileBytes?: number;
}

/** A message of the journal. */
export interface JournalledMessage {
  readonly message: Uint8Array;
  readonly records: number;
  /** It went somewhere else, or was given up: the journal may forget it. Safe to call again */
  readonly settle: () => void;
}

interface JournalFile {
  readonly path: string;
  /** Absent in one that a process before has written */
  readonly handle?: FileHandle;
  sizeBytes: number;
  /** Messages of which nobody said that they are settled */
  waiting: number;
}

const fileName = /^(\d{16})\.journal$/;
const headBytes = 8;
const defaultMaxBytes = 32 * 1024 * 1024;
const defaultMaxFileBytes = 1024 * 1024;

/** The journal; `open()` first, `close()` at the end. */
export class ForwardJournal {
  readonly #options: ForwardJournalOptions;
  #lock: FolderLock | undefined;
  #file: JournalFile | undefined;
  /** Names of files of a process before that nobody has read yet, oldest first */
  #unread: string[] = [];
  #number = 0;
  #bytes = 0;
  #records = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ForwardJournalOptions) {
    this.#options = options;
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the folder. Nothing will be kept, and nothing is left, where that cannot be used or another process has it. Never
   * rejects.
   */
  async open(): Promise<void> {
    const { directory, log } = this.#options;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const lock = tryTakeFolder(directory, process.pid);
      if (lock.kind === "taken") {
        log.warn("Cannot keep what is sent on", { directory, takenBy: lock.by });
        return;
      }
      this.#lock = lock;
      const names = (await readdir(directory)).filter((name) => fileName.test(name)).toSorted();
      this.#unread = names;
      this.#number = Number(fileName.exec(names.at(-1) ?? "")?.[1] ?? 0);
      for (const name of names) this.#bytes += (await stat(join(directory, name))).size;
    } catch (error) {
      log.warn("Cannot keep what is sent on", { directory, error: describeError(error) });
      await this.close();
    }
  }

  /**
   * What a process before has left, oldest first: a file is read when it is its turn. One that cannot be read stays for the
   * next process. Ends when the journal is closed; never throws.
   */
  async *left(): AsyncGenerator<JournalledMessage> {
    for (let name = this.#unread[0]; name !== undefined; name = this.#unread[0]) {
      if (this.#lock === undefined) return;
      const messages = await this.#readBack(name);
      this.#unread.shift();
      yield* messages;
    }
  }

  /** Records that are in it, which are lost with the folder. Never rejects. */
  async countRecords(): Promise<number> {
    let sum = this.#records;
    for (const name of this.#unread) {
      const bytes = await this.#read(name);
      for (const { records } of bytes === undefined ? [] : cut(bytes)) sum += records;
    }
    return sum;
  }

  /**
   * Keeps a message; resolves when the system has it. Undefined where it could not: the folder is of no use, too full, or
   * the disk took nothing. Never rejects.
   */
  append(message: Uint8Array, records: number): Promise<JournalledMessage | undefined> {
    const kept = this.#tail.then(() => this.#append(message, records));
    this.#tail = kept;
    return kept;
  }

  /** Gives the folder up; what is in it is for whoever opens it next. Safe to call again. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#seal();
    this.#lock?.release();
    this.#lock = undefined;
  }

  async #append(message: Uint8Array, records: number): Promise<JournalledMessage | undefined> {
    const { maxBytes = defaultMaxBytes, log } = this.#options;
    const sizeBytes = headBytes + message.length;
    if (this.#lock === undefined || this.#bytes + sizeBytes > maxBytes) return undefined;
    try {
      const file = await this.#readyFile();
      // Before it is written: nothing may delete the file meanwhile.
      const [entry] = this.#entriesOf(file, [{ message, records }]);
      try {
        await file.handle?.appendFile(Buffer.concat([headOf(message, records), message]));
      } catch (error) {
        // What is half written ends with this file.
        await this.#seal();
        entry?.settle();
        throw error;
      }
      file.sizeBytes += sizeBytes;
      this.#bytes += sizeBytes;
      return entry;
    } catch (error) {
      log.error("Cannot keep what is sent on", { error: describeError(error) });
      return undefined;
    }
  }

  async #readyFile(): Promise<JournalFile> {
    const { directory, maxFileBytes = defaultMaxFileBytes } = this.#options;
    const current = this.#file;
    if (current !== undefined && current.sizeBytes < maxFileBytes) return current;
    await this.#seal();
    this.#number++;
    const path = join(directory, `${String(this.#number).padStart(16, "0")}.journal`);
    const handle = await open(path, "ax", 0o600);
    this.#file = { path, handle, sizeBytes: 0, waiting: 0 };
    return this.#file;
  }

  async #seal(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      await file.handle?.close();
    } catch (error) {
      this.#options.log.error("Cannot keep what is sent on", { error: describeError(error) });
    }
    if (file.waiting === 0) await this.#remove(file);
  }

  #settle(file: JournalFile): void {
    file.waiting--;
    if (file.waiting > 0) return;
    // In its turn: the file may be written just now.
    this.#tail = this.#tail.then(async () => {
      // Given up meanwhile, or written again.
      if (this.#lock === undefined || file.waiting > 0) return;
      if (this.#file === file) await this.#seal();
      else await this.#remove(file);
    });
  }

  async #remove(file: JournalFile): Promise<void> {
    this.#bytes -= file.sizeBytes;
    file.sizeBytes = 0;
    try {
      await rm(file.path, { force: true });
    } catch (error) {
      // The next process sends it once more.
      this.#options.log.error("Cannot forget what was sent on", { error: describeError(error) });
    }
  }

  async #readBack(name: string): Promise<readonly JournalledMessage[]> {
    const bytes = await this.#read(name);
    if (bytes === undefined) return [];
    const path = join(this.#options.directory, name);
    const file: JournalFile = { path, sizeBytes: bytes.length, waiting: 0 };
    const entries = this.#entriesOf(file, cut(bytes));
    if (entries.length === 0) await this.#remove(file);
    return entries;
  }

  async #read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#options.directory, name));
    } catch (error) {
      this.#options.log.error("Cannot read what was to be sent on", {
        error: describeError(error),
      });
      return undefined;
    }
  }

  #entriesOf(
    file: JournalFile,
    messages: readonly Pick<JournalledMessage, "message" | "records">[],
  ): readonly JournalledMessage[] {
    file.waiting += messages.length;
    return messages.map(({ message, records }) => {
      this.#records += records;
      const settle = settleOnce(() => {
        this.#records -= records;
        this.#settle(file);
      });
      return { message, records, settle };
    });
  }
}

function settleOnce(settle: () => void): () => void {
  let isSettled = false;
  return () => {
    if (isSettled) return;
    isSettled = true;
    settle();
  };
}

function headOf(message: Uint8Array, records: number): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(message.length, 0);
  head.writeUInt32BE(records, 4);
  return head;
}

/** The messages of a file; one whose writer was killed over it was acknowledged to nobody. */
function cut(bytes: Buffer): readonly Pick<JournalledMessage, "message" | "records">[] {
  const messages: Pick<JournalledMessage, "message" | "records">[] = [];
  for (let at = 0; at + headBytes <= bytes.length; ) {
    const end = at + headBytes + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    const message = new Uint8Array(bytes.subarray(at + headBytes, end));
    messages.push({ message, records: bytes.readUInt32BE(at + 4) });
    at = end;
  }
  return messages;
}
