/** `npm run bench -- llm`: gateways for model calls under one load; writes table, chart and JSON. */
import { fileURLToPath } from "node:url";
import { drawChart } from "./chart.ts";
import { compareSamples, formatComparisons } from "./comparison.ts";
import type { Comparison } from "./comparison.ts";
import { orUsageError, selectAmong } from "./contenders.ts";
import type { Selection } from "./contenders.ts";
import { placeProcesses, planPlacement } from "./cpu-placement.ts";
import { llmCases } from "./llm-cases.ts";
import type { LlmContender } from "./llm-contender.ts";
import { llmContenders } from "./llm-contenders.ts";
import { withLlmRig } from "./llm-rig.ts";
import type { LlmRig } from "./llm-rig.ts";
import { runLlmRounds, tryContender } from "./llm-rounds.ts";
import { formatVerdicts, judgeTargets, llmTargets } from "./llm-targets.ts";
import type { Verdict } from "./llm-targets.ts";
import { describeMachine } from "./machine.ts";
import { chooseNames, parseOptions } from "./options.ts";
import type { OptionTable, ParsedOptions } from "./options.ts";
import { isInOwnNetwork, runInOwnNetwork } from "./own-network.ts";
import { formatReport } from "./report.ts";
import type { BenchResults } from "./results.ts";
import { summariseSamples } from "./results.ts";
import type { RoundSample } from "./rounds.ts";
import { formatProgress, writeOut } from "./run-output.ts";

const optionTable: OptionTable = {
  numbers: {
    rounds: { fallback: 5, min: 1, max: 1_000 },
    seconds: { fallback: 4, min: 1, max: 3_600 },
    // V8 goes on compiling what a call runs for about as long: before, the compiler is measured.
    "warm-up": { fallback: 10, min: 1, max: 3_600 },
    connections: { fallback: 32, min: 1, max: 10_000 },
  },
  texts: ["contender", "case", "json", "svg"],
  switches: ["pin"],
};

const peer = "portkey";
const baseline = "direct";
const subject = "CPU time and latency per request of gateways for model calls";
const resultFile = (name: string) =>
  fileURLToPath(new URL(`../results/llm.${name}`, import.meta.url));
const caseNames: readonly string[] = llmCases.map(({ name }) => name);
const titles = new Map<string, string>(llmCases.map(({ name, title }) => [name, title]));

/** Contents of the JSON file: figures, comparisons, verdicts, and every sample that they are made of. */
export interface LlmResults extends BenchResults {
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly Verdict[];
  readonly samples: readonly RoundSample[];
}

/**
 * Runs the sub-command and prints its report, in a network of its own where the machine gives one. Rejects when a
 * contender fails to start; UsageError for bad arguments.
 */
export async function runLlm(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const cases = chooseNames("case", options.text("case"), caseNames);
  const all = llmContenders(process.env);
  const names = options.text("contender")?.split(",") ?? all.map(({ name }) => name);
  chooseNames(
    "contender",
    names.join(","),
    all.map(({ name }) => name),
  );
  if (!isInOwnNetwork(process.env) && (await runInOwnNetwork())) return;
  const found = await orUsageError(selectAmong(all, names));
  const { samples, selection } = await withLlmRig(async (rig) => {
    const usable = await orUsageError(keepUsable(found, rig));
    return {
      selection: usable,
      samples: await measure(options, { cases, rig, selection: usable }),
    };
  });
  const results = describeResults(options, selection, samples);
  process.stdout.write(`\n${formatReport(results, titles)}\n`);
  process.stdout.write(`${formatComparisons(results.comparisons, peer)}\n`);
  process.stdout.write(formatVerdicts(results.verdicts));
  await writeFiles(options, results);
}

/** Leaves out, with the reason, who answers wrongly: it would be measured doing something else. */
async function keepUsable(
  { absent, present, versions }: Selection<LlmContender>,
  rig: LlmRig,
): Promise<Selection<LlmContender>> {
  const usable: LlmContender[] = [];
  const unusable = new Map(absent);
  for (const contender of present) {
    const mistake = await tryContender(contender, rig);
    if (mistake === undefined) usable.push(contender);
    else unusable.set(contender.name, mistake);
  }
  for (const [name, reason] of unusable) process.stderr.write(`Left out: ${name}: ${reason}\n`);
  return { present: usable, versions, absent: unusable };
}

async function measure(
  options: ParsedOptions,
  run: {
    readonly cases: readonly string[];
    readonly rig: LlmRig;
    readonly selection: Selection<LlmContender>;
  },
): Promise<RoundSample[]> {
  const { cases, rig, selection } = run;
  const placement = options.isOn("pin") ? planPlacement(navigator.hardwareConcurrency) : undefined;
  if (placement !== undefined) {
    const { plain, tls } = rig.upstreams;
    await placeProcesses([plain.pid, tls.pid], placement.rig);
  }
  return runLlmRounds({
    rounds: options.number("rounds"),
    seconds: options.number("seconds"),
    warmUpSeconds: options.number("warm-up"),
    connections: options.number("connections"),
    cases: llmCases.filter(({ name }) => cases.includes(name)),
    contenders: selection.present,
    rig,
    async place({ contender, clients }) {
      if (placement === undefined) return;
      await placeProcesses(contender, placement.contender);
      await placeProcesses(clients, placement.rig);
    },
    onSample: (sample) => process.stderr.write(`${formatProgress(sample)}\n`),
  });
}

function describeResults(
  options: ParsedOptions,
  { absent, present, versions }: Selection<LlmContender>,
  samples: readonly RoundSample[],
): LlmResults {
  const contenderNames = present.map(({ name }) => name);
  return {
    machine: describeMachine(),
    versions: { node: process.versions.node, ...Object.fromEntries(versions) },
    options: {
      ...Object.fromEntries(
        Object.keys(optionTable.numbers).map((name) => [name, options.number(name)]),
      ),
      pin: options.isOn("pin"),
    },
    absent: Object.fromEntries(absent),
    cases: summariseSamples(samples, caseNames, contenderNames),
    comparisons: compareSamples({
      cpu: "total",
      samples,
      caseNames,
      contenderNames,
      peer,
      baselines: new Map(caseNames.map((name) => [name, baseline])),
    }),
    verdicts: judgeTargets(llmTargets, samples),
    samples,
  };
}

async function writeFiles(options: ParsedOptions, results: LlmResults): Promise<void> {
  // A part must not take the place of the whole.
  const isPart = options.text("case") !== undefined || options.text("contender") !== undefined;
  const fileOf = (kind: "svg" | "json") =>
    options.text(kind) ?? (isPart ? undefined : resultFile(kind));
  const svg = fileOf("svg");
  if (svg !== undefined) await writeOut(svg, drawChart(results, { titles, subject }));
  const json = fileOf("json");
  if (json !== undefined) await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}
