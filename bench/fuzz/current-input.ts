/** The input that a thread tries at this moment, in memory that others can read when the thread does not answer. */

const headerBytes = 8;

/** One writer, any readers. */
export class CurrentInput {
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  /** Inputs that do not fit are cut. */
  constructor(memory: SharedArrayBuffer) {
    this.#head = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, headerBytes);
  }

  /** Memory for inputs of so many bytes. */
  static createMemory(maxBytes: number): SharedArrayBuffer {
    return new SharedArrayBuffer(headerBytes + maxBytes);
  }

  /** How many inputs were set; wraps around. */
  get count(): number {
    return Atomics.load(this.#head, 0);
  }

  /** A copy. */
  get input(): Buffer {
    return Buffer.from(this.#bytes.slice(0, Atomics.load(this.#head, 1)));
  }

  /** Copies an input. */
  set(input: Uint8Array): void {
    const cut = input.subarray(0, this.#bytes.length);
    this.#bytes.set(cut);
    Atomics.store(this.#head, 1, cut.length);
    Atomics.add(this.#head, 0, 1);
  }
}
