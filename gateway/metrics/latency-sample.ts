/** The last times of something, few enough to be sorted when somebody asks. */

const kept = 128;

/** The last 128 times. */
export class LatencySample {
  readonly #times = new Float64Array(kept);
  #count = 0;

  /** Takes a time in `ms`, in place of the oldest. */
  add(ms: number): void {
    this.#times[this.#count % kept] = ms;
    this.#count++;
  }

  /** The times that so many of a hundred do not pass (nearest rank), in the order asked; null where there are none. */
  percentiles(...percents: readonly number[]): readonly (number | null)[] {
    const sorted = this.#times.slice(0, Math.min(this.#count, kept)).sort();
    return percents.map((percent) => {
      const rank = Math.ceil((percent / 100) * sorted.length);
      return sorted[Math.max(0, rank - 1)] ?? null;
    });
  }
}
