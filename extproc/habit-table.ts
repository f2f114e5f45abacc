/**
 * What calls of each model usually use, in memory that all threads of the engine share: learned where a provider told
 * its count, for calls where it does not. Models are told apart by 64 bits of a seeded hash. Memory is fixed: the model
 * that was called longest ago makes room for a new one.
 */

import type { Spot } from "./shared-buckets.ts";
import { bucketPlaces, createSeededMemory, headerBytes, SharedBuckets } from "./shared-buckets.ts";

/** Sums over calls of one model, recent ones for the most part; all 0 where nothing is known. */
export interface Habits {
  /** Prompts as `weighPrompt()` weighs them, and the tokens that they had */
  readonly promptWeight: number;
  readonly promptTokens: number;
  /** Texts of streams as they were weighed, and the tokens that they had */
  readonly textWeight: number;
  readonly textTokens: number;
  /** Bytes of plain answers, and the output tokens that they had */
  readonly plainBytes: number;
  readonly plainTokens: number;
  /** Calls with all of their output, and of it what no text showed */
  readonly calls: number;
  readonly outputTokens: number;
  readonly hiddenTokens: number;
}

/** Of a model that was never called. */
export const nothingKnown: Habits = {
  ...{ promptWeight: 0, promptTokens: 0, textWeight: 0, textTokens: 0 },
  ...{ plainBytes: 0, plainTokens: 0, calls: 0, outputTokens: 0, hiddenTokens: 0 },
};

/** What one call adds. */
export type HabitLesson = Partial<Habits>;

const fields = [
  "promptWeight",
  "promptTokens",
  "textWeight",
  "textTokens",
  "plainBytes",
  "plainTokens",
  "calls",
  "outputTokens",
  "hiddenTokens",
] as const satisfies readonly (keyof Habits)[];

/** Models at once: more than anybody calls in a week. */
const defaultPlaces = 512;

/** Of more lessons than that all count half: a model that changes is known anew after some hundreds of calls. */
const mostLessons = 1_024;

/** Memory in which nothing is known; 48 KiB by default. */
export function createHabitMemory(places: number = defaultPlaces): SharedArrayBuffer {
  return createSeededMemory(layout(Math.ceil(places / bucketPlaces)).size);
}

/** A copy of what is known, for a file. What threads write meanwhile may be in it in part, which costs one lesson. */
export function copyHabits(memory: SharedArrayBuffer): Buffer {
  return Buffer.from(new Uint8Array(memory).slice());
}

/** Memory that knows what a copy says; undefined for bytes that are none. */
export function restoreHabits(copy: Uint8Array): SharedArrayBuffer | undefined {
  const memory = createHabitMemory();
  if (copy.length !== memory.byteLength) return undefined;
  const bytes = new Uint8Array(memory);
  bytes.set(copy);
  // Of the header only the seeds hold for another life, and nobody has its locks.
  const { touched, keys } = layout(bucketsIn(memory.byteLength));
  bytes.fill(0, 2 * Int32Array.BYTES_PER_ELEMENT, Math.min(touched, keys));
  return memory;
}

/** The table as one thread sees it. */
export class HabitTable {
  readonly #buckets: SharedBuckets;
  readonly #keys: Int32Array;
  readonly #touched: Float64Array;
  readonly #lessons: Float64Array;
  readonly #sums: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    const buckets = bucketsIn(memory.byteLength);
    const places = buckets * bucketPlaces;
    const { keys, touched, lessons, sums } = layout(buckets);
    this.#buckets = new SharedBuckets(memory, buckets);
    this.#keys = new Int32Array(memory, keys, 2 * places);
    this.#touched = new Float64Array(memory, touched, places);
    this.#lessons = new Float64Array(memory, lessons, places);
    this.#sums = new Float64Array(memory, sums, places * fields.length);
  }

  /** What is known of a model. */
  read(key: string): Habits {
    const spot = this.#buckets.spotOf(key);
    const { locks } = this.#buckets;
    locks.lock(spot.bucket);
    try {
      const place = this.#find(spot);
      return place === undefined ? nothingKnown : this.#habitsAt(place * fields.length);
    } finally {
      locks.unlock(spot.bucket);
    }
  }

  /** Takes what one call says, in Unix `ms`. */
  learn(key: string, lesson: HabitLesson, nowMs: number): void {
    const spot = this.#buckets.spotOf(key);
    const { locks } = this.#buckets;
    locks.lock(spot.bucket);
    try {
      const place = this.#find(spot) ?? this.#take(spot);
      this.#add(place, lesson);
      this.#touched[place] = nowMs;
    } finally {
      locks.unlock(spot.bucket);
    }
  }

  #add(place: number, lesson: HabitLesson): void {
    const lessons = (this.#lessons[place] ?? 0) + 1;
    const scale = lessons > mostLessons ? 0.5 : 1;
    this.#lessons[place] = lessons * scale;
    // One by one: each call teaches, and to look up what it teaches by names costs three times as much.
    const { promptWeight = 0, promptTokens = 0, textWeight = 0, textTokens = 0 } = lesson;
    const { plainBytes = 0, plainTokens = 0, calls = 0 } = lesson;
    const { outputTokens = 0, hiddenTokens = 0 } = lesson;
    const first = place * fields.length;
    this.#addTo(first, promptWeight, scale);
    this.#addTo(first + 1, promptTokens, scale);
    this.#addTo(first + 2, textWeight, scale);
    this.#addTo(first + 3, textTokens, scale);
    this.#addTo(first + 4, plainBytes, scale);
    this.#addTo(first + 5, plainTokens, scale);
    this.#addTo(first + 6, calls, scale);
    this.#addTo(first + 7, outputTokens, scale);
    this.#addTo(first + 8, hiddenTokens, scale);
  }

  #addTo(at: number, added: number, scale: number): void {
    this.#sums[at] = ((this.#sums[at] ?? 0) + added) * scale;
  }

  #find({ bucket, high, low }: Spot): number | undefined {
    const first = bucket * bucketPlaces;
    for (let place = first; place < first + bucketPlaces; place++) {
      const isTaken = (this.#touched[place] ?? 0) > 0;
      if (isTaken && this.#keys[2 * place] === high && this.#keys[2 * place + 1] === low) {
        return place;
      }
    }
    return undefined;
  }

  /** Forgets the model of the bucket that was called longest ago. */
  #take({ bucket, high, low }: Spot): number {
    const first = bucket * bucketPlaces;
    let oldest = first;
    for (let place = first; place < first + bucketPlaces; place++) {
      if ((this.#touched[place] ?? 0) < (this.#touched[oldest] ?? 0)) oldest = place;
    }
    this.#keys[2 * oldest] = high;
    this.#keys[2 * oldest + 1] = low;
    this.#lessons[oldest] = 0;
    this.#sums.fill(0, oldest * fields.length, (oldest + 1) * fields.length);
    return oldest;
  }

  #habitsAt(first: number): Habits {
    return {
      promptWeight: this.#sumAt(first),
      promptTokens: this.#sumAt(first + 1),
      textWeight: this.#sumAt(first + 2),
      textTokens: this.#sumAt(first + 3),
      plainBytes: this.#sumAt(first + 4),
      plainTokens: this.#sumAt(first + 5),
      calls: this.#sumAt(first + 6),
      outputTokens: this.#sumAt(first + 7),
      hiddenTokens: this.#sumAt(first + 8),
    };
  }

  /** A copy of memory in a file is not believed further than that. */
  #sumAt(at: number): number {
    const found = this.#sums[at] ?? 0;
    return Number.isFinite(found) && found > 0 ? found : 0;
  }
}

function layout(buckets: number) {
  const places = buckets * bucketPlaces;
  const doubles = places * Float64Array.BYTES_PER_ELEMENT;
  const locksEnd = headerBytes + buckets * Int32Array.BYTES_PER_ELEMENT;
  const touched = Math.ceil(locksEnd / 8) * 8;
  const lessons = touched + doubles;
  const sums = lessons + doubles;
  const keys = sums + doubles * fields.length;
  return {
    touched,
    lessons,
    sums,
    keys,
    size: keys + 2 * places * Int32Array.BYTES_PER_ELEMENT,
  };
}

function bucketsIn(size: number): number {
  const perBucket = 4 + bucketPlaces * 8 * (fields.length + 3);
  const buckets = Math.floor((size - headerBytes) / perBucket);
  if (layout(buckets).size === size) return buckets;
  throw new RangeError(`Cannot use ${size} bytes as a table of habits: they are not of its making`);
}
