/** Unit tests of the latency histogram: its error bound, limits and the trip between processes. */
import t from "tap";
import { createHistogram, mergeHistograms } from "./histogram.ts";

t.test("percentile() stays within 1.6 % of the exact value", async (t) => {
  const histogram = createHistogram();
  const values: number[] = [];
  let seed = 7;
  for (let i = 0; i < 20_000; i += 1) {
    seed = (seed * 48_271) % 2_147_483_647;
    values.push(10 ** (1 + (seed / 2_147_483_647) * 5));
  }
  for (const value of values) histogram.record(value);
  values.sort((a, b) => a - b);
  for (const fraction of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(values.length * fraction) - 1] ?? 0;
    const error = Math.abs(histogram.percentile(fraction) - exact) / exact;
    t.ok(error < 0.05 && (exact < 64 || error < 0.016), `p${fraction * 100}: ${error}`);
  }
});

t.test("percentile() gives 0 when empty", async (t) => {
  t.equal(createHistogram().percentile(0.5), 0);
});

t.test("record() keeps odd values when they are outside the range", async (t) => {
  const histogram = createHistogram();
  histogram.record(-5);
  histogram.record(Number.NaN);
  histogram.record(1e30);
  t.equal(histogram.count, 3);
  t.ok(histogram.percentile(0.5) < 1);
  t.ok(histogram.percentile(1) > 1e10);
});

t.test("mergeHistograms() equals one histogram with all samples", async (t) => {
  const parts = [createHistogram(), createHistogram(), createHistogram()];
  const whole = createHistogram();
  for (let i = 0; i < 3_000; i += 1) {
    parts[i % 3]?.record(i * 7);
    whole.record(i * 7);
  }
  const sent = parts.map((part) => JSON.parse(JSON.stringify(part.export())));
  const merged = mergeHistograms(sent);
  t.equal(merged.count, 3_000);
  t.same(merged.export(), whole.export());
});

t.test("add() rejects buckets that do not exist", async (t) => {
  for (const bucket of [-1, 0.5, 1e9]) {
    t.throws(
      () => createHistogram().add([[bucket, 1]]),
      new RangeError(`Cannot add to histogram: bucket ${bucket} does not exist`),
    );
  }
});
