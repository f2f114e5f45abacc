/**
 * What agents sent, on disk before it is acknowledged: lines of rows in numbered files, which are deleted once they are
 * stored. A full spool refuses, so that the sender keeps what it has.
 */
import { mkdir, open, readdir, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { describeError, errorCodeOf } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { tableColumns } from "./table-rows.ts";
import type { TelemetryTable } from "./table-rows.ts";

/** What the spool needs. */
export interface AgentSpoolOptions {
  readonly directory: string;
  readonly table: TelemetryTable;
  readonly log: Logger;
  /** Bytes of all files; default 128 MiB */
  readonly maxBytes?: number;
  /** A file from this size on is followed by the next; default 8 MiB */
  readonly maxFileBytes?: number;
}

/** Numbers of now. */
export interface AgentSpoolStatus {
  readonly bytes: number;
  readonly maxBytes: number;
  /** Rows that were refused because it was full or could not be written */
  readonly refusedRows: number;
}

/** `full`: the sender may come again later. */
export type SpoolOutcome = "written" | "full";

const defaultMaxBytes = 128 * 1024 * 1024;
const defaultMaxFileBytes = 8 * 1024 * 1024;

interface OpenSpoolFile {
  readonly handle: FileHandle;
  sizeBytes: number;
}

/** The spool of one table; `open()` first, `close()` at the end. */
export class AgentSpool {
  readonly #options: AgentSpoolOptions;
  readonly #maxBytes: number;
  #file: OpenSpoolFile | undefined;
  #number = 0;
  #bytes = 0;
  #refusedRows = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: AgentSpoolOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
  }

  /** Numbers of now; a new object each time */
  get status(): AgentSpoolStatus {
    return { bytes: this.#bytes, maxBytes: this.#maxBytes, refusedRows: this.#refusedRows };
  }

  /** Looks at what is there from before. */
  async open(): Promise<void> {
    const { directory, table } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) {
      const found = parseSpoolName(table, name);
      if (found === undefined) continue;
      this.#number = Math.max(this.#number, found.number);
      this.#bytes += (await stat(join(directory, name))).size;
    }
  }

  /** Whether `append()` would take these rows now: for whoever keeps them otherwise, and loses none. */
  hasRoomFor(rows: readonly string[]): boolean {
    return this.#bytes + linesOf(rows).length <= this.#maxBytes;
  }

  /** Appends rows; resolves when the system has them, so that a kill of this process loses none. Never rejects. */
  append(rows: readonly string[]): Promise<SpoolOutcome> {
    const done = this.#tail.then(() => this.#append(rows));
    this.#tail = done;
    return done;
  }

  /** Takes note of a file that was stored and deleted. */
  release(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  /** Closes the file once everything is appended. Safe to call again. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#closeFile();
  }

  async #append(rows: readonly string[]): Promise<SpoolOutcome> {
    const bytes = linesOf(rows);
    if (this.#bytes + bytes.length > this.#maxBytes) return this.#refuse(rows.length);
    try {
      const file = await this.#readyFile();
      await write(file, bytes);
      this.#bytes += bytes.length;
      return "written";
    } catch (error) {
      this.#options.log.error("Cannot spool telemetry of agents", { error: describeError(error) });
      // What is half written is cut off, or else ends with this file.
      await this.#closeFile();
      return this.#refuse(rows.length);
    }
  }

  #refuse(rows: number): SpoolOutcome {
    this.#refusedRows += rows;
    return "full";
  }

  async #readyFile(): Promise<OpenSpoolFile> {
    const { directory, table, maxFileBytes = defaultMaxFileBytes } = this.#options;
    if (this.#file !== undefined && this.#file.sizeBytes < maxFileBytes) return this.#file;
    await this.#closeFile();
    this.#number++;
    const handle = await open(join(directory, spoolName(table, this.#number)), "ax", 0o600);
    this.#file = { handle, sizeBytes: 0 };
    return this.#file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }
}

/** Name of a file of the spool. The number of columns tells a later program which ones its lines have. */
export function spoolName(table: TelemetryTable, number: number): string {
  return `${table}-${tableColumns[table].length}-${String(number).padStart(12, "0")}.jsonl`;
}

/** What a file's name says; undefined for a file of another table, or none of ours. */
export function parseSpoolName(
  table: TelemetryTable,
  name: string,
): { readonly columns: number; readonly number: number } | undefined {
  const [, of, columns, number] = /^(\w+)-(\d{1,4})-(\d{12})\.jsonl$/.exec(name) ?? [];
  if (of !== table) return undefined;
  return { columns: Number(columns), number: Number(number) };
}

function linesOf(rows: readonly string[]): Buffer {
  return Buffer.from(rows.map((row) => `${row}\n`).join(""));
}

async function write(file: OpenSpoolFile, bytes: Buffer): Promise<void> {
  let written = 0;
  try {
    while (written < bytes.length) {
      const { bytesWritten } = await file.handle.write(bytes, written);
      if (bytesWritten === 0) throw new Error("The file takes no bytes");
      written += bytesWritten;
    }
  } catch (error) {
    if (errorCodeOf(error) === "ENOSPC") await file.handle.truncate(file.sizeBytes);
    throw error;
  }
  file.sizeBytes += written;
}
