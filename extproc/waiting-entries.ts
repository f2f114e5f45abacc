/**
 * Ends of reservations that wait to be written, in memory that the thread that writes them shares with its process: what
 * a thread leaves there when it is killed, the process still reads.
 */

import { EntryWriter } from "./entry-bytes.ts";
import type { SettledEntry } from "./budget-entries.ts";
import { encodeSettled } from "./budget-entries.ts";

/** So much may wait: some thousand entries. */
export const waitingBytes = 65_536;

/** Words before the bytes: how many wait, and how often there was nothing left. */
const SIZE = 0;
const CLEARED = 1;
const headerBytes = 8;

/** How often the process looks again at what a thread has just changed. */
const mostLooks = 8;

const nothing = Buffer.alloc(0);

/** Memory in which nothing waits. */
export function createWaitingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(headerBytes + waitingBytes);
}

/** The entries, as their thread or the process sees them. Only the thread changes them. */
export class WaitingEntries {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #writer: EntryWriter;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, headerBytes / Int32Array.BYTES_PER_ELEMENT);
    this.#bytes = Buffer.from(memory, headerBytes);
    this.#writer = new EntryWriter(this.#bytes);
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Puts an entry behind the others; false when it has no room. */
  add(entry: Omit<SettledEntry, "kind">): boolean {
    if (!encodeSettled(entry, this.#writer)) return false;
    // The bytes first: a thread that is killed in between has not added the entry.
    Atomics.store(this.#words, SIZE, this.#writer.at);
    return true;
  }

  /** All that waits, for the thread; borrowed until the next call. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** A copy of all that waits, for the process; nothing where the thread writes faster than it can be read. */
  copy(): Buffer {
    for (let look = 0; look < mostLooks; look++) {
      const before = Atomics.load(this.#words, CLEARED);
      const copied = Buffer.from(this.#bytes.subarray(0, this.#size));
      // Until all is cleared, what was added stays as it is.
      if (Atomics.load(this.#words, CLEARED) === before) return copied;
    }
    return nothing;
  }

  /** Nothing waits any more. */
  clear(): void {
    // In this order: whoever has read the size before notices, ahead of the first byte that is written over.
    Atomics.store(this.#words, SIZE, 0);
    Atomics.add(this.#words, CLEARED, 1);
    this.#writer.at = 0;
  }

  get #size(): number {
    return Atomics.load(this.#words, SIZE);
  }
}
