/**
 * `npm run bench -- llm-engine`: what our engine takes of CPU for a call that it translates from OpenAI to Anthropic,
 * beside a server on grpc-go that is asked the same and answers nothing.
 */
import { fileURLToPath } from "node:url";
import { createGrpcGo, createNoProcessor } from "../compare/ext-proc-peers.ts";
import { peerPaths } from "../compare/peers.ts";
import { compareSamples, formatComparisons } from "./comparison.ts";
import type { Comparison } from "./comparison.ts";
import { orUsageError, selectAmong } from "./contenders.ts";
import type { Selection } from "./contenders.ts";
import { createEngine } from "./engine-contender.ts";
import type { ExtprocCase, ExtprocCaseOptions, PlainPlan } from "./extproc-cases.ts";
import { findProblems } from "./extproc.ts";
import { runExtprocRounds } from "./extproc-rounds.ts";
import type { ExtprocSample } from "./extproc-rounds.ts";
import { openaiAnswers } from "./llm-answers.ts";
import { llmCases } from "./llm-cases.ts";
import { createTranslationPolicy } from "./llm-engine-policy.ts";
import { askedHost } from "./llm-policy.ts";
import { withLlmRig } from "./llm-rig.ts";
import { formatVerdicts, judgeTargets } from "./llm-targets.ts";
import type { Target, Verdict } from "./llm-targets.ts";
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
    rounds: { fallback: 9, min: 1, max: 1_000 },
    seconds: { fallback: 3, min: 1, max: 3_600 },
    "warm-up": { fallback: 4, min: 1, max: 3_600 },
    connections: { fallback: 16, min: 1, max: 10_000 },
    threads: { fallback: 1, min: 1, max: 64 },
  },
  texts: ["contender", "case", "json"],
  switches: [],
};

const peer = "grpc-go";
/** Of the engine's whole process, records included. */
const mostOverPeer = 1.8;
const resultFile = fileURLToPath(new URL("../results/llm-engine.json", import.meta.url));

/** The cases in the order of the report: those of `llm` with the same names, behind a plain Envoy. */
export const llmEngineCases: readonly ExtprocCase[] = [
  {
    name: "chat",
    title: "2 KB chat call and answer, both whole, translated by clrk",
    exchange: "whole-bodies",
    workload: (options) => chatPlan("chat", options),
  },
  {
    name: "chat-stream",
    title: "the same with an answer in 20 events, which is streamed",
    exchange: "whole-request",
    workload: (options) => chatPlan("chat-stream", options),
  },
];
const caseNames: readonly string[] = llmEngineCases.map(({ name }) => name);
const titles = new Map(llmEngineCases.map(({ name, title }): [string, string] => [name, title]));

/** What it has to show. */
export const llmEngineTargets: readonly Target[] = ["clrk", "clrk-bare"].map((contender) => ({
  name: `CPU of the server of ${contender} ÷ ${peer}`,
  case: "chat",
  bound: "at most",
  limit: mostOverPeer,
  unit: "×",
  measure(sampleOf) {
    const own = sampleOf(contender)?.cpuMicrosPerRequest.server;
    const other = sampleOf(peer)?.cpuMicrosPerRequest.server;
    return own === undefined || !other ? undefined : own / other;
  },
}));

/** Contents of the JSON file. */
export interface LlmEngineResults extends BenchResults {
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly Verdict[];
  /** What a server did not do although its request was answered, one sentence each */
  readonly problems: readonly string[];
  readonly samples: readonly ExtprocSample[];
}

/** All contenders in the order of the report; nothing is started or looked for. */
export function llmEngineContenders(
  environment: Readonly<Record<string, string | undefined>>,
): readonly ProcessorContender[] {
  return [
    createEngine("clrk", "translate"),
    createEngine("clrk-bare", "translate"),
    createGrpcGo(peerPaths(environment)),
    createNoProcessor(environment),
  ];
}

/** Runs the sub-command and prints its report. Rejects when a contender fails to start; UsageError for bad arguments. */
export async function runLlmEngine(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const cases = chooseNames("case", options.text("case"), caseNames);
  const all = llmEngineContenders(process.env);
  const names = options.text("contender")?.split(",") ?? all.map(({ name }) => name);
  const selection = await orUsageError(selectAmong(all, names));
  const samples = await measure(options, selection, cases);
  const results = describeResults(options, selection, samples);
  process.stdout.write(`\n${formatReport(results, titles)}\n`);
  process.stdout.write(`${formatComparisons(results.comparisons, peer)}\n`);
  process.stdout.write(formatVerdicts(results.verdicts));
  for (const problem of results.problems) process.stdout.write(`${problem}\n`);
  const isPart = options.text("case") !== undefined || options.text("contender") !== undefined;
  const json = options.text("json") ?? (isPart ? undefined : resultFile);
  if (json !== undefined) await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

function measure(
  options: ParsedOptions,
  { present }: Selection<ProcessorContender>,
  cases: readonly string[],
): Promise<ExtprocSample[]> {
  const policy = createTranslationPolicy();
  const common = {
    seconds: options.number("seconds"),
    connections: options.number("connections"),
  };
  const warmUpSeconds = options.number("warm-up");
  return withLlmRig(({ directory, upstreams }) =>
    runExtprocRounds({
      ...common,
      rounds: options.number("rounds"),
      warmUpSeconds,
      warmUp: {
        exchange: "whole-bodies",
        plan: { ...chatPlan("chat", common), warmUpMs: warmUpSeconds * 1_000, durationMs: 0 },
      },
      threads: options.number("threads"),
      cases: llmEngineCases.filter(({ name }) => cases.includes(name)),
      contenders: present,
      upstream: upstreams.plain,
      routes: policy.routes,
      paths: policy.paths,
      directory,
      place: async () => {},
      onSample: (sample) => process.stderr.write(`${formatProgress(sample)}\n`),
    }),
  );
}

function describeResults(
  options: ParsedOptions,
  { absent, present, versions }: Selection<ProcessorContender>,
  samples: readonly ExtprocSample[],
): LlmEngineResults {
  const contenderNames = present.map(({ name }) => name);
  return {
    machine: describeMachine(),
    versions: { node: process.versions.node, ...Object.fromEntries(versions) },
    options: Object.fromEntries(
      Object.keys(optionTable.numbers).map((name) => [name, options.number(name)]),
    ),
    absent: Object.fromEntries(absent),
    cases: summariseSamples(samples, caseNames, contenderNames),
    comparisons: compareSamples({
      cpu: "server",
      samples,
      caseNames,
      contenderNames,
      peer,
      baselines: new Map(caseNames.map((name) => [name, "none"])),
    }),
    verdicts: judgeTargets(llmEngineTargets, samples),
    problems: findProblems(samples),
    samples,
  };
}

/** What `llm` sends in a case of the same name; the agent's key is right for who is asked, wrong for who serves. */
function chatPlan(name: string, options: ExtprocCaseOptions): PlainPlan {
  const found = llmCases.find((benchCase) => benchCase.name === name);
  if (found === undefined) throw new Error(`Cannot send "${name}": llm has no such case`);
  const { header, value } = openaiAnswers.credential;
  return found.workload(options, { host: askedHost, headers: [`${header}: ${value}`] });
}
