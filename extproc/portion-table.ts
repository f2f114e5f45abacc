/**
 * Portions of shared limits that this process holds, in memory that all its threads share: a request takes from here and
 * waits for no network. When the time of a portion is over no request takes of it, whoever looks, and what is left can
 * still be given back for a while. Memory is fixed; a place is used again when nothing of its caller is known any more.
 */

import type { Spot } from "./shared-buckets.ts";
import { bucketPlaces, createSeededMemory, headerBytes, SharedBuckets } from "./shared-buckets.ts";

/** What is there for one more request of a caller. */
export type PortionTaken =
  /** `isLow`: it is time to ask for the next portion, told to one caller only */
  | { readonly kind: "taken"; readonly isLow: boolean }
  /** All replicas together have used everything; `isOld`: somebody should ask again, told to one caller only */
  | { readonly kind: "spent"; readonly afterMs: number; readonly isOld: boolean }
  /** Nobody knows yet */
  | { readonly kind: "missing" }
  /** No place for the caller is left */
  | { readonly kind: "full" };

/** A portion as it is put into the table; times are monotonic `ms` of a clock that all threads share. */
export interface GrantedPortion {
  readonly count: number;
  readonly validUntilMs: number;
}

/** What is left of an older portion: `valid` of it is joined to the new one, `late` may be used no longer. */
export interface PortionLeft {
  readonly valid: number;
  readonly late: number;
}

const defaultPlaces = 65_536;

/** A process that stood still finds what it held, and gives it back, after so long. */
const lateMs = 10_000;

/** Numbers of one place. `ASKED`: somebody was told to ask, and nothing was answered yet. */
const numbersOfPlace = 6;
const LEFT = 0;
const LOW = 1;
const ASKED = 2;
const VALID_UNTIL = 3;
const SPENT_UNTIL = 4;
const ASK_AGAIN_AT = 5;

/** Words behind the places: whether the store can be asked, and how many replicas share. */
const trailerWords = 2;

/** Memory of a table for so many callers at once; 4 MiB by default. */
export function createPortionMemory(places: number = defaultPlaces): SharedArrayBuffer {
  return createSeededMemory(layout(Math.ceil(places / bucketPlaces)).size);
}

/** The table as one thread sees it. */
export class PortionTable {
  readonly #buckets: SharedBuckets;
  readonly #keys: Int32Array;
  readonly #numbers: Float64Array;
  readonly #trailer: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    const buckets = bucketsIn(memory.byteLength);
    const { keys, numbers, trailer } = layout(buckets);
    this.#buckets = new SharedBuckets(memory, buckets);
    this.#keys = new Int32Array(memory, keys, 2 * buckets * bucketPlaces);
    this.#numbers = new Float64Array(memory, numbers, numbersOfPlace * buckets * bucketPlaces);
    this.#trailer = new Int32Array(memory, trailer, trailerWords);
  }

  /** Whether the store can be asked; false at first. */
  get isReachable(): boolean {
    return Atomics.load(this.#trailer, 0) === 1;
  }

  /** Replicas that shared limits when the store was last reached; 0 before. */
  get replicas(): number {
    return Atomics.load(this.#trailer, 1);
  }

  /** For the process alone. */
  setStore({ isReachable, replicas }: { isReachable: boolean; replicas: number }): void {
    Atomics.store(this.#trailer, 0, isReachable ? 1 : 0);
    Atomics.store(this.#trailer, 1, replicas);
  }

  /** Takes one request of the caller's portion. */
  take(caller: string, nowMs: number): PortionTaken {
    return this.#with(caller, nowMs, ({ own, unused }) => {
      if (own === undefined) return unused === undefined ? { kind: "full" } : { kind: "missing" };
      if (this.#get(own, VALID_UNTIL) > nowMs && this.#get(own, LEFT) >= 1) {
        const left = this.#get(own, LEFT) - 1;
        this.#set(own, LEFT, left);
        return { kind: "taken", isLow: left <= this.#get(own, LOW) && this.#isFirstAsk(own) };
      }
      const afterMs = this.#get(own, SPENT_UNTIL) - nowMs;
      if (afterMs <= 0) return { kind: "missing" };
      const isOld = this.#get(own, ASK_AGAIN_AT) <= nowMs && this.#isFirstAsk(own);
      return { kind: "spent", afterMs, isOld };
    });
  }

  /** Puts one request back that was just taken. */
  giveBack(caller: string, nowMs: number): void {
    this.#with(caller, nowMs, ({ own }) => {
      if (own !== undefined) this.#set(own, LEFT, this.#get(own, LEFT) + 1);
    });
  }

  /** Adds a portion; gives what was left of the one before, or undefined when there is no place. */
  grant(caller: string, portion: GrantedPortion, nowMs: number): PortionLeft | undefined {
    return this.#with(caller, nowMs, ({ own, unused, spot }) => {
      const place = own ?? unused;
      if (place === undefined) return undefined;
      const left = own === undefined ? 0 : this.#get(own, LEFT);
      const valid = this.#get(place, VALID_UNTIL) > nowMs ? left : 0;
      this.#begin(place, spot);
      this.#set(place, LEFT, valid + portion.count);
      // Nobody hoards of a limit that gives one at a time.
      this.#set(place, LOW, portion.count < 2 ? -1 : Math.floor(portion.count / 2));
      this.#set(place, VALID_UNTIL, portion.validUntilMs);
      return { valid, late: left - valid };
    });
  }

  /** Writes down that nothing is left, until when, and when it is worth asking again. */
  setSpent(caller: string, times: { untilMs: number; askAgainAtMs: number }, nowMs: number): void {
    this.#with(caller, nowMs, ({ own, unused, spot }) => {
      const place = own ?? unused;
      if (place === undefined) return;
      // What is left of a portion is still the caller's.
      const left = own === undefined ? 0 : this.#get(place, LEFT);
      const validUntilMs = own === undefined ? 0 : this.#get(place, VALID_UNTIL);
      this.#begin(place, spot);
      this.#set(place, LEFT, left);
      this.#set(place, LOW, -1);
      this.#set(place, VALID_UNTIL, validUntilMs);
      this.#set(place, SPENT_UNTIL, times.untilMs);
      this.#set(place, ASK_AGAIN_AT, times.askAgainAtMs);
    });
  }

  /** Nobody was answered: the next one asks again. */
  forgetAsked(caller: string, nowMs: number): void {
    this.#with(caller, nowMs, ({ own }) => {
      if (own !== undefined) this.#set(own, ASKED, 0);
    });
  }

  /** Takes what is left of the caller's portion out of the table, in time or up to 10 s late. */
  reclaim(caller: string, nowMs: number): number {
    return this.#with(caller, nowMs, ({ own }) => {
      if (own === undefined) return 0;
      const left = this.#get(own, LEFT);
      this.#set(own, LEFT, 0);
      this.#set(own, VALID_UNTIL, 0);
      return left;
    });
  }

  #isFirstAsk(place: number): boolean {
    if (this.#get(place, ASKED) === 1) return false;
    this.#set(place, ASKED, 1);
    return true;
  }

  #begin(place: number, { high, low }: Spot): void {
    this.#keys[2 * place] = high;
    this.#keys[2 * place + 1] = low;
    for (let number = 0; number < numbersOfPlace; number++) this.#set(place, number, 0);
  }

  #get(place: number, number: number): number {
    return this.#numbers[numbersOfPlace * place + number] ?? 0;
  }

  #set(place: number, number: number, value: number): void {
    this.#numbers[numbersOfPlace * place + number] = value;
  }

  #with<T>(caller: string, nowMs: number, use: (found: Found) => T): T {
    const spot = this.#buckets.spotOf(caller);
    this.#buckets.locks.lock(spot.bucket);
    try {
      return use({ ...this.#find(spot, nowMs), spot });
    } finally {
      this.#buckets.locks.unlock(spot.bucket);
    }
  }

  #find({ high, low, bucket }: Spot, nowMs: number): Omit<Found, "spot"> {
    const first = bucket * bucketPlaces;
    let unused: number | undefined;
    for (let place = first; place < first + bucketPlaces; place++) {
      const heldMs = this.#get(place, VALID_UNTIL) + (this.#get(place, LEFT) > 0 ? lateMs : 0);
      const untilMs = Math.max(heldMs, this.#get(place, SPENT_UNTIL));
      if (untilMs <= nowMs) unused ??= place;
      else if (this.#keys[2 * place] === high && this.#keys[2 * place + 1] === low)
        return { own: place, unused };
    }
    return { own: undefined, unused };
  }
}

interface Found {
  /** Where the caller is while anything is known of it */
  readonly own: number | undefined;
  readonly unused: number | undefined;
  readonly spot: Spot;
}

function layout(buckets: number) {
  const keys = headerBytes + buckets * Int32Array.BYTES_PER_ELEMENT;
  const keyBytes = 2 * buckets * bucketPlaces * Int32Array.BYTES_PER_ELEMENT;
  const numbers = Math.ceil((keys + keyBytes) / Float64Array.BYTES_PER_ELEMENT) * 8;
  const numberBytes = numbersOfPlace * buckets * bucketPlaces * Float64Array.BYTES_PER_ELEMENT;
  const trailer = numbers + numberBytes;
  return { keys, numbers, trailer, size: trailer + trailerWords * Int32Array.BYTES_PER_ELEMENT };
}

function bucketsIn(size: number): number {
  const perBucket = 4 + bucketPlaces * (8 + 8 * numbersOfPlace);
  const buckets = Math.floor((size - headerBytes - trailerWords * 4) / perBucket);
  if (layout(buckets).size === size) return buckets;
  throw new RangeError(
    `Cannot use ${size} bytes as a table of portions: they are not of its making`,
  );
}
