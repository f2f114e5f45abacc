/** Cuts a stream of bytes into lines. A line that is cut by chunks is put together within a bound; nothing else is copied. */

/** A line without its end: `bytes` from `start` to `end`, borrowed until the function that gets it returns. */
export interface Line {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Takes a line, or undefined for one that was longer than the bound and is gone. */
export type OnLine = (line: Line | undefined) => void;

/** Envoy takes 60 KiB of request headers, and a line holds each of them at most once. */
const defaultMaxLineBytes = 256 * 1024;

const lineFeed = 0x0a;
const nothing = Buffer.alloc(0);

/** Keeps the beginning of a line between chunks. */
export class LineCutter {
  readonly #maxLineBytes: number;
  #begun = nothing;
  #isTooLong = false;

  /** Lines of more than `maxLineBytes`, 256 KiB by default, are not kept. */
  constructor(maxLineBytes: number = defaultMaxLineBytes) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Gives every line that ends in the chunk, in order; the chunk stays the caller's. */
  cut(chunk: Buffer, onLine: OnLine): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(lineFeed, start);
      if (end < 0) break;
      this.#end(chunk, start, end, onLine);
      start = end + 1;
    }
    if (start < chunk.length) this.#begin(chunk.subarray(start));
  }

  #end(chunk: Buffer, start: number, end: number, onLine: OnLine): void {
    if (this.#begun.length === 0 && !this.#isTooLong) {
      const isKept = end - start <= this.#maxLineBytes;
      onLine(isKept ? { bytes: chunk, start, end } : undefined);
      return;
    }
    this.#begin(chunk.subarray(start, end));
    const bytes = this.#begun;
    const isKept = !this.#isTooLong;
    this.#begun = nothing;
    this.#isTooLong = false;
    onLine(isKept ? { bytes, start: 0, end: bytes.length } : undefined);
  }

  #begin(part: Buffer): void {
    if (this.#isTooLong) return;
    this.#isTooLong = this.#begun.length + part.length > this.#maxLineBytes;
    this.#begun = this.#isTooLong ? nothing : Buffer.concat([this.#begun, part]);
  }
}
