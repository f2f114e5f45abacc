/** `npm run bench -- mitm`: measures all contenders and writes table, chart and JSON. */
import { fileURLToPath } from "node:url";
import { benchCases } from "./cases.ts";
import { drawChart } from "./chart.ts";
import { allContenders, orUsageError, selectContenders } from "./contenders.ts";
import type { Selection } from "./contenders.ts";
import { placeProcesses, planPlacement } from "./cpu-placement.ts";
import { describeMachine } from "./machine.ts";
import { chooseNames, parseOptions } from "./options.ts";
import type { OptionTable, ParsedOptions } from "./options.ts";
import { formatReport } from "./report.ts";
import type { BenchResults } from "./results.ts";
import { summariseSamples } from "./results.ts";
import { createRig } from "./rig.ts";
import { formatProgress, writeOut } from "./run-output.ts";
import { runRounds } from "./rounds.ts";
import type { RoundSample } from "./rounds.ts";

const optionTable: OptionTable = {
  numbers: {
    rounds: { fallback: 5, min: 1, max: 1_000 },
    seconds: { fallback: 5, min: 1, max: 3_600 },
    names: { fallback: 1_000, min: 1, max: 1_000_000 },
    connections: { fallback: 16, min: 1, max: 10_000 },
    clients: { fallback: 1, min: 1, max: 64 },
  },
  texts: ["contender", "case", "json", "svg"],
  switches: ["pin"],
};

const subject = "CPU time and latency per request of intercepting proxies";
const defaultChart = fileURLToPath(new URL("../results/mitm.svg", import.meta.url));
const caseNames: readonly string[] = benchCases.map((benchCase) => benchCase.name);
const titles = new Map<string, string>(benchCases.map(({ name, title }) => [name, title]));

/** Runs the sub-command and prints its report. Rejects when a contender fails to start; UsageError for bad arguments. */
export async function runMitm(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const cases = chooseNames("case", options.text("case"), caseNames);
  const selection = await orUsageError(
    selectContenders(allContenders(process.env), options.text("contender")?.split(",")),
  );
  const machine = describeMachine();
  const samples = await measure(options, selection, cases);
  const present = selection.present.map((contender) => contender.name);
  const results: BenchResults = {
    machine,
    versions: {
      node: process.versions.node,
      ...Object.fromEntries(selection.versions),
    },
    options: {
      ...Object.fromEntries(
        Object.keys(optionTable.numbers).map((name) => [name, options.number(name)]),
      ),
      pin: options.isOn("pin"),
    },
    absent: Object.fromEntries(selection.absent),
    cases: summariseSamples(samples, caseNames, present),
  };
  process.stdout.write(`\n${formatReport(results, titles)}`);
  await writeOut(options.text("svg") ?? defaultChart, drawChart(results, { titles, subject }));
  const json = options.text("json");
  if (json !== undefined) await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

async function measure(
  options: ParsedOptions,
  { present }: Selection,
  cases: readonly string[],
): Promise<RoundSample[]> {
  const machineCpus = navigator.hardwareConcurrency;
  const placement = options.isOn("pin") ? planPlacement(machineCpus) : undefined;
  const rig = await createRig();
  try {
    if (placement !== undefined) await placeProcesses([rig.upstream.pid], placement.rig);
    return await runRounds({
      rounds: options.number("rounds"),
      seconds: options.number("seconds"),
      names: options.number("names"),
      connections: options.number("connections"),
      clients: options.number("clients"),
      cases,
      contenders: present,
      upstream: rig.upstream,
      authority: rig.authority,
      directory: rig.directory,
      async place({ contender, clients }) {
        if (placement === undefined) return;
        await placeProcesses(contender, placement.contender);
        await placeProcesses(clients, placement.rig);
      },
      onSample: (sample) => process.stderr.write(`${formatProgress(sample)}\n`),
    });
  } finally {
    await rig.close();
  }
}
