/**
 * Contenders beside each other, round by round: what a server takes of CPU against a peer, and what it adds to the
 * latency of a baseline. Samples of one round were taken one after the other, so that a slow minute meets both.
 */
import { formatFigure } from "./figures.ts";
import type { Spread } from "./results.ts";
import type { ExtprocSample } from "./extproc-rounds.ts";
import { summarise } from "./statistics.ts";

/** Median over rounds with the smallest and largest round. */
export interface PairedFigure {
  readonly median: number;
  readonly spread: Spread;
  /** Rounds in which both were measured */
  readonly rounds: number;
}

/** One contender in one case. */
export interface Comparison {
  readonly case: string;
  readonly contender: string;
  /** Its CPU over that of the peer, as `ComparisonOptions.cpu` says; null where one has none */
  readonly cpuOverPeer: PairedFigure | null;
  /** Messages that Envoy sent to it for each request: equal for all, or they were not asked the same */
  readonly messagesPerRequest: number | null;
  /** In `ms`; null where the case has no baseline */
  readonly addedP50Ms: PairedFigure | null;
  readonly addedP99Ms: PairedFigure | null;
}

/** What is compared with what. */
export interface ComparisonOptions {
  readonly samples: readonly ExtprocSample[];
  readonly caseNames: readonly string[];
  readonly contenderNames: readonly string[];
  /** Contender that the others are put in proportion to */
  readonly peer: string;
  /** Of the servers that an Envoy asks, or of all that a contender runs */
  readonly cpu: "server" | "total";
  /** Contender whose latency is subtracted, by case */
  readonly baselines: ReadonlyMap<string, string>;
}

/** Comparisons in the order in which cases and contenders are named; pairs without a sample are left out. */
export function compareSamples(options: ComparisonOptions): Comparison[] {
  const { caseNames, contenderNames, cpu, peer, samples } = options;
  return caseNames.flatMap((caseName) => {
    const ofCase = samples.filter((sample) => sample.case === caseName);
    const of = (contender: string) => ofCase.filter((sample) => sample.contender === contender);
    return contenderNames.flatMap((contender): Comparison[] => {
      const own = of(contender);
      if (own.length === 0) return [];
      const name = options.baselines.get(caseName);
      // Nothing is added to itself.
      const baseline = name === undefined || name === contender ? [] : of(name);
      const pair = (figure: (sample: ExtprocSample) => number) =>
        paired(own, baseline, (left, right) => figure(left) - figure(right));
      return [
        {
          case: caseName,
          contender,
          cpuOverPeer: paired(own, of(peer), (left, right) => cpuRatio(left, right, cpu)),
          messagesPerRequest: messagesOf(own),
          addedP50Ms: pair((sample) => sample.p50Ms),
          addedP99Ms: pair((sample) => sample.p99Ms),
        },
      ];
    });
  });
}

/** The comparisons as text with a trailing newline, at most 80 columns wide. */
export function formatComparisons(comparisons: readonly Comparison[], peer: string): string {
  const lines: string[] = [];
  for (const name of new Set(comparisons.map((one) => one.case))) {
    const head = [name, `CPU ÷ ${peer}`, "messages", "+ p50 ms", "+ p99 ms"];
    lines.push(columns(head));
    for (const one of comparisons.filter((other) => other.case === name)) {
      const messages = one.messagesPerRequest;
      lines.push(
        columns([
          `  ${one.contender}`,
          formatPaired(one.cpuOverPeer, hundredths),
          messages === null ? "-" : formatFigure(messages),
          formatPaired(one.addedP50Ms, signed),
          formatPaired(one.addedP99Ms, signed),
        ]),
      );
    }
    lines.push("");
  }
  return lines.join("\n");
}

/** One figure of the rounds' own ones; null for none. */
export function pairedFigure(figures: readonly number[]): PairedFigure | null {
  if (figures.length === 0) return null;
  const { count, max, median, min } = summarise(figures);
  return { median: rounded(median), spread: [rounded(min), rounded(max)], rounds: count };
}

/** A figure with its spread, `-` for none. */
export function formatPaired(figure: PairedFigure | null, text: (value: number) => string): string {
  if (figure === null) return "-";
  const [min, max] = figure.spread;
  return `${text(figure.median)} (${text(min)}–${text(max)})`;
}

function paired(
  left: readonly ExtprocSample[],
  right: readonly ExtprocSample[],
  combine: (left: ExtprocSample, right: ExtprocSample) => number | undefined,
): PairedFigure | null {
  const figures = left.flatMap((sample) => {
    const other = right.find(({ round }) => round === sample.round);
    const figure = other === undefined ? undefined : combine(sample, other);
    return figure === undefined ? [] : [figure];
  });
  return pairedFigure(figures);
}

function cpuRatio(
  left: ExtprocSample,
  right: ExtprocSample,
  cpu: ComparisonOptions["cpu"],
): number | undefined {
  const [own, other] = [cpuOf(left, cpu), cpuOf(right, cpu)];
  return own === undefined || other === undefined || other === 0 ? undefined : own / other;
}

function cpuOf({ cpuMicrosPerRequest }: ExtprocSample, cpu: ComparisonOptions["cpu"]) {
  const { envoy, server } = cpuMicrosPerRequest;
  if (cpu === "server" || envoy === undefined) return server;
  return envoy + (server ?? 0);
}

function messagesOf(samples: readonly ExtprocSample[]): number | null {
  const each = samples.flatMap(({ filter, requests }) =>
    filter === undefined ? [] : [filter.sent / Math.max(requests, 1)],
  );
  return each.length === 0 ? null : rounded(summarise(each).median);
}

// Proportions are near 1, where a tenth says too little.
function hundredths(value: number): string {
  return value.toFixed(2);
}

function signed(value: number): string {
  return `${value < 0 ? "-" : ""}${formatFigure(Math.abs(value))}`;
}

function columns([name = "", ...cells]: readonly string[]): string {
  const widths = [20, 9, 17, 18];
  return name.padEnd(16) + cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join("");
}

// As in the other results: more digits than the noise has would only make files differ.
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
