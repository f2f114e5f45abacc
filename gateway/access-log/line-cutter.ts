/** Cuts a stream of bytes into lines. A line that is cut by chunks is put together within a bound; nothing else is copied. */

/**
 * A line without its end: `bytes` from `start` to `end`, borrowed until the function returns. Without `bytes` it was
 * longer than the bound and is gone.
 */
export type OnLine = (bytes: Buffer | undefined, start: number, end: number) => void;

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
      onLine(isKept ? chunk : undefined, start, end);
      return;
    }
    this.#begin(chunk.subarray(start, end));
    const line = this.#isTooLong ? undefined : this.#begun;
    this.#begun = nothing;
    this.#isTooLong = false;
    onLine(line, 0, line?.length ?? 0);
  }

  #begin(part: Buffer): void {
    if (this.#isTooLong) return;
    this.#isTooLong = this.#begun.length + part.length > this.#maxLineBytes;
    this.#begun = this.#isTooLong ? nothing : Buffer.concat([this.#begun, part]);
  }
}
