/**
 * Median and spread of the few samples that a benchmark has (one per round). Every figure that is
 * reported comes from here, so that all of them mean the same thing.
 */

/** One figure over all rounds, in the unit of its samples. */
export interface Summary {
  /** Middle sample, or the mean of the two middle ones */
  readonly median: number;
  /** Smallest sample */
  readonly min: number;
  /** Largest sample */
  readonly max: number;
  /** Number of samples */
  readonly count: number;
}

/**
 * Median, extremes and count of `samples`, which are not changed.
 * Throws RangeError for no samples or a sample that is not finite: a gap must not become a zero.
 */
export function summarise(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError("Cannot summarise samples: there is none");
  const bad = samples.find((sample) => !Number.isFinite(sample));
  if (bad !== undefined) {
    throw new RangeError(`Cannot summarise samples: "${bad}" is not a finite number`);
  }
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: quantileOfSorted(sorted, 0.5),
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    count: sorted.length,
  };
}

/**
 * Value at `fraction` (0–1) of ascending `sorted`, linear between neighbours (R-7, the method of
 * spreadsheets and NumPy). 0 for no samples.
 */
export function quantileOfSorted(sorted: readonly number[], fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new RangeError(`Cannot take quantile: fraction must be 0 to 1: received ${fraction}`);
  }
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}
