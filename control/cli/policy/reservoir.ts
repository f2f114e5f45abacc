/** A few of many, each as likely as any other, and the same ones for the same seed (Vitter's algorithm R). */

/** Keeps at most `size`; the memory of the rest is not kept. */
export class Reservoir<T> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: { readonly at: number; readonly value: T }[] = [];
  #seen = 0;

  /** `random` gives numbers from 0 to below 1. */
  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  /** Offers one; `make` is called only where it is kept. */
  offer(make: () => T): void {
    const at = this.#seen++;
    if (this.#kept.length < this.#size) {
      this.#kept.push({ at, value: make() });
      return;
    }
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#size) this.#kept[place] = { at, value: make() };
  }

  /** What is kept, in the order in which it was offered. */
  get values(): readonly T[] {
    return this.#kept.toSorted((left, right) => left.at - right.at).map(({ value }) => value);
  }
}

/** Random numbers that come again for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
