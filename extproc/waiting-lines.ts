/**
 * Lines of a journal that wait to be written, in memory that the thread that writes them shares with its process: what a
 * thread leaves there when it is killed, the process still reads.
 */

/** So much may wait: some hundred lines. */
const waitingBytes = 65_536;

/** Where the bytes begin, behind the word that says how many wait. */
const headerBytes = 4;

/** Bytes that a UTF-16 unit has in UTF-8 at most. */
const longestUnit = 3;

/** Memory in which nothing waits. */
export function createWaitingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(headerBytes + waitingBytes);
}

/** The lines, as their thread or the process sees them. Only the thread changes them. */
export class WaitingLines {
  readonly #size: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#size = new Int32Array(memory, 0, 1);
    this.#bytes = Buffer.from(memory, headerBytes);
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Puts a whole line behind the others; false when it has no room. */
  add(line: string): boolean {
    const end = this.#put(line);
    if (end === undefined) return false;
    // The bytes first: a thread that is killed in between has not added the line.
    Atomics.store(this.#size, 0, end);
    return true;
  }

  /** All that waits, and behind it the line, which does not; borrowed until the next call. Undefined: it has no room. */
  before(line: string): Buffer | undefined {
    const end = this.#put(line);
    return end === undefined ? undefined : this.#bytes.subarray(0, end);
  }

  /** All that waits; borrowed until the next call. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** All that waits, as text. While the thread is alive its lines may be cut, or be there no more. */
  text(): string {
    return this.#bytes.toString("utf8", 0, this.#length);
  }

  /** Nothing waits any more. */
  clear(): void {
    Atomics.store(this.#size, 0, 0);
  }

  get #length(): number {
    return Atomics.load(this.#size, 0);
  }

  /** Where the line ends that was written behind all that waits. */
  #put(line: string): number | undefined {
    const start = this.#length;
    if (line.length * longestUnit > this.#bytes.length - start) return undefined;
    return start + this.#bytes.write(line, start, "utf8");
  }
}
