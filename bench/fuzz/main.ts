/**
 * `npm run fuzz`: gives each target its share of the time, one after the other, prints what it comes to, and keeps what
 * it learned in `corpus/`. Exit code 1 when anything was found or could not run, 2 for a wrong command line.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { writeFinding } from "./finding-file.ts";
import type { WrittenFinding } from "./finding-file.ts";
import { tryInput } from "./fuzz-loop.ts";
import { parseFuzzOptions } from "./fuzz-options.ts";
import type { FuzzOptions } from "./fuzz-options.ts";
import { runTarget } from "./fuzz-runner.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { targets } from "./targets.ts";

interface TargetReport {
  readonly target: string;
  readonly seconds: number;
  readonly executions: number;
  readonly executionsPerSecond: number;
  readonly newEntries: number;
  readonly coveredCharacters: number;
  readonly corpus: number;
  readonly findings: readonly WrittenFinding[];
  /** Why it did not run */
  readonly unavailable?: string;
}

async function main(): Promise<number> {
  let options: FuzzOptions;
  try {
    options = parseFuzzOptions(process.argv.slice(2));
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
  const unknown = options.targets.filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = targets.map(({ name }) => name).join(", ");
    return complain(`Cannot fuzz "${unknown.join(" ")}": known targets are ${known}`);
  }
  const chosen = targets.filter(
    ({ name }) => options.targets.length === 0 || options.targets.includes(name),
  );
  const [first] = chosen;
  if (options.replay !== undefined && first !== undefined) return replay(first, options.replay);
  const budgetMs = (options.minutes * 60_000) / chosen.length;
  const reports: TargetReport[] = [];
  for (const target of chosen) reports.push(await fuzz(target, budgetMs, options));
  return finish(reports, options);
}

function complain(sentence: string): number {
  process.stderr.write(`${sentence}\n`);
  return 2;
}

async function replay(target: FuzzTarget, file: string): Promise<number> {
  const open = await target.open();
  const finding = await tryInput(open, readFileSync(resolve(file)));
  await open.close?.();
  process.stdout.write(`${target.name}: ${finding ?? "all that must hold does"}\n`);
  return finding === undefined ? 0 : 1;
}

async function fuzz(
  target: FuzzTarget,
  budgetMs: number,
  options: FuzzOptions,
): Promise<TargetReport> {
  const { name } = target;
  const before = readCorpus(name);
  const startMs = performance.now();
  const findings: WrittenFinding[] = [];
  const outcome = await runTarget({
    module: new URL("./targets.ts", import.meta.url).href,
    target: name,
    seed: options.seed,
    corpus: [...before.values()],
    budgetMs,
    onFinding: (input, finding) => {
      const written = writeFinding({ target: name, finding, seed: options.seed }, input);
      findings.push(written);
      process.stdout.write(`  ✘ ${name}: ${finding}\n      ${written.command}\n`);
    },
  });
  const seconds = (performance.now() - startMs) / 1_000;
  if (outcome.kind === "unavailable") {
    process.stdout.write(`- ${name.padEnd(18)} left out: ${outcome.reason}\n`);
    return { ...emptyReport(name), unavailable: outcome.reason };
  }
  const { executions, entries, covered, corpus } = outcome;
  if (corpus.length > 0 && !options.isCorpusFixed) writeCorpus(name, corpus);
  const report: TargetReport = {
    target: name,
    seconds,
    executions,
    executionsPerSecond: Math.round(executions / seconds),
    newEntries: entries,
    coveredCharacters: covered,
    corpus: readCorpus(name).size,
    findings,
  };
  process.stdout.write(`${describe(report)}\n`);
  return report;
}

function emptyReport(target: string): TargetReport {
  const none = { seconds: 0, executions: 0, executionsPerSecond: 0, newEntries: 0 };
  return { target, ...none, coveredCharacters: 0, corpus: 0, findings: [] };
}

function describe(report: TargetReport): string {
  const { target, seconds, executions, executionsPerSecond, newEntries, corpus } = report;
  const mark = report.findings.length === 0 ? "✔" : "✘";
  return [
    `${mark} ${target.padEnd(18)} ${seconds.toFixed(0).padStart(5)} s`,
    `${executions.toLocaleString("en").padStart(12)} inputs`,
    `${executionsPerSecond.toLocaleString("en").padStart(8)}/s`,
    `${newEntries} new, ${corpus} kept, ${report.coveredCharacters} characters of code`,
    ...(report.findings.length === 0 ? [] : [`${report.findings.length} findings`]),
  ].join("  ");
}

function finish(reports: readonly TargetReport[], { json, seed, minutes }: FuzzOptions): number {
  const findings = reports.flatMap((report) => report.findings);
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ seed, minutes, targets: reports }, null, 2)}\n`);
  }
  const inputs = reports.reduce((sum, { executions }) => sum + executions, 0);
  const missing = reports.filter(({ unavailable }) => unavailable !== undefined).length;
  process.stdout.write(
    `${inputs.toLocaleString("en")} inputs, ${findings.length} findings` +
      `${missing > 0 ? `, ${missing} targets left out` : ""}\n`,
  );
  return findings.length > 0 || missing > 0 ? 1 : 0;
}

process.exitCode = await main();
