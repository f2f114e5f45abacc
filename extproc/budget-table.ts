/**
 * How far each budget is used, in memory that all threads of the engine share: for each count what is used, and what is
 * reserved for calls that are under way. Counts are told apart by 64 bits of a seeded hash. Memory is fixed: a place is
 * taken again when its count has ended, so that none is forgotten that still holds; when there is none, nobody new is
 * let by.
 */

import type { Spot } from "./shared-buckets.ts";
import { bucketPlaces, createSeededMemory, headerBytes, SharedBuckets } from "./shared-buckets.ts";

/** What a call needs of one count. Amounts are whole numbers from 0 to 2^53. */
export interface TableNeed {
  readonly key: string;
  readonly amount: number;
  readonly limit: number;
  /** Unix `ms` until which the count holds at least */
  readonly untilMs: number;
}

/** Whether there was room in every count. */
export type ReserveOutcome =
  | { readonly kind: "reserved" }
  /** The first that had none, by its position, and how much it has; at least 0 */
  | { readonly kind: "exhausted"; readonly position: number; readonly left: number }
  /** More counts hold at once than there are places */
  | { readonly kind: "full" };

/** A reservation in one count that ends. */
export interface TableSettlement {
  readonly key: string;
  /** As it was reserved */
  readonly reserved: number;
  /** What is used instead */
  readonly used: number;
  readonly untilMs: number;
}

const defaultPlaces = 65_536;

/** Memory for so many counts at once, all unused; 2 MiB by default. */
export function createBudgetMemory(places: number = defaultPlaces): SharedArrayBuffer {
  return createSeededMemory(layout(Math.ceil(places / bucketPlaces)).size);
}

/** The table as one thread sees it. Times are Unix `ms`. */
export class BudgetTable {
  readonly #buckets: SharedBuckets;
  readonly #keys: Int32Array;
  readonly #used: Float64Array;
  readonly #reserved: Float64Array;
  readonly #untilMs: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    const buckets = bucketsIn(memory.byteLength);
    const places = buckets * bucketPlaces;
    const { keys, used, reserved, untilMs } = layout(buckets);
    this.#buckets = new SharedBuckets(memory, buckets);
    this.#keys = new Int32Array(memory, keys, 2 * places);
    this.#used = new Float64Array(memory, used, places);
    this.#reserved = new Float64Array(memory, reserved, places);
    this.#untilMs = new Float64Array(memory, untilMs, places);
  }

  /** Reserves in each count or in none; their keys must differ. */
  reserve(needs: readonly TableNeed[], nowMs: number): ReserveOutcome {
    const spots: Spot[] = [];
    for (const { key } of needs) spots.push(this.#buckets.spotOf(key));
    const buckets = inRisingOrder(spots);
    for (const bucket of buckets) this.#buckets.locks.lock(bucket);
    try {
      return this.#reserveAt(needs, spots, nowMs);
    } finally {
      for (const bucket of buckets) this.#buckets.locks.unlock(bucket);
    }
  }

  /** Ends a reservation. Of a count that has ended meanwhile nothing is kept. */
  settle(settlements: readonly TableSettlement[], nowMs: number): void {
    for (const { key, reserved, used, untilMs } of settlements) {
      const spot = this.#buckets.spotOf(key);
      this.#buckets.locks.lock(spot.bucket);
      try {
        const place = this.#find(spot, nowMs);
        if (place === undefined) continue;
        this.#change(place, used, -reserved);
        this.#hold(place, untilMs);
      } finally {
        this.#buckets.locks.unlock(spot.bucket);
      }
    }
  }

  /** Counts what was used before the table was made; false when there is no place for it. */
  load(
    count: { readonly key: string; readonly used: number; readonly untilMs: number },
    nowMs: number,
  ): boolean {
    const spot = this.#buckets.spotOf(count.key);
    this.#buckets.locks.lock(spot.bucket);
    try {
      const place = this.#placeOf(spot, nowMs, []);
      if (place === undefined) return false;
      this.#begin(place, spot, nowMs);
      this.#change(place, count.used, 0);
      this.#hold(place, count.untilMs);
      return true;
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  /** What is used and reserved of a count now. */
  read(key: string, nowMs: number): { readonly used: number; readonly reserved: number } {
    const spot = this.#buckets.spotOf(key);
    this.#buckets.locks.lock(spot.bucket);
    try {
      const place = this.#find(spot, nowMs);
      if (place === undefined) return { used: 0, reserved: 0 };
      return { used: this.#used[place] ?? 0, reserved: this.#reserved[place] ?? 0 };
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  #reserveAt(needs: readonly TableNeed[], spots: readonly Spot[], nowMs: number): ReserveOutcome {
    // Places are given out in turn, so that two new counts of one bucket do not get the same.
    const places: number[] = [];
    for (const spot of spots) {
      const position = places.length;
      const place = this.#placeOf(spot, nowMs, places);
      const need = needs[position];
      if (place === undefined || need === undefined) return { kind: "full" };
      const left = need.limit - this.#heldIn(place, spot, nowMs);
      if (need.amount > left) return { kind: "exhausted", position, left: Math.max(0, left) };
      places.push(place);
    }
    let position = 0;
    for (const { amount, untilMs } of needs) {
      const spot = spots[position];
      const place = places[position++];
      if (spot === undefined || place === undefined) continue;
      this.#begin(place, spot, nowMs);
      this.#change(place, 0, amount);
      this.#hold(place, untilMs);
    }
    return reservedInAll;
  }

  #isOf(place: number, { high, low }: Spot): boolean {
    return this.#keys[2 * place] === high && this.#keys[2 * place + 1] === low;
  }

  #isLive(place: number, nowMs: number): boolean {
    return (this.#untilMs[place] ?? 0) > nowMs;
  }

  #find(spot: Spot, nowMs: number): number | undefined {
    const first = spot.bucket * bucketPlaces;
    for (let place = first; place < first + bucketPlaces; place++) {
      if (this.#isOf(place, spot) && this.#isLive(place, nowMs)) return place;
    }
    return undefined;
  }

  /** Where the count is, or a place that no count holds. */
  #placeOf(spot: Spot, nowMs: number, taken: readonly number[]): number | undefined {
    const own = this.#find(spot, nowMs);
    if (own !== undefined) return own;
    const first = spot.bucket * bucketPlaces;
    for (let place = first; place < first + bucketPlaces; place++) {
      if (!this.#isLive(place, nowMs) && !taken.includes(place)) return place;
    }
    return undefined;
  }

  #heldIn(place: number, spot: Spot, nowMs: number): number {
    if (!this.#isLive(place, nowMs) || !this.#isOf(place, spot)) return 0;
    return (this.#used[place] ?? 0) + (this.#reserved[place] ?? 0);
  }

  /** Gives the place to the count, unless it has it. */
  #begin(place: number, spot: Spot, nowMs: number): void {
    if (this.#isLive(place, nowMs) && this.#isOf(place, spot)) return;
    this.#keys[2 * place] = spot.high;
    this.#keys[2 * place + 1] = spot.low;
    this.#used[place] = 0;
    this.#reserved[place] = 0;
    this.#untilMs[place] = 0;
  }

  #change(place: number, used: number, reserved: number): void {
    this.#used[place] = (this.#used[place] ?? 0) + used;
    // Below 0 only where a thread ended in the middle of a change.
    this.#reserved[place] = Math.max(0, (this.#reserved[place] ?? 0) + reserved);
  }

  #hold(place: number, untilMs: number): void {
    this.#untilMs[place] = Math.max(this.#untilMs[place] ?? 0, untilMs);
  }
}

const reservedInAll: ReserveOutcome = { kind: "reserved" };

/** The buckets, each once, in the order in which locks are taken. */
function inRisingOrder(spots: readonly Spot[]): number[] {
  const buckets: number[] = [];
  // Put in where they belong: of three, a sort costs more than all else of a reservation.
  for (const { bucket } of spots) {
    let at = buckets.length;
    while (at > 0 && (buckets[at - 1] ?? 0) > bucket) at--;
    if (buckets[at - 1] === bucket) continue;
    for (let after = buckets.length; after > at; after--) buckets[after] = buckets[after - 1] ?? 0;
    buckets[at] = bucket;
  }
  return buckets;
}

function layout(buckets: number) {
  const places = buckets * bucketPlaces;
  const doubles = places * Float64Array.BYTES_PER_ELEMENT;
  const keys = headerBytes + buckets * Int32Array.BYTES_PER_ELEMENT;
  const used = Math.ceil((keys + 2 * places * Int32Array.BYTES_PER_ELEMENT) / 8) * 8;
  return {
    keys,
    used,
    reserved: used + doubles,
    untilMs: used + 2 * doubles,
    size: used + 3 * doubles,
  };
}

function bucketsIn(size: number): number {
  const perBucket = 4 + bucketPlaces * 32;
  const buckets = Math.floor((size - headerBytes) / perBucket);
  if (layout(buckets).size === size) return buckets;
  throw new RangeError(
    `Cannot use ${size} bytes as a table of budgets: they are not of its making`,
  );
}
