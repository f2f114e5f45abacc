/** `npm run bench -- extproc`: what ext_proc servers cost behind the same Envoy; writes table, chart and JSON. */
import { fileURLToPath } from "node:url";
import {
  createGrpcGo,
  createGrpcJs,
  createNoProcessor,
  createNoProxy,
} from "../compare/ext-proc-peers.ts";
import { peerPaths } from "../compare/peers.ts";
import { drawChart } from "./chart.ts";
import { compareSamples, formatComparisons } from "./comparison.ts";
import type { Comparison } from "./comparison.ts";
import type { Selection } from "./contenders.ts";
import { orUsageError, selectAmong } from "./contenders.ts";
import { placeProcesses, planPlacement } from "./cpu-placement.ts";
import { createEngine } from "./engine-contender.ts";
import { extprocCases } from "./extproc-cases.ts";
import { replayCase, replayName, replayThreads, runReplay } from "./extproc-replay.ts";
import { withExtprocRig } from "./extproc-rig.ts";
import { runExtprocRounds } from "./extproc-rounds.ts";
import type { ExtprocSample } from "./extproc-rounds.ts";
import { formatSoak, runSoak } from "./extproc-soak.ts";
import type { SoakResult } from "./extproc-soak.ts";
import { describeMachine } from "./machine.ts";
import { chooseNames, parseOptions } from "./options.ts";
import type { OptionTable, ParsedOptions } from "./options.ts";
import type { ProcessorContender } from "./processor.ts";
import { formatReport } from "./report.ts";
import type { BenchResults } from "./results.ts";
import { summariseSamples } from "./results.ts";
import { formatProgress, writeOut } from "./run-output.ts";

const optionTable: OptionTable = {
  numbers: {
    rounds: { fallback: 5, min: 1, max: 1_000 },
    seconds: { fallback: 2, min: 1, max: 3_600 },
    "warm-up": { fallback: 4, min: 1, max: 3_600 },
    connections: { fallback: 16, min: 1, max: 10_000 },
    threads: { fallback: 2, min: 1, max: 64 },
    minutes: { fallback: 5, min: 1, max: 10_000 },
    streams: { fallback: 0, min: 0, max: 50_000 },
    "stream-seconds": { fallback: 60, min: 1, max: 3_600 },
  },
  texts: ["contender", "case", "json", "svg"],
  switches: ["pin"],
};

const soakCase = "soak";
/** What the servers' CPU is put in proportion to. */
const peer = "grpc-go";
const subject = "CPU time and latency per request of ext_proc servers behind one Envoy";
const resultFile = (name: string) =>
  fileURLToPath(new URL(`../results/extproc.${name}`, import.meta.url));
const caseNames: readonly string[] = extprocCases.map((benchCase) => benchCase.name);
const titles = new Map<string, string>(extprocCases.map(({ name, title }) => [name, title]));

/** Contents of the JSON file: figures, comparisons, and every sample that they are made of. */
export interface ExtprocResults extends BenchResults {
  readonly comparisons: readonly Comparison[];
  /** What a server did not do although its request was answered, one sentence each */
  readonly problems: readonly string[];
  readonly samples: readonly ExtprocSample[];
}

/** All contenders in the order of the report; nothing is started or looked for. */
export function extprocContenders(
  environment: Readonly<Record<string, string | undefined>>,
): readonly ProcessorContender[] {
  return [
    createEngine("clrk"),
    createEngine("clrk-bare"),
    createGrpcGo(peerPaths(environment)),
    createGrpcJs(),
    createNoProcessor(environment),
    createNoProxy(),
  ];
}

/** Runs the sub-command and prints its report. Rejects when a contender fails to start; UsageError for bad arguments. */
export async function runExtproc(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const asked = options.text("case");
  const all = extprocContenders(process.env);
  if (asked === replayCase || asked === soakCase) {
    // Figures of our own server unless others are asked for: both take their time.
    const names = options.text("contender")?.split(",") ?? ["clrk-bare"];
    const selection = await orUsageError(selectAmong(all, names));
    return asked === soakCase ? soak(options, selection) : replay(options, selection);
  }
  const cases = chooseNames("case", asked, [...caseNames]);
  const names = options.text("contender")?.split(",") ?? all.map(({ name }) => name);
  const selection = await orUsageError(selectAmong(all, names));
  const samples = await measure(options, selection, cases);
  const contenderNames = selection.present.map((contender) => contender.name);
  const results: ExtprocResults = {
    ...describeRun(options, selection, ["rounds", "seconds", "warm-up", "connections", "threads"]),
    cases: summariseSamples(samples, caseNames, contenderNames),
    comparisons: compareSamples({
      cpu: "server",
      samples,
      caseNames,
      contenderNames,
      peer,
      baselines: new Map(extprocCases.map(({ name, baseline = "" }) => [name, baseline])),
    }),
    problems: findProblems(samples),
    samples,
  };
  process.stdout.write(`\n${formatReport(results, titles)}\n`);
  process.stdout.write(`${formatComparisons(results.comparisons, peer)}\n`);
  for (const problem of results.problems) process.stdout.write(`${problem}\n`);
  // A part must not take the place of the whole.
  const isPart = asked !== undefined || options.text("contender") !== undefined;
  const fileOf = (kind: "svg" | "json") =>
    options.text(kind) ?? (isPart ? undefined : resultFile(kind));
  const svg = fileOf("svg");
  if (svg !== undefined) await writeOut(svg, drawChart(results, { titles, subject }));
  const json = fileOf("json");
  if (json !== undefined) await writeOut(json, toJson(results));
}

/** `names` are those of the options that the figures depend on. */
function describeRun(
  options: ParsedOptions,
  { absent, versions }: Selection<ProcessorContender>,
  names: readonly string[],
) {
  return {
    machine: describeMachine(),
    versions: { node: process.versions.node, ...Object.fromEntries(versions) },
    options: {
      ...Object.fromEntries(names.map((name) => [name, options.number(name)])),
      pin: options.isOn("pin"),
    },
    absent: Object.fromEntries(absent),
  };
}

async function soak(
  options: ParsedOptions,
  selection: Selection<ProcessorContender>,
): Promise<void> {
  const soaks = await withExtprocRig(async (rig) => {
    const results: SoakResult[] = [];
    for (const contender of selection.present) {
      const result = await runSoak({
        minutes: options.number("minutes"),
        streams: options.number("streams"),
        streamSeconds: options.number("stream-seconds"),
        connections: options.number("connections"),
        threads: options.number("threads"),
        contender,
        rig,
      });
      process.stdout.write(formatSoak(result));
      results.push(result);
    }
    return results;
  });
  const json = options.text("json");
  if (json !== undefined) {
    const names = ["connections", "threads", "minutes", "streams", "stream-seconds"];
    await writeOut(json, toJson({ ...describeRun(options, selection, names), soaks }));
  }
}

async function replay(
  options: ParsedOptions,
  selection: Selection<ProcessorContender>,
): Promise<void> {
  const samples = await withExtprocRig((rig) =>
    runReplay({
      rounds: options.number("rounds"),
      seconds: options.number("seconds"),
      warmUpSeconds: options.number("warm-up"),
      connections: options.number("connections"),
      contenders: selection.present,
      rig,
      onSample: (sample) => process.stderr.write(`${formatProgress(sample)}\n`),
    }),
  );
  const names = selection.present.flatMap(({ name }) =>
    replayThreads.map((threads) => replayName(name, threads)),
  );
  const cases = summariseSamples(samples, [replayCase], names);
  const results = {
    ...describeRun(options, selection, ["rounds", "seconds", "warm-up", "connections"]),
    cases,
    samples,
  };
  const title = "one recorded connection of Envoy to each thread, bodies, no Envoy";
  process.stdout.write(`\n${formatReport(results, new Map([[replayCase, title]]))}\n`);
  for (const { name } of selection.present) {
    const comparisons = compareSamples({
      cpu: "server",
      samples,
      caseNames: [replayCase],
      contenderNames: names.filter((one) => one.startsWith(`${name} `)),
      peer: replayName(name, 1),
      baselines: new Map(),
    });
    process.stdout.write(`${formatComparisons(comparisons, replayName(name, 1))}\n`);
  }
  const json = options.text("json");
  if (json !== undefined) await writeOut(json, toJson(results));
}

function toJson(results: object): string {
  return `${JSON.stringify(results, undefined, 2)}\n`;
}

/** One sentence for every sample in which a server did not do what it was measured for. */
export function findProblems(samples: readonly ExtprocSample[]): string[] {
  return samples.flatMap(({ contender, counts, filter, round, requests, ...sample }) => {
    const where = `${sample.case}, ${contender}, round ${round + 1}`;
    const problems: string[] = [];
    if (filter !== undefined && filter.failed > 0) {
      problems.push(`${where}: Envoy counts ${filter.failed} failures of the server`);
    }
    if (filter !== undefined && filter.streams < requests) {
      problems.push(`${where}: Envoy asked for ${filter.streams} of ${requests} requests`);
    }
    if (counts !== undefined && counts.transactions < requests) {
      problems.push(`${where}: facts of ${counts.transactions} of ${requests} requests`);
    }
    // Tokens stand in bodies, which are exchanged in all cases but these.
    const hasBodies = sample.case !== "headers" && sample.case !== "response-headers";
    if (counts !== undefined && hasBodies && counts.metered < requests) {
      problems.push(`${where}: tokens of ${counts.metered} of ${requests} requests`);
    }
    if (counts !== undefined && contender === "clrk") {
      const made = hasBodies ? counts.meteredRecords : counts.records;
      if (made < requests) problems.push(`${where}: records of ${made} of ${requests} requests`);
    }
    return problems;
  });
}

async function measure(
  options: ParsedOptions,
  { present }: Selection<ProcessorContender>,
  cases: readonly string[],
): Promise<ExtprocSample[]> {
  const machineCpus = navigator.hardwareConcurrency;
  const placement = options.isOn("pin") ? planPlacement(machineCpus) : undefined;
  return withExtprocRig(async ({ directory, policy, upstream }) => {
    if (placement !== undefined) await placeProcesses([upstream.pid], placement.rig);
    return runExtprocRounds({
      rounds: options.number("rounds"),
      seconds: options.number("seconds"),
      warmUpSeconds: options.number("warm-up"),
      connections: options.number("connections"),
      threads: options.number("threads"),
      cases: extprocCases.filter(({ name }) => cases.includes(name)),
      contenders: present,
      upstream,
      routes: policy.routes,
      paths: policy.paths,
      directory,
      async place({ contender, clients }) {
        if (placement === undefined) return;
        await placeProcesses(contender, placement.contender);
        await placeProcesses(clients, placement.rig);
      },
      onSample: (sample) => process.stderr.write(`${formatProgress(sample)}\n`),
    });
  });
}
