/**
 * The one gate, `npm test`: format and lint, types, unit tests, checks on the repository, end-to-end tests.
 * Words after `npm test --` choose: `lint types unit checks e2e` are stages, any other word is part of a test's path.
 * The last line is always `N passed, N failed`, with `, N skipped` where something was; the exit code is 0 or 1.
 */
import { styleText } from "node:util";
import { repositoryRoot } from "./repository.ts";
import { prepareEnvoy, runStage, stageNames } from "./stages.ts";
import type { StageName, StageOptions, StageOutcome } from "./stages.ts";

/** Where the gate runs and where it writes. */
export interface GateOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stages and parts of paths, as on the command line */
  readonly words: readonly string[];
  readonly write: (text: string) => void;
  /** Overwrite a line while tests run, and use colours */
  readonly isTerminal: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Sums over all stages. */
export interface GateTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const titles: Record<StageName | "envoy", string> = {
  lint: "format and lint",
  types: "types",
  envoy: "envoy",
  unit: "unit tests",
  checks: "repository",
  e2e: "end to end",
};

/** Runs the chosen stages one after the other, all of them even when one fails, and writes as it goes. */
export async function runGate(options: GateOptions): Promise<GateTotals> {
  const { stages, filters } = choose(options.words);
  let env = testEnvironment(options.env, options.root);
  let totals: GateTotals = { passed: 0, failed: 0, skipped: 0 };
  let files = 0;
  const finish = (name: StageName | "envoy", outcome: StageOutcome, note: Note) => {
    writeStage(name, outcome, { ...note, ...options });
    totals = add(totals, outcome);
    files += outcome.files;
  };
  for (const name of stages) {
    if (options.signal?.aborted === true) break;
    if (name === "unit" || (name === "e2e" && !stages.includes("unit"))) {
      const startedMs = performance.now();
      const envoy = await prepareEnvoy(env);
      env = envoy.env;
      finish("envoy", envoy.outcome, { startedMs, text: envoy.message });
    }
    const startedMs = performance.now();
    const onProgress = progressLine(name, options);
    finish(name, await runStage(name, { ...options, env, filters, onProgress }), { startedMs });
  }
  if (filters.length > 0 && files === 0) {
    options.write(
      `No test file has ${filters.map((one) => `"${one}"`).join(" or ")} in its path\n`,
    );
    totals = { ...totals, failed: totals.failed + 1 };
  }
  options.write(`${summary(totals)}\n`);
  return totals;
}

/** The closing line. */
export function summary({ passed, failed, skipped }: GateTotals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Splits the words of the command line; parts of paths alone choose the stages that have test files. */
export function choose(words: readonly string[]): { stages: StageName[]; filters: string[] } {
  const named = stageNames.filter((name) => words.includes(name));
  const filters = words.filter((word) => !stageNames.some((name) => name === word));
  const withFiles: StageName[] = ["unit", "checks", "e2e"];
  if (named.length > 0) return { stages: named, filters };
  return { stages: filters.length > 0 ? withFiles : [...stageNames], filters };
}

/** Compiled code is kept between runs: it saves a tenth of a second for each test file. */
function testEnvironment(
  env: GateOptions["env"],
  root: string,
): Record<string, string | undefined> {
  return { NODE_COMPILE_CACHE: `${root}/node_modules/.cache/clrk-tests`, ...env };
}

interface Note {
  readonly startedMs: number;
  /** What the line says instead of counts */
  readonly text?: string;
}

type Writing = Note & Pick<GateOptions, "write" | "isTerminal">;

function writeStage(name: StageName | "envoy", outcome: StageOutcome, writing: Writing): void {
  const { write, isTerminal, startedMs, text } = writing;
  const failed = outcome.failures.length > 0;
  const mark = failed ? paint("red", "✘", isTerminal) : paint("green", "✔", isTerminal);
  const seconds = `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  const counts = text ?? describeCounts(outcome);
  const line = `${titles[name].padEnd(16)} ${counts.padEnd(50)} ${seconds.padStart(8)}`;
  write(`${isTerminal ? "\r\u001b[K" : ""}${mark} ${line}\n`);
  for (const report of outcome.reports) write(`    ${report}\n`);
  for (const [reason, count] of countReasons(outcome)) write(`    skipped: ${count} × ${reason}\n`);
  writeFailures(outcome, writing);
}

function describeCounts({ passed, failures, skips, files }: StageOutcome): string {
  const parts = [`${passed} passed`];
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  if (skips.length > 0) parts.push(`${skips.length} skipped`);
  if (files > 0) parts.push(`${files} ${files === 1 ? "file" : "files"}`);
  return parts.join(", ");
}

function countReasons({ skips }: StageOutcome): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of skips) {
    const text = reason === "" ? "no reason given" : reason;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

function writeFailures({ failures }: StageOutcome, { write, isTerminal }: Writing): void {
  let current = "";
  for (const { path, name, detail } of failures) {
    if (path !== current) write(`\n  ${paint("bold", path, isTerminal)}\n`);
    current = path;
    write(`  ${paint("red", "✘", isTerminal)} ${name}\n`);
    for (const line of detail) write(`      ${line}\n`);
  }
  if (failures.length > 0) write("\n");
}

function progressLine(name: StageName, options: GateOptions): StageOptions["onProgress"] {
  if (!options.isTerminal) return undefined;
  return (done, total) => options.write(`\r  ${titles[name].padEnd(16)} ${done} of ${total} files`);
}

function paint(style: "red" | "green" | "bold", text: string, isTerminal: boolean): string {
  return isTerminal ? styleText(style, text) : text;
}

function add(totals: GateTotals, outcome: StageOutcome): GateTotals {
  return {
    passed: totals.passed + outcome.passed,
    failed: totals.failed + outcome.failures.length,
    skipped: totals.skipped + outcome.skips.length,
  };
}

async function main(): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => interrupted.abort());
  }
  const totals = await runGate({
    root: repositoryRoot(),
    env: process.env,
    words: process.argv.slice(2),
    write: (text) => process.stdout.write(text),
    isTerminal: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    signal: interrupted.signal,
  });
  process.exitCode = totals.failed > 0 || interrupted.signal.aborted ? 1 : 0;
}

if (import.meta.main) await main();
