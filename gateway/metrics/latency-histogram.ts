/** Counts of times by how long they were, in plain memory: adding one is a search among a dozen bounds. */
import type { HistogramValue } from "../metric-family.ts";

/** Bounds in seconds from a native decision to an answer that streams for minutes. */
export const requestBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

/** One histogram. */
export class LatencyHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[] = requestBounds) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** Counts one time in `s`; below 0 counts as 0. */
  add(seconds: number): void {
    const time = Math.max(seconds, 0);
    let at = 0;
    while (at < this.#bounds.length && time > (this.#bounds[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += time;
  }

  /** What was counted so far. */
  get value(): HistogramValue {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}
