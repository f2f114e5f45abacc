/** Remembers what followed from recent texts, within a bound on entries and on the length of their texts. */

/** Longer texts hold ids or queries, which do not come again. */
const defaultMaxTextLength = 1_024;

/** Agents ask few hosts for few paths. */
const defaultMaxEntries = 512;

/** Bounds of a cache. */
export interface RecentCacheOptions {
  /** Entries of each of the two generations; default 512 */
  readonly maxEntries?: number;
  /** Longer texts are not remembered; default 1,024 UTF-16 code units */
  readonly maxTextLength?: number;
}

/**
 * Values by text, in two generations: what is not asked for while the younger one fills up is forgotten. At the default
 * bounds the texts of both are at most 2 MiB.
 */
export class RecentCache<Value> {
  readonly #maxEntries: number;
  readonly #maxTextLength: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(options: RecentCacheOptions = {}) {
    this.#maxEntries = options.maxEntries ?? defaultMaxEntries;
    this.#maxTextLength = options.maxTextLength ?? defaultMaxTextLength;
  }

  /** What was set last for the text, or undefined when it is not remembered. */
  get(text: string): Value | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.set(text, old);
    return old;
  }

  /** Remembers a value; the text is kept and should be flat (`flat-text.ts`). */
  set(text: string, value: Value): void {
    if (text.length > this.#maxTextLength) return;
    if (this.#young.size >= this.#maxEntries && !this.#young.has(text)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }
}
