/** Keys that are made again and again of one object of a plan and of whom it counts, each made once while it is used. */

/** Of one object so many are kept; who counts more makes them anew. */
const mostKnown = 1_024;

/** Keys as long as their objects last. */
export class KnownKeys<T extends object> {
  readonly #make: (of: T, counted: string) => string;
  readonly #known = new WeakMap<T, Map<string, string>>();

  /** `make` gives the same key for the same object and the same text. */
  constructor(make: (of: T, counted: string) => string) {
    this.#make = make;
  }

  /** The key of who is counted. */
  get(of: T, counted: string): string {
    let keys = this.#known.get(of);
    if (keys === undefined) {
      keys = new Map();
      this.#known.set(of, keys);
    }
    const known = keys.get(counted);
    if (known !== undefined) return known;
    if (keys.size === mostKnown) keys.clear();
    const key = this.#make(of, counted);
    keys.set(counted, key);
    return key;
  }
}
