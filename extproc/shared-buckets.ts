/**
 * What tables in memory of all threads have in common: keys are told apart by 64 bits of a seeded hash, which also says
 * in which bucket of places a key stands, and each bucket has a lock.
 */

import { BucketLocks } from "./bucket-locks.ts";
import { seededHash } from "./seeded-hash.ts";

/** Places that are searched for one key. */
export const bucketPlaces = 16;

/** Keys are long, and the same ones come again: of so many it is known where they stand. */
const mostSpots = 4_096;

/** Words before the locks: two seeds, the number of tables opened, locks taken from threads that were gone. */
const headerWords = 4;
const OPENED = 2;
const TAKEN_OVER = 3;

/** Where the locks begin, one word for each bucket. */
export const headerBytes = headerWords * Int32Array.BYTES_PER_ELEMENT;

/** Where a key stands. */
export interface Spot {
  readonly high: number;
  readonly low: number;
  readonly bucket: number;
}

/** Memory of so many bytes, all zero but for its seeds. */
export function createSeededMemory(bytes: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes);
  crypto.getRandomValues(new Int32Array(2)).forEach((seed, index) => {
    new Int32Array(memory)[index] = seed;
  });
  return memory;
}

/** The buckets as one thread sees them. */
export class SharedBuckets {
  readonly locks: BucketLocks;
  readonly #header: Int32Array;
  readonly #seeds: readonly [number, number];
  readonly #spots = new Map<string, Spot>();

  constructor(memory: SharedArrayBuffer, buckets: number) {
    const header = new Int32Array(memory, 0, headerWords);
    this.#header = header;
    this.#seeds = [header[0] ?? 0, header[1] ?? 0];
    this.locks = new BucketLocks({
      words: new Int32Array(memory, headerBytes, buckets),
      owner: Atomics.add(header, OPENED, 1) + 1,
      onTakenOver: () => Atomics.add(header, TAKEN_OVER, 1),
    });
  }

  /** Locks that were taken from threads that had gone while they held them. */
  get takenOver(): number {
    return Atomics.load(this.#header, TAKEN_OVER);
  }

  /** Where the key stands. */
  spotOf(key: string): Spot {
    const known = this.#spots.get(key);
    if (known !== undefined) return known;
    const high = seededHash(key, this.#seeds[0]);
    const low = seededHash(key, this.#seeds[1]);
    const spot = { high, low, bucket: (high >>> 0) % this.locks.count };
    if (this.#spots.size === mostSpots) this.#spots.clear();
    this.#spots.set(key, spot);
    return spot;
  }
}
