/** What ends a rollout: `denied>1%`, `errors>2x`, `cost>2x`, `latency>500ms`, read and judged by what was counted. */
import type { SideCounts } from "../../gateway/side-counts.ts";

/** What is looked at: shares of requests, mean USD of a priced one, mean `ms` to the first byte of an answer. */
export type Measure = "denied" | "errors" | "cost" | "latency";

/** One condition; it ends a rollout when the measure of the new side is above the bound. */
export interface Condition {
  readonly text: string;
  readonly measure: Measure;
  /**
   * `points`: so many percentage points above the old side; `times`: so many times the old side; `ms`: that alone
   */
  readonly unit: "points" | "times" | "ms";
  readonly bound: number;
}

/** What counts say of a condition. */
export type Judgement =
  | { readonly kind: "kept" }
  | { readonly kind: "exceeded"; readonly message: string }
  /** Nobody can tell, which is not good */
  | { readonly kind: "unknown"; readonly message: string };

/** Counts of both sides in the same time. */
export interface BothSides {
  readonly old: SideCounts;
  readonly new: SideCounts;
}

const grammar = /^\s*(denied|errors|cost|latency)\s*>\s*(\d{1,9}(?:\.\d{1,6})?)(%|x|ms|s)\s*$/;

/** Reads a condition; a sentence for what is none. */
export function readCondition(text: string): Condition | string {
  const [, measure, amount, unit] = grammar.exec(text) ?? [];
  const known = (["denied", "errors", "cost", "latency"] as const).find((one) => one === measure);
  if (known === undefined || amount === undefined || unit === undefined) {
    return `Cannot use ${JSON.stringify(text)} as a condition: wanted denied>1%, errors>2x, cost>2x or latency>500ms`;
  }
  const isShare = known === "denied" || known === "errors";
  const fits = unit === "x" || (unit === "%" ? isShare : known === "latency");
  if (!fits) {
    const wanted = isShare ? "% or x" : known === "cost" ? "x" : "x, ms or s";
    return `Cannot use ${JSON.stringify(text)} as a condition: ${known} is compared in ${wanted}`;
  }
  const bound = Number(amount) * (unit === "s" ? 1_000 : 1);
  const units = { "%": "points", x: "times", ms: "ms", s: "ms" } as const;
  const named = (["%", "x", "ms", "s"] as const).find((one) => one === unit) ?? "x";
  return { text: text.trim(), measure: known, unit: units[named], bound };
}

/** Judges a condition; below `minRequests` of the new side, or of the old one where it counts, nothing is known. */
export function judge(condition: Condition, sides: BothSides, minRequests: number): Judgement {
  const { text, measure, unit, bound } = condition;
  if (sides.new.requests < minRequests) {
    return unknown(`the new policy decided ${requests(sides.new)}, of ${minRequests} wanted`);
  }
  const now = meanOf(measure, sides.new);
  if (now === undefined) return unknown(`no ${measure} is known of the new policy`);
  const then = meanOf(measure, sides.old);
  const told = `${text}: ${formatMeasure(measure, now)} with the new policy, ${
    then === undefined ? "nothing" : formatMeasure(measure, then)
  } with the old one`;
  if (unit === "ms") return now > bound ? exceeded(told) : kept;
  if (unit === "points") return now * 100 > (then ?? 0) * 100 + bound ? exceeded(told) : kept;
  if (then === undefined || sides.old.requests < minRequests) {
    return unknown(`the old policy decided ${requests(sides.old)}, of ${minRequests} wanted`);
  }
  return now > then * bound ? exceeded(told) : kept;
}

/** Mean of a measure; undefined where nothing was counted. */
export function meanOf(measure: Measure, counts: SideCounts): number | undefined {
  const { requests: all, denied, errors, priced, microDollars, timed, latencyMs } = counts;
  switch (measure) {
    case "denied":
      return all === 0 ? undefined : denied / all;
    case "errors":
      return all === 0 ? undefined : errors / all;
    case "cost":
      return priced === 0 ? undefined : microDollars / priced / 1e6;
    case "latency":
      return timed === 0 ? undefined : latencyMs / timed;
  }
}

/** A measure for people. */
export function formatMeasure(measure: Measure, value: number): string {
  if (measure === "cost") return `$${value.toFixed(6)}`;
  if (measure === "latency") return `${Math.round(value)} ms`;
  return `${(value * 100).toFixed(1)} % ${measure}`;
}

const kept: Judgement = { kind: "kept" };

function exceeded(message: string): Judgement {
  return { kind: "exceeded", message };
}

function unknown(message: string): Judgement {
  return { kind: "unknown", message };
}

function requests({ requests: count }: SideCounts): string {
  return count === 1 ? "1 request" : `${count} requests`;
}
