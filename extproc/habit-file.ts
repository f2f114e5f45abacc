/**
 * Keeps what calls of models usually use over lives of the process. It is no count of anything: a file that is missing,
 * damaged or of another version is as if nothing had been learned, and what cannot be written is learned again.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { copyHabits, createHabitMemory, restoreHabits } from "./habit-table.ts";

const fileName = "habits";
const checksumBytes = 4;

/** The file of one folder. */
export class HabitFile {
  /** For the threads */
  readonly memory: SharedArrayBuffer;
  readonly #file: string | undefined;
  /** Checksum of what is in the file */
  #written = -1;

  /** Without a folder, or where the file tells nothing, nothing is known. */
  constructor(directory: string | undefined) {
    this.#file = directory === undefined ? undefined : path.join(directory, fileName);
    this.memory = this.#read() ?? createHabitMemory();
  }

  /** Writes what has changed. Never throws. */
  write(): void {
    if (this.#file === undefined) return;
    const copy = copyHabits(this.memory);
    const checksum = crc32(copy);
    if (checksum === this.#written) return;
    const head = Buffer.alloc(checksumBytes);
    head.writeUInt32BE(checksum);
    try {
      writeFileSync(`${this.#file}.new`, Buffer.concat([head, copy]), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
      this.#written = checksum;
    } catch {
      // A full disk: budgets themselves say so, and these are learned again.
    }
  }

  #read(): SharedArrayBuffer | undefined {
    if (this.#file === undefined) return undefined;
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#file);
    } catch {
      // Missing at the first start.
      return undefined;
    }
    if (bytes.length <= checksumBytes) return undefined;
    const copy = bytes.subarray(checksumBytes);
    return bytes.readUInt32BE() === crc32(copy) ? restoreHabits(copy) : undefined;
  }
}
