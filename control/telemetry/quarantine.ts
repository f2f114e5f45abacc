/**
 * A file for rows that the store refuses for ever, so that they neither block others nor are lost without a trace. It
 * is bounded: beyond that rows are only counted.
 */
import { appendFile, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { TelemetryTable } from "./table-rows.ts";

/** Numbers since the start. */
export interface QuarantineStatus {
  readonly path: string;
  readonly rows: number;
  /** Rows that found the file full, or that could not be written */
  readonly dropped: number;
}

const defaultMaxBytes = 16 * 1024 * 1024;

/** The file; made with the first row, mode 0600. */
export class Quarantine {
  readonly #path: string;
  readonly #maxBytes: number;
  #rows = 0;
  #dropped = 0;

  constructor(path: string, maxBytes: number = defaultMaxBytes) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** Numbers of now; a new object each time */
  get status(): QuarantineStatus {
    return { path: this.#path, rows: this.#rows, dropped: this.#dropped };
  }

  /** Puts a row aside with the reason. Never rejects. */
  async add(table: TelemetryTable, line: string, reason: string): Promise<void> {
    this.#rows++;
    const text = `${JSON.stringify({ table, reason, row: line.trimEnd() })}\n`;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const size = await stat(this.#path).then(
        (found) => found.size,
        () => 0,
      );
      if (size + Buffer.byteLength(text) > this.#maxBytes) this.#dropped++;
      else await appendFile(this.#path, text, { mode: 0o600 });
    } catch {
      // a full disk must not stop the rows behind this one
      this.#dropped++;
    }
  }
}
