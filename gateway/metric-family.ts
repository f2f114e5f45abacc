/** What a scrape tells: families of samples, as plain values that `metrics-text.ts` writes down. */

/** Pairs of name and value; values may be any text. */
export type MetricLabels = readonly (readonly [name: string, value: string])[];

/** A histogram of now: bounds rise, and counts are of each bucket alone, the last above every bound. */
export interface HistogramValue {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** One number with its labels. */
export interface MetricSample {
  readonly labels: MetricLabels;
  readonly value: number;
}

/** One histogram with its labels. */
export interface HistogramSample {
  readonly labels: MetricLabels;
  readonly value: HistogramValue;
}

interface FamilyHead {
  /** Without `_total`; ends with the unit where there is one */
  readonly name: string;
  /** One sentence, which is the documentation too */
  readonly help: string;
  /** Base unit, such as `seconds` */
  readonly unit?: string;
}

/** A family; no two have one name, and no two samples of a family the same labels. */
export type MetricFamily =
  | (FamilyHead & {
      readonly kind: "counter" | "gauge" | "info";
      readonly samples: readonly MetricSample[];
    })
  | (FamilyHead & { readonly kind: "histogram"; readonly samples: readonly HistogramSample[] });
