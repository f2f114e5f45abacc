/**
 * Memory in which the captures of one thread go to the process: chunks that both see, written by the thread and given
 * back by the process, so that kilobytes a call are neither allocated nor left to the garbage collectors of the two.
 */

import type { CaptureLease } from "../gateway/captured-json.ts";

/** A chunk takes the captures of some forty chats. */
const chunkBytes = 256 * 1024;

/** At the beginning of a chunk: how many captures were given back. */
const headBytes = 4;

/** Longer captures are few, and would leave much of a chunk empty. */
const longest = chunkBytes / 4;

/** Chunks of a thread; 32 MiB, of which there is as much as was needed at one time. */
const mostChunks = 128;

/** A chunk that the process does not know yet. */
export interface NewChunk {
  readonly index: number;
  readonly memory: SharedArrayBuffer;
}

/** Where a capture lies; `end` is exclusive. */
export interface CapturePlace {
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
}

interface Chunk {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
  readonly returned: Int32Array;
  /** Captures in it, also those that were given back */
  placed: number;
  /** Where the next one goes */
  free: number;
}

/** The thread's side. */
export class CaptureWriter {
  readonly #chunks: Chunk[] = [];
  #unannounced: NewChunk[] = [];
  #current = -1;

  /**
   * Copies the JSON of a capture, which is ASCII of `length` in pieces; undefined where there is no room for it.
   */
  place(pieces: readonly string[], length: number): CapturePlace | undefined {
    if (length > longest) return undefined;
    const chunk = this.#chunkFor(length);
    if (chunk === undefined) return undefined;
    const start = chunk.free;
    let at = start;
    for (const piece of pieces) at += chunk.bytes.write(piece, at, "latin1");
    chunk.free = at;
    chunk.placed++;
    return { chunk: this.#current, start, end: at };
  }

  /** Chunks that were made since it was last asked. */
  takeNew(): readonly NewChunk[] {
    if (this.#unannounced.length === 0) return none;
    const made = this.#unannounced;
    this.#unannounced = [];
    return made;
  }

  #chunkFor(length: number): Chunk | undefined {
    const current = this.#chunks[this.#current];
    if (current !== undefined && current.free + length <= chunkBytes) return current;
    // The first ones again and again: what is touched stays small, and in the caches.
    const index = this.#chunks.findIndex((chunk) => isReturned(chunk));
    const found = this.#chunks[index];
    if (found === undefined) return this.#grow();
    Atomics.store(found.returned, 0, 0);
    found.placed = 0;
    found.free = headBytes;
    this.#current = index;
    return found;
  }

  #grow(): Chunk | undefined {
    if (this.#chunks.length === mostChunks) return undefined;
    const memory = new SharedArrayBuffer(chunkBytes);
    const views = viewsOf(memory);
    const chunk = { memory, ...views, placed: 0, free: headBytes };
    this.#current = this.#chunks.push(chunk) - 1;
    this.#unannounced.push({ index: this.#current, memory });
    return chunk;
  }
}

/** The process's side of the memory of one thread. */
export class CaptureReader {
  readonly #chunks: ReturnType<typeof viewsOf>[] = [];

  /** Takes chunks that the thread made, before places in them. */
  add(made: readonly NewChunk[]): void {
    for (const { index, memory } of made) this.#chunks[index] = viewsOf(memory);
  }

  /** The bytes at a place, lent; throws a RangeError for a place that there is not. */
  lease({ chunk, start, end }: CapturePlace): CaptureLease {
    const found = this.#chunks[chunk];
    const isPlace = found !== undefined && start >= headBytes && start <= end && end <= chunkBytes;
    if (!isPlace)
      throw new RangeError(`Cannot find a capture: no bytes ${start}-${end} of ${chunk}`);
    const { bytes, returned } = found;
    return { bytes, start, end, giveBack: () => void Atomics.add(returned, 0, 1) };
  }
}

const none: readonly NewChunk[] = [];

function isReturned({ returned, placed }: Chunk): boolean {
  return Atomics.load(returned, 0) === placed;
}

function viewsOf(memory: SharedArrayBuffer) {
  return { bytes: Buffer.from(memory), returned: new Int32Array(memory, 0, 1) };
}
