/**
 * How many lines of files went before they were read, by their numbers. One that is 1 begins its series anew, since its
 * files were removed; any other that is no higher than those before it is of processes that met, and tells nothing.
 */

/** What a look at some lines gives; nothing is kept of it before `keep()`. */
export interface LinesLook {
  /** Lines that are missing before and between them */
  readonly missing: number;
  /** The highest number of the series with them */
  readonly last: number;
}

/** Series that are remembered: those of processes of long ago go first. */
const mostSeries = 256;

/** Last numbers by series, for lines in their order. */
export class LineGaps {
  /** In the order in which they were kept last */
  readonly #last = new Map<string, number>();

  /** `kept` is what `entries()` gave to a process before. */
  constructor(kept: Iterable<readonly [string, number]> = []) {
    for (const [series, number] of kept) this.keep(series, number);
  }

  /** Looks at numbers of lines that come next in a series; undefined where there are none. */
  look(series: string, numbers: readonly number[]): LinesLook | undefined {
    let last = this.#last.get(series) ?? 0;
    let missing = 0;
    for (const number of numbers) {
      if (number > last) missing += number - 1 - last;
      last = number === 1 ? 1 : Math.max(last, number);
    }
    return numbers.length === 0 ? undefined : { missing, last };
  }

  /** Notes the last number that was read. */
  keep(series: string, last: number): void {
    this.#last.delete(series);
    this.#last.set(series, last);
    const [oldest] = this.#last.keys();
    if (this.#last.size > mostSeries && oldest !== undefined) this.#last.delete(oldest);
  }

  /** All that is known, for the next process. */
  entries(): Iterable<readonly [string, number]> {
    return this.#last;
  }
}
