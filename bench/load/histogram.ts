/**
 * Latency histogram with a fixed relative error (HDR-like: powers of two, each cut into 64 parts):
 * constant memory and one increment a sample, so that measuring costs the load client nothing.
 */

const subBucketBits = 6;
const subBuckets = 1 << subBucketBits;
// 2^37 µs is 38 hours: nothing that a load client waits for is outside.
const powers = 32;

/** Counts of latencies in whole microseconds; percentiles are right to 1/64 (1.6 %). */
export interface Histogram {
  /** Adds one latency in `µs`; negative or unreadable ones count as 0, too large ones as the largest. */
  record(micros: number): void;
  /** Number of latencies recorded. */
  readonly count: number;
  /** Latency in `µs` that `fraction` (0–1) of the samples do not exceed; 0 when empty. */
  percentile(fraction: number): number;
  /** Sparse `[bucket, count]` pairs, to send to another process; read back by `mergeHistograms`. */
  export(): HistogramExport;
  /** Adds what another histogram exported. */
  add(other: HistogramExport): void;
}

/** Non-empty buckets of a histogram: bucket number and count. */
export type HistogramExport = readonly (readonly [bucket: number, count: number])[];

/** An empty histogram. */
export function createHistogram(): Histogram {
  const buckets = new Float64Array((powers + 1) * subBuckets);
  let count = 0;
  const add = (bucket: number, more: number) => {
    buckets[bucket] = (buckets[bucket] ?? 0) + more;
    count += more;
  };
  return {
    get count() {
      return count;
    },
    record: (micros) => add(Math.min(bucketOf(micros), buckets.length - 1), 1),
    percentile: (fraction) => percentileOf(buckets, Math.ceil(count * fraction)),
    export: () => [...buckets.entries()].filter(([, n]) => n > 0),
    add(other) {
      for (const [bucket, more] of other) {
        if (!(bucket >= 0 && bucket < buckets.length && Number.isInteger(bucket))) {
          throw new RangeError(`Cannot add to histogram: bucket ${bucket} does not exist`);
        }
        add(bucket, more);
      }
    },
  };
}

/** One histogram with the samples of all `parts`. */
export function mergeHistograms(parts: readonly HistogramExport[]): Histogram {
  const merged = createHistogram();
  for (const part of parts) merged.add(part);
  return merged;
}

function bucketOf(micros: number): number {
  const value = micros > 0 ? Math.floor(micros) : 0;
  if (value < subBuckets) return value;
  const power = Math.floor(Math.log2(value)) - subBucketBits;
  return (power + 1) * subBuckets + Math.floor(value / 2 ** power) - subBuckets;
}

function lowestValueOf(bucket: number): number {
  if (bucket < subBuckets) return bucket;
  const power = Math.floor(bucket / subBuckets) - 1;
  return ((bucket % subBuckets) + subBuckets) * 2 ** power;
}

function percentileOf(buckets: Float64Array, rank: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < buckets.length; bucket += 1) {
    seen += buckets[bucket] ?? 0;
    if (seen >= rank && seen > 0) return (lowestValueOf(bucket) + lowestValueOf(bucket + 1)) / 2;
  }
  return 0;
}
