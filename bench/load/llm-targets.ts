/** What `llm` has to show, and whether it does: figures of contenders in one round beside each other, medians over rounds. */
import { formatPaired, pairedFigure } from "./comparison.ts";
import type { PairedFigure } from "./comparison.ts";
import { formatFigure } from "./figures.ts";
import type { RoundSample } from "./rounds.ts";

/** The sample of a contender in the round that is looked at; undefined where it was not measured. */
type SampleOf = (contender: string) => RoundSample | undefined;

/** One thing to show. */
export interface Target {
  readonly name: string;
  readonly case: string;
  readonly bound: "at least" | "at most";
  readonly limit: number;
  readonly unit: "×" | "ms";
  /** The figure of one round; undefined where somebody it needs was not measured */
  readonly measure: (sampleOf: SampleOf) => number | undefined;
}

/** How a target stands. */
export interface Verdict extends Pick<Target, "name" | "case" | "bound" | "limit" | "unit"> {
  /** Null: not measured in this run */
  readonly measured: PairedFigure | null;
  readonly isMet: boolean | null;
}

/** All targets in the order of the report. */
export const llmTargets: readonly Target[] = [
  rateTarget("clrk", "portkey", 3),
  rateTarget("clrk", "litellm", 20),
  rateTarget("clrk-claude", "portkey", 2.5),
  rateTarget("clrk-limited", "clrk", 0.9),
  rateTarget("clrk-captured", "clrk", 0.9),
  addedTarget("clrk"),
  addedTarget("clrk-claude"),
  failoverTarget(),
  firstTokenTarget("clrk"),
  firstTokenTarget("clrk-claude"),
];

/** Judges all targets by the samples of a run. */
export function judgeTargets(
  targets: readonly Target[],
  samples: readonly RoundSample[],
): Verdict[] {
  return targets.map(({ measure, ...target }) => {
    const own = samples.filter((sample) => sample.case === target.case);
    const rounds = [...new Set(own.map(({ round }) => round))];
    const figures = rounds.flatMap((round) => {
      const ofRound = own.filter((sample) => sample.round === round);
      return measure((name) => ofRound.find(({ contender }) => contender === name)) ?? [];
    });
    const measured = pairedFigure(figures);
    const { bound, limit } = target;
    const isMet =
      measured && (bound === "at least" ? measured.median >= limit : measured.median <= limit);
    return { ...target, measured, isMet };
  });
}

/** The verdicts as text with a trailing newline, a line each. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ bound, isMet, limit, measured, name, unit }) => {
    const state = isMet === null ? "not measured" : isMet ? "met" : "MISSED";
    const figure = measured === null ? "" : `, measured ${formatPaired(measured, formatPrecise)}`;
    return `${state}: ${name}: ${bound} ${limit} ${unit}${figure}`;
  });
  return `${lines.join("\n")}\n`;
}

function rateTarget(contender: string, peer: string, limit: number): Target {
  return {
    name: `requests per second of ${contender} ÷ ${peer}`,
    case: "chat",
    bound: "at least",
    limit,
    unit: "×",
    measure(sampleOf) {
      const own = sampleOf(contender)?.requestsPerSecond;
      const other = sampleOf(peer)?.requestsPerSecond;
      return own === undefined || !other ? undefined : own / other;
    },
  };
}

function addedTarget(contender: string): Target {
  return {
    name: `added p99 of ${contender} ÷ portkey`,
    case: "latency",
    bound: "at most",
    limit: 0.5,
    unit: "×",
    measure(sampleOf) {
      const base = sampleOf("direct")?.p99Ms;
      const own = sampleOf(contender)?.p99Ms;
      const other = sampleOf("portkey")?.p99Ms;
      if (base === undefined || own === undefined || other === undefined) return undefined;
      return other <= base ? undefined : (own - base) / (other - base);
    },
  };
}

/** Only where it happened: every request reached two backends. The failed attempt's own time is not taken off. */
function failoverTarget(): Target {
  return {
    name: "latency of clrk-next after that of clrk-claude, p50",
    case: "latency",
    bound: "at most",
    limit: 5,
    unit: "ms",
    measure(sampleOf) {
      const base = sampleOf("clrk-claude")?.p50Ms;
      const own = sampleOf("clrk-next");
      if (base === undefined || own === undefined) return undefined;
      return (own.upstreamRequests ?? 0) < 1.95 ? undefined : own.p50Ms - base;
    },
  };
}

function firstTokenTarget(contender: string): Target {
  return {
    name: `first token of ${contender} after that of direct, p50`,
    case: "first-token",
    bound: "at most",
    limit: 40,
    unit: "ms",
    measure(sampleOf) {
      const base = sampleOf("direct")?.p50Ms;
      const own = sampleOf(contender)?.p50Ms;
      return base === undefined || own === undefined ? undefined : own - base;
    },
  };
}

// Near a limit a tenth says too little.
function formatPrecise(value: number): string {
  return Math.abs(value) < 10 ? value.toFixed(2) : formatFigure(value);
}
