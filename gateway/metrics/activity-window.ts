/** Counts of the last minute, second by second. Invariant: whatever the order of what is counted, nothing counts twice. */
import type { ActivityCounts } from "../activity-report.ts";

const seconds = 60;

/** What is counted, in its order within a bucket. */
const members = [
  "requests",
  "denied",
  "audited",
  "failed",
  "inputTokens",
  "outputTokens",
  "microDollars",
  "unpriced",
] as const satisfies readonly (keyof ActivityCounts)[];

/** What nobody did anything for: zero of each. */
export const noCounts: ActivityCounts = {
  requests: 0,
  denied: 0,
  audited: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  microDollars: 0,
  unpriced: 0,
};

/** A minute of buckets, and the sum of all time. */
export class ActivityWindow {
  readonly #buckets = new Float64Array(seconds * members.length);
  readonly #stamps = new Float64Array(seconds).fill(-1);
  readonly #total = new Float64Array(members.length);

  /** Counts something at a time of a clock that never goes back, in whole `s`. */
  add(second: number, counts: ActivityCounts): void {
    const slot = second % seconds;
    const start = slot * members.length;
    if (this.#stamps[slot] !== second) {
      this.#buckets.fill(0, start, start + members.length);
      this.#stamps[slot] = second;
    }
    for (let at = 0; at < members.length; at++) {
      const by = counts[members[at] ?? "requests"];
      this.#buckets[start + at] = (this.#buckets[start + at] ?? 0) + by;
      this.#total[at] = (this.#total[at] ?? 0) + by;
    }
  }

  /** Of all time. */
  get total(): ActivityCounts {
    return named((at) => this.#total[at] ?? 0);
  }

  /** Of the 60 s that end with that second. */
  lastMinute(second: number): ActivityCounts {
    const isIn = (slot: number) => {
      const stamp = this.#stamps[slot] ?? -1;
      return stamp > second - seconds && stamp <= second;
    };
    return named((at) => {
      let sum = 0;
      for (let slot = 0; slot < seconds; slot++) {
        if (isIn(slot)) sum += this.#buckets[slot * members.length + at] ?? 0;
      }
      return sum;
    });
  }
}

function named(numberOf: (at: number) => number): ActivityCounts {
  return {
    requests: numberOf(0),
    denied: numberOf(1),
    audited: numberOf(2),
    failed: numberOf(3),
    inputTokens: numberOf(4),
    outputTokens: numberOf(5),
    microDollars: numberOf(6),
    unpriced: numberOf(7),
  };
}
