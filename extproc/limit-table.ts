/**
 * How far each rate limit is used, in memory that all threads of the engine share: GCRA (generic cell rate algorithm,
 * ITU-T I.371 annex A), which needs one number for each caller of a limit, the time at which nothing of it is used any
 * more. Callers are told apart by 64 bits of a seeded hash. Memory is fixed: a place is taken again when its caller has
 * all requests free, so that no caller is forgotten who is still limited; when there is none, nobody new is let by.
 */

import { maxTotal } from "../gateway/snapshot-terms.ts";
import type { Spot } from "./shared-buckets.ts";
import { bucketPlaces, createSeededMemory, headerBytes, SharedBuckets } from "./shared-buckets.ts";

/** How many requests in how much time. */
export interface Rate {
  /** So many at once; at least 1 */
  readonly requests: number;
  /** Time in `ms` in which as many become possible again; above 0 */
  readonly windowMs: number;
  /** None becomes possible again, until nothing was asked for a whole window; `requests` is `maxTotal` at most */
  readonly isTotal?: true;
}

/** Whether there was one more request for a caller. */
export type TakeOutcome =
  | { readonly kind: "taken" }
  /** When there will be one */
  | { readonly kind: "spent"; readonly afterMs: number }
  /** No place for the caller is left, and when there may be one */
  | { readonly kind: "full"; readonly afterMs: number };

const defaultPlaces = 131_072;

const taken: TakeOutcome = { kind: "taken" };

/** Rounding may make a time a little too late: so much of the time between two requests is forgiven. */
const forgivenShare = 1 / 64;

/** One request of a limit without refill, as its place keeps it. */
const totalUnit = 1 / (maxTotal + 1);

/** Memory of a table for so many callers that are limited at once, all unused; 2 MiB by default. */
export function createLimitMemory(places: number = defaultPlaces): SharedArrayBuffer {
  return createSeededMemory(layout(Math.ceil(places / bucketPlaces)).size);
}

/** The table as one thread sees it. Times are monotonic `ms` of a clock that all threads share. */
export class LimitTable {
  readonly #buckets: SharedBuckets;
  readonly #keys: Int32Array;
  readonly #freeAt: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    const buckets = bucketsIn(memory.byteLength);
    const { keys, freeAt } = layout(buckets);
    this.#buckets = new SharedBuckets(memory, buckets);
    this.#keys = new Int32Array(memory, keys, 2 * buckets * bucketPlaces);
    this.#freeAt = new Float64Array(memory, freeAt, buckets * bucketPlaces);
  }

  /** Locks that were taken from threads that had gone while they held them. */
  get takenOver(): number {
    return this.#buckets.takenOver;
  }

  /** Takes one request of `rate` for the caller, if there is one now. */
  take(caller: string, rate: Rate, nowMs: number): TakeOutcome {
    const spot = this.#buckets.spotOf(caller);
    this.#buckets.locks.lock(spot.bucket);
    try {
      return this.#takeAt(spot, rate, nowMs);
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  /** Gives back what was taken, as if it had never been; nothing where everything is free by now. */
  giveBack(caller: string, rate: Rate, nowMs: number): void {
    const spot = this.#buckets.spotOf(caller);
    this.#buckets.locks.lock(spot.bucket);
    try {
      const place = this.#find(spot, nowMs).own;
      if (place === undefined) return;
      const step = rate.isTotal ? totalUnit : rate.windowMs / rate.requests;
      this.#freeAt[place] = (this.#freeAt[place] ?? 0) - step;
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  #takeAt(spot: Spot, rate: Rate, nowMs: number): TakeOutcome {
    const { own, unused, firstFreeAt } = this.#find(spot, nowMs);
    const place = own ?? unused;
    if (place === undefined) return { kind: "full", afterMs: firstFreeAt - nowMs };
    if (rate.isTotal)
      return this.#takeOfTotal({ spot, place, isKnown: own !== undefined }, rate, nowMs);
    const interval = rate.windowMs / rate.requests;
    const used = own === undefined ? nowMs : (this.#freeAt[own] ?? nowMs);
    const afterMs = used + interval - rate.windowMs - nowMs;
    if (afterMs > interval * forgivenShare) return { kind: "spent", afterMs };
    this.#note(place, spot, used + interval);
    return taken;
  }

  /** A time in whole `ms`, and behind the point how many were taken: exact for four years of the clock. */
  #takeOfTotal(
    {
      spot,
      place,
      isKnown,
    }: { readonly spot: Spot; readonly place: number; readonly isKnown: boolean },
    rate: Rate,
    nowMs: number,
  ): TakeOutcome {
    const known = isKnown ? (this.#freeAt[place] ?? 0) : 0;
    const used = known - Math.floor(known);
    const forgottenAt = Math.ceil(nowMs + rate.windowMs);
    const isSpent = used >= rate.requests * totalUnit;
    this.#note(place, spot, forgottenAt + used + (isSpent ? 0 : totalUnit));
    return isSpent ? { kind: "spent", afterMs: forgottenAt - nowMs } : { kind: "taken" };
  }

  #note(place: number, { high, low }: Spot, freeAt: number): void {
    this.#keys[2 * place] = high;
    this.#keys[2 * place + 1] = low;
    this.#freeAt[place] = freeAt;
  }

  /** Where the caller is while it has used anything, else a place that nobody uses. */
  #find(
    { high, low, bucket }: Spot,
    nowMs: number,
  ): {
    readonly own: number | undefined;
    readonly unused: number | undefined;
    readonly firstFreeAt: number;
  } {
    const first = bucket * bucketPlaces;
    let unused: number | undefined;
    let firstFreeAt = Number.POSITIVE_INFINITY;
    for (let place = first; place < first + bucketPlaces; place++) {
      const freeAt = this.#freeAt[place] ?? 0;
      if (freeAt <= nowMs) unused ??= place;
      else if (this.#keys[2 * place] === high && this.#keys[2 * place + 1] === low) {
        return { own: place, unused, firstFreeAt };
      }
      firstFreeAt = Math.min(firstFreeAt, freeAt);
    }
    return { own: undefined, unused, firstFreeAt };
  }
}

function layout(buckets: number) {
  const keys = headerBytes + buckets * Int32Array.BYTES_PER_ELEMENT;
  const keyBytes = 2 * buckets * bucketPlaces * Int32Array.BYTES_PER_ELEMENT;
  const freeAt = Math.ceil((keys + keyBytes) / Float64Array.BYTES_PER_ELEMENT) * 8;
  const size = freeAt + buckets * bucketPlaces * Float64Array.BYTES_PER_ELEMENT;
  return { keys, freeAt, size };
}

function bucketsIn(size: number): number {
  const perBucket = 4 + bucketPlaces * 16;
  const buckets = Math.floor((size - headerBytes) / perBucket);
  if (layout(buckets).size === size) return buckets;
  throw new RangeError(`Cannot use ${size} bytes as a table of limits: they are not of its making`);
}
