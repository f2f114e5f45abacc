/** `npm run bench -- translation`: what translating between dialects costs without Envoy and engine; and cut streams. */
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { providers } from "../../providers/registry.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import type { PairedFigure } from "./comparison.ts";
import { formatCount } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import type { Machine } from "./machine.ts";
import { chooseNames, parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { writeOut } from "./run-output.ts";
import { measurePairs } from "./translation-cost.ts";
import type { PreparedPair, TranslationCost } from "./translation-cost.ts";
import { findDialects } from "./translation-dialects.ts";
import type { Dialect } from "./translation-dialects.ts";
import { trySplits } from "./translation-splits.ts";
import { preparePair } from "./translation-work.ts";

const optionTable: OptionTable = {
  numbers: {
    rounds: { fallback: 9, min: 1, max: 1_000 },
    milliseconds: { fallback: 50, min: 1, max: 60_000 },
    splits: { fallback: 0, min: 0, max: 999_999_999 },
    seed: { fallback: 1, min: 0, max: 999_999_999 },
  },
  texts: ["source", "served", "json"],
  switches: [],
};

/** Contents of the JSON file. */
export interface TranslationResults {
  readonly machine: Machine;
  readonly versions: { readonly node: string };
  readonly options: Readonly<Record<string, number>>;
  /** Pairs that cannot be translated, and why */
  readonly absent: Readonly<Record<string, string>>;
  readonly costs: readonly TranslationCost[];
}

/** What every pair has to keep to. */
export const translationLimits = {
  smallCallMicros: { limit: 40, unit: "µs", what: "a call of 2 KB with its answer" },
  largeRequestMs: { limit: 8, unit: "ms", what: "a request of 1 MB" },
  largeAnswerMs: { limit: 8, unit: "ms", what: "an answer of 1 MB" },
  chunkMicros: { limit: 6, unit: "µs", what: "a piece of a stream" },
} as const;

type FigureName = keyof typeof translationLimits;
const figureNames: readonly FigureName[] = [
  "smallCallMicros",
  "largeRequestMs",
  "largeAnswerMs",
  "chunkMicros",
];
const resultFile = fileURLToPath(new URL("../results/translation.json", import.meta.url));

/** Runs the sub-command and prints its report; UsageError for bad arguments. Exit code 1 when a cut stream differs. */
export async function runTranslation(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const dialects = findDialects(providers);
  const names = dialects.map(({ name }) => name);
  const sources = chooseNames("source", options.text("source"), names);
  const targets = chooseNames("served", options.text("served"), names);
  if (dialects.length < 2) {
    process.stdout.write("Nothing to measure: no two providers serve conversations yet\n");
    return;
  }
  const { absent, pairs } = preparePairs(dialects, { sources, targets });
  for (const [pair, reason] of absent) process.stdout.write(`Left out: ${pair}: ${reason}\n`);
  const splits = options.number("splits");
  if (splits > 0) {
    reportSplits(pairs, { splits, seed: options.number("seed") });
    return;
  }
  const costs = measurePairs(pairs, {
    rounds: options.number("rounds"),
    leastMs: options.number("milliseconds"),
    collect: garbageCollector(),
    onRound: (round) => process.stderr.write(`round ${round} of ${options.number("rounds")}\n`),
  });
  process.stdout.write(`${formatCosts(costs)}\n${formatLimits(costs)}`);
  const isPart = options.text("source") !== undefined || options.text("served") !== undefined;
  const json = options.text("json") ?? (isPart ? undefined : resultFile);
  if (json === undefined) return;
  const results: TranslationResults = {
    machine: describeMachine(),
    versions: { node: process.versions.node },
    options: {
      rounds: options.number("rounds"),
      milliseconds: options.number("milliseconds"),
    },
    absent: Object.fromEntries(absent),
    costs,
  };
  await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

function preparePairs(
  dialects: readonly Dialect[],
  {
    sources,
    targets,
  }: { readonly sources: readonly string[]; readonly targets: readonly string[] },
) {
  const pairs: PreparedPair[] = [];
  const absent = new Map<string, string>();
  for (const source of dialects.filter(({ name }) => sources.includes(name))) {
    for (const served of dialects.filter(({ name }) => targets.includes(name))) {
      if (source === served) continue;
      try {
        pairs.push({ pair: { source, served }, work: preparePair({ source, served }) });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        absent.set(`${source.name} served in ${served.name}`, reason);
      }
    }
  }
  return { pairs, absent };
}

function reportSplits(
  pairs: readonly PreparedPair[],
  { seed, splits: wanted }: { readonly seed: number; readonly splits: number },
): void {
  const outcome = trySplits(pairs, { random: seededRandom(seed), splits: wanted });
  const { differences, splits, streams } = outcome;
  for (const difference of differences) process.stdout.write(`${difference}\n`);
  const tried = `${formatCount(splits)} splits of ${formatCount(streams)} streams`;
  process.stdout.write(`${tried} of ${pairs.length} pairs, ${differences.length} differences\n`);
  if (differences.length > 0) process.exitCode = 1;
}

const nameWidth = 34;
const columns: readonly { readonly head: string; readonly name: FigureName }[] = [
  { head: "2 KB µs", name: "smallCallMicros" },
  { head: "1 MB ms", name: "largeRequestMs" },
  { head: "back ms", name: "largeAnswerMs" },
  { head: "piece µs", name: "chunkMicros" },
];
const columnWidth = 11;

/** The costs as a table with a trailing newline, at most 80 columns wide: medians. */
export function formatCosts(costs: readonly TranslationCost[]): string {
  const sources = [...new Set(costs.map(({ source }) => source))];
  const lines = sources.flatMap((source) => [
    row(`${source}, served in`, ({ head }) => head),
    ...costs
      .filter((cost) => cost.source === source)
      .map((cost) =>
        row(`  ${cost.served}`, ({ name }) => {
          const figure = cost[name];
          return figure === null ? "-" : formatPrecise(figure.median);
        }),
      ),
    "",
  ]);
  return lines.join("\n");
}

function row(name: string, cell: (column: (typeof columns)[number]) => string): string {
  return name.padEnd(nameWidth) + columns.map((one) => cell(one).padStart(columnWidth)).join("");
}

/** One line for each limit: how many pairs keep to it, and the worst one. */
export function formatLimits(costs: readonly TranslationCost[]): string {
  const lines = figureNames.map((name) => {
    const { limit, unit, what } = translationLimits[name];
    const measured = costs.flatMap((cost) => {
      const figure: PairedFigure | null = cost[name];
      return figure === null ? [] : [{ cost, median: figure.median }];
    });
    const kept = measured.filter(({ median }) => median <= limit);
    const state = kept.length === measured.length ? "met" : "MISSED";
    const worst = measured.toSorted((a, b) => b.median - a.median)[0];
    const where =
      worst === undefined
        ? "nothing measured"
        : `${kept.length} of ${measured.length} pairs, worst ${formatPrecise(worst.median)} ${unit} (${worst.cost.source} → ${worst.cost.served})`;
    return `${state}: ${what} at most ${limit} ${unit}: ${where}`;
  });
  return `${lines.join("\n")}\n`;
}

/** V8's own collector; a flag of the command line would have to be given to npm's script too. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  return typeof collect === "function" ? () => void collect() : () => {};
}

function formatPrecise(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}
