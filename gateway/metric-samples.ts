/** Short ways to write families and samples down. */
import type { MetricFamily, MetricLabels, MetricSample } from "./metric-family.ts";

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

/** A family of what goes up and down. */
export function gauge(
  name: string,
  help: string,
  samples: readonly MetricSample[],
  unit?: string,
): MetricFamily {
  return { kind: "gauge", name, help, samples, ...(unit !== undefined && { unit }) };
}

/** A family of what only grows; its name is without `_total`. */
export function counter(
  name: string,
  help: string,
  samples: readonly MetricSample[],
  unit?: string,
): MetricFamily {
  return { kind: "counter", name, help, samples, ...(unit !== undefined && { unit }) };
}
