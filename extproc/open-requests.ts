/**
 * How many requests of each agent are open, in memory that all threads of the engine share. Each thread counts its own, so
 * that what a thread had open is forgotten with it. Memory is fixed: a place is taken again when its agent has nothing
 * open; when there is none, nobody new is let by.
 */

import type { Spot } from "./shared-buckets.ts";
import { bucketPlaces, createSeededMemory, headerBytes, SharedBuckets } from "./shared-buckets.ts";

/** Agents that may have requests open at one time. */
const defaultPlaces = 16_384;

/** Most requests of one agent that one thread can count. */
const mostCounted = 65_535;

/** Whether an agent may have one more; `full`: no place for the agent is left. */
export type OpenOutcome = "open" | "spent" | "full";

/** Memory for so many agents and threads, all without requests. */
export function createOpenMemory(
  threads: number,
  places: number = defaultPlaces,
): SharedArrayBuffer {
  return createSeededMemory(layout(Math.ceil(places / bucketPlaces), threads).size);
}

/** The counts as one thread sees them. */
export class OpenRequests {
  readonly #buckets: SharedBuckets;
  readonly #keys: Int32Array;
  readonly #counts: Uint16Array;
  readonly #threads: number;
  readonly #slot: number;

  /** `threads` as the memory was made for; `slot` is the thread's own among them. */
  constructor(
    memory: SharedArrayBuffer,
    { threads, slot }: { readonly threads: number; readonly slot: number },
  ) {
    const buckets = bucketsIn(memory.byteLength, threads);
    const { keys, counts } = layout(buckets, threads);
    this.#buckets = new SharedBuckets(memory, buckets);
    this.#keys = new Int32Array(memory, keys, 2 * buckets * bucketPlaces);
    this.#counts = new Uint16Array(memory, counts, buckets * bucketPlaces * threads);
    this.#threads = threads;
    this.#slot = slot;
  }

  /** Opens a request where the agent has fewer than `most` open; then `close()` follows once. */
  open(agent: string, most: number): OpenOutcome {
    const spot = this.#buckets.spotOf(agent);
    this.#buckets.locks.lock(spot.bucket);
    try {
      const { own, unused } = this.#find(spot);
      const place = own ?? unused;
      if (place === undefined) return "full";
      const mine = place * this.#threads + this.#slot;
      const count = this.#counts[mine] ?? 0;
      if (this.#sum(place) >= most || count >= mostCounted) return "spent";
      this.#keys[2 * place] = spot.high;
      this.#keys[2 * place + 1] = spot.low;
      this.#counts[mine] = count + 1;
      return "open";
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  /** A request of the agent that this thread opened is over. */
  close(agent: string): void {
    const spot = this.#buckets.spotOf(agent);
    this.#buckets.locks.lock(spot.bucket);
    try {
      const { own } = this.#find(spot);
      if (own === undefined) return;
      const mine = own * this.#threads + this.#slot;
      const count = this.#counts[mine] ?? 0;
      if (count > 0) this.#counts[mine] = count - 1;
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  /** Forgets what the thread of the slot had open: it is gone, and Envoy has ended its requests. */
  forget(): void {
    for (let at = this.#slot; at < this.#counts.length; at += this.#threads) this.#counts[at] = 0;
  }

  #sum(place: number): number {
    let sum = 0;
    const first = place * this.#threads;
    for (let at = first; at < first + this.#threads; at++) sum += this.#counts[at] ?? 0;
    return sum;
  }

  #find({ high, low, bucket }: Spot): {
    readonly own: number | undefined;
    readonly unused: number | undefined;
  } {
    const first = bucket * bucketPlaces;
    let unused: number | undefined;
    for (let place = first; place < first + bucketPlaces; place++) {
      if (this.#sum(place) === 0) unused ??= place;
      else if (this.#keys[2 * place] === high && this.#keys[2 * place + 1] === low) {
        return { own: place, unused };
      }
    }
    return { own: undefined, unused };
  }
}

function layout(buckets: number, threads: number) {
  const places = buckets * bucketPlaces;
  const keys = headerBytes + buckets * Int32Array.BYTES_PER_ELEMENT;
  const counts = keys + 2 * places * Int32Array.BYTES_PER_ELEMENT;
  return { keys, counts, size: counts + places * threads * Uint16Array.BYTES_PER_ELEMENT };
}

function bucketsIn(bytes: number, threads: number): number {
  const perPlace = 2 * Int32Array.BYTES_PER_ELEMENT + threads * Uint16Array.BYTES_PER_ELEMENT;
  return Math.floor(
    (bytes - headerBytes) / (Int32Array.BYTES_PER_ELEMENT + bucketPlaces * perPlace),
  );
}
