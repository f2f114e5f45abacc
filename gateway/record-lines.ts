/**
 * Lines that wait to be written, as bytes in batches: text in the heap would be copied by every garbage collection
 * until it is written. Never more than a bound; lines leave only by whole batches, so that a failed write loses none.
 */

import type { CaptureLease } from "./captured-json.ts";

/** A write larger than this gains little; lines of 1 KB make it one of 200. */
const batchBytes = 256 * 1024;

/** A UTF-16 code unit has at most this many bytes in UTF-8. */
const bytesPerUnit = 3;

const lineFeed = 0x0a;

/** A line without its end; or in three parts, of which the middle was written before. */
export type LineText = string | SplitLine;

/** A line in three parts. */
export interface SplitLine {
  readonly head: string;
  /** Lent: copied before anything else happens */
  readonly middle: Omit<CaptureLease, "giveBack">;
  readonly tail: string;
}

/** Lines that are written together. */
export interface RecordBatch {
  /** Whole lines with their ends; not changed any more */
  readonly bytes: Buffer;
  readonly lines: number;
}

interface OpenBatch {
  readonly buffer: Buffer;
  size: number;
  lines: number;
  /** Set when it was handed out */
  sealed: RecordBatch | undefined;
}

/** At least the bytes of the line and its end. */
function roomFor(line: LineText): number {
  if (typeof line === "string") return roomForText(line) + 1;
  const { head, middle, tail } = line;
  return roomForText(head) + middle.end - middle.start + roomForText(tail) + 1;
}

function roomForText(text: string): number {
  // Of a line with captured bodies three times its length would be megabytes for nothing.
  const isLong = text.length > batchBytes / bytesPerUnit;
  return isLong ? Buffer.byteLength(text) : text.length * bytesPerUnit;
}

/** Writes the line behind what there is, and gives its bytes. */
function write(line: LineText, { buffer, size }: OpenBatch): number {
  if (typeof line === "string") return buffer.write(line, size);
  const { bytes, start, end } = line.middle;
  const head = buffer.write(line.head, size);
  const middle = bytes.copy(buffer, size + head, start, end);
  return head + middle + buffer.write(line.tail, size + head + middle);
}

/** A bounded queue of lines. */
export class RecordLines {
  readonly #maxBytes: number;
  readonly #batches: OpenBatch[] = [];
  #spare: Buffer | undefined;
  #bytes = 0;

  /** `maxBytes` bounds what waits and what is being written together. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of all lines, those being written included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing waits and nothing is being written */
  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Appends a line, its end is added; false when there is no room for it. */
  add(line: LineText): boolean {
    const room = roomFor(line);
    const last = this.#batches.at(-1);
    const batch =
      last !== undefined && last.sealed === undefined && last.buffer.length - last.size >= room
        ? last
        : this.#createBatch(room);
    const size = write(line, batch) + 1;
    if (this.#bytes + size > this.#maxBytes) {
      if (batch !== last) this.#spare ??= batch.buffer;
      return false;
    }
    batch.buffer[batch.size + size - 1] = lineFeed;
    batch.size += size;
    batch.lines++;
    this.#bytes += size;
    if (batch !== last) this.#batches.push(batch);
    return true;
  }

  /** The oldest batch, which nothing is added to from now on; it stays until `remove()`. */
  first(): RecordBatch | undefined {
    const [batch] = this.#batches;
    if (batch === undefined) return undefined;
    batch.sealed ??= { bytes: batch.buffer.subarray(0, batch.size), lines: batch.lines };
    return batch.sealed;
  }

  /** Forgets the batch once it is written; false when it is not the oldest any more. */
  remove(written: RecordBatch): boolean {
    const [batch] = this.#batches;
    if (batch === undefined || batch.sealed !== written) return false;
    this.#batches.shift();
    this.#bytes -= batch.size;
    if (batch.buffer.length === batchBytes) this.#spare = batch.buffer;
    return true;
  }

  /** Forgets everything; gives the number of lines. */
  clear(): number {
    const lines = this.#batches.reduce((sum, batch) => sum + batch.lines, 0);
    this.#batches.length = 0;
    this.#bytes = 0;
    return lines;
  }

  #createBatch(room: number): OpenBatch {
    const isSpareFit = this.#spare !== undefined && this.#spare.length >= room;
    const buffer = isSpareFit ? this.#spare : undefined;
    if (isSpareFit) this.#spare = undefined;
    return {
      buffer: buffer ?? Buffer.allocUnsafeSlow(Math.max(batchBytes, room)),
      size: 0,
      lines: 0,
      sealed: undefined,
    };
  }
}
