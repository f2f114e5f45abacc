/**
 * Buffers for messages that are cut by reads, used again and again: a new one for each piece of a large prompt is
 * memory outside of the heap, for which V8 then collects the whole heap every few dozen milliseconds.
 */

/** Buffers that are kept, and the size of those worth keeping. */
const keptBuffers = 8;
const leastKeptBytes = 8 * 1024;
const mostKeptBytes = 256 * 1024;

/** The buffers of one connection: at most 2 MiB wait to be used. */
export class BufferPool {
  readonly #free: Buffer[] = [];

  /** A buffer of at least that size, with anything in it; it is the caller's until it gives it back. */
  take(size: number): Buffer {
    const free = this.#free;
    for (let at = free.length - 1; at >= 0; at--) {
      const buffer = free[at];
      if (buffer === undefined || buffer.length < size) continue;
      const last = free.pop();
      if (last !== undefined && last !== buffer) free[at] = last;
      return buffer;
    }
    return Buffer.allocUnsafeSlow(size);
  }

  /** Takes back a buffer that nobody reads any more. */
  give(buffer: Buffer): void {
    const isKept = buffer.length >= leastKeptBytes && buffer.length <= mostKeptBytes;
    if (isKept && this.#free.length < keptBuffers) this.#free.push(buffer);
  }
}
