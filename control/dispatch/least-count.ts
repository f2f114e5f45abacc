/** The least that a number was within a time that has just gone by. */

/** A number whose changes are noted; times are monotonic `ms`. */
export class LeastCount {
  readonly #keptMs: number;
  /** Former numbers that were less than all after them, with the time until which each held; the oldest is the first */
  #former: { readonly count: number; readonly untilMs: number }[] = [];

  /** Remembers for `keptMs`. */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** Notes that the number was `count` until now. */
  note(count: number, nowMs: number): void {
    const kept = this.#kept(nowMs);
    while ((kept.at(-1)?.count ?? -1) >= count) kept.pop();
    kept.push({ count, untilMs: nowMs });
    this.#former = kept;
  }

  /** The least of all that it was, and of what it is. */
  least(present: number, nowMs: number): number {
    return Math.min(present, this.#kept(nowMs)[0]?.count ?? present);
  }

  /** Whether nothing is remembered any more. */
  isEmpty(nowMs: number): boolean {
    return this.#kept(nowMs).length === 0;
  }

  #kept(nowMs: number) {
    const first = this.#former.findIndex(({ untilMs }) => nowMs - untilMs <= this.#keptMs);
    return first < 0 ? [] : this.#former.slice(first);
  }
}
