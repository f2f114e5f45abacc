/** Bytes that are kept as pieces of them come: in one buffer, so that a piece costs its bytes however short it is. */

/** Smallest buffer; most events that are cut by the end of a piece fit into it. */
const firstCapacity = 1024;
const nothing = Buffer.alloc(0);

/** Keeps what is appended until it is forgotten. */
export class GrowingBytes {
  #buffer = nothing;
  #length = 0;

  /** Bytes that are kept. */
  get length(): number {
    return this.#length;
  }

  /** Copies `bytes[start, end)`; each byte is copied a fixed number of times at most, whatever the pieces are. */
  append(bytes: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#buffer.length) this.#grow(needed);
    bytes.copy(this.#buffer, this.#length, start, end);
    this.#length = needed;
  }

  /** What is kept, read as UTF-8. */
  text(): string {
    return this.#buffer.toString("utf8", 0, this.#length);
  }

  /** What is kept, which is the caller's from now on; nothing is kept any more. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#buffer = nothing;
    this.#length = 0;
    return taken;
  }

  /** Keeps nothing any more; of the memory only as much as costs a quiet stream little. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > firstCapacity) this.#buffer = nothing;
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, 2 * this.#buffer.length, firstCapacity);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
