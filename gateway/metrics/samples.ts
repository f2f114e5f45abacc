/** Short ways to write samples down. */
import type { MetricLabels, MetricSample } from "./metric-family.ts";

/** The one sample of a family without labels. */
export function one(value: number): readonly MetricSample[] {
  return [{ labels: [], value }];
}

/** A sample of each entry. */
export function samplesOf<Entry>(
  entries: readonly Entry[],
  labelsOf: (entry: Entry) => MetricLabels,
  numberOf: (entry: Entry) => number,
): readonly MetricSample[] {
  return entries.map((entry) => ({ labels: labelsOf(entry), value: numberOf(entry) }));
}
