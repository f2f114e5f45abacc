/** How long decisions took, as `npm run bench -- decision` tells it. */

/** Times of decisions in `µs`. */
export interface DecisionTimes {
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
  /** Share of the calls that some rule was about */
  readonly found: number;
}

/** The times of decisions, which are sorted in place; `found` is how many had a rule. */
export function summariseTimes(micros: Float64Array, found: number): DecisionTimes {
  micros.sort();
  const atShare = (share: number) => micros[Math.floor((micros.length - 1) * share)] ?? 0;
  return {
    p50Micros: atShare(0.5),
    p99Micros: atShare(0.99),
    maxMicros: atShare(1),
    found: found / micros.length,
  };
}
