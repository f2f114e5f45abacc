/**
 * The stages of the gate: what each runs and what it came to. A stage never throws for what it finds.
 * Every stage gives the same outcome, so that the gate only adds up and prints.
 */
import { join } from "node:path";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import { runProgram } from "../../gateway/run-program.ts";
import { listFiles } from "./repository.ts";
import type { Failure, Skip } from "./tap-outcome.ts";
import type { FileOutcome } from "./test-process.ts";
import { jobsFor, runTestFiles } from "./test-queue.ts";

/** Names by which a stage is asked for, in the order in which they run. */
export const stageNames = ["lint", "types", "unit", "checks", "e2e"] as const;

/** One of the stages. */
export type StageName = (typeof stageNames)[number];

/** Where and how stages run. */
export interface StageOptions {
  readonly root: string;
  /** Environment of everything that is run */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Only test files whose path contains one of these; all when empty */
  readonly filters: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Called while test files run, with how many are done */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Findings of one stage, under the file they belong to. */
export interface StageOutcome {
  readonly passed: number;
  readonly failures: readonly (Failure & { readonly path: string })[];
  readonly skips: readonly (Skip & { readonly path: string })[];
  readonly reports: readonly string[];
  /** Test files that were run */
  readonly files: number;
}

const unitTimeoutMs = 120_000;
const e2eTimeoutMs = 300_000;
const toolTimeoutMs = 300_000;

/** Runs one stage to its end. */
export async function runStage(name: StageName, options: StageOptions): Promise<StageOutcome> {
  if (name === "lint") return runTool(["biome", "check", "--error-on-warnings", "."], options);
  if (name === "types") return runTool(["tsc", "--noEmit", "--pretty", "false"], options);
  const paths = findTests(name, options);
  const isE2e = name === "e2e";
  const outcomes = await runTestFiles(paths, {
    ...options,
    timeoutMs: isE2e ? e2eTimeoutMs : unitTimeoutMs,
    jobs: jobsFor(options.env),
  });
  return applyToolRule(merge(outcomes), options.env);
}

/** Paths of a test stage that pass the filters. */
export function findTests(
  name: StageName,
  options: Pick<StageOptions, "root" | "filters">,
): string[] {
  const belongs = {
    lint: () => false,
    types: () => false,
    unit: (path: string) => path.endsWith(".test.ts") && !path.startsWith("bench/checks/"),
    checks: (path: string) => path.endsWith(".test.ts") && path.startsWith("bench/checks/"),
    e2e: (path: string) => path.startsWith("bench/e2e/") && path.endsWith(".e2e.ts"),
  }[name];
  const { root, filters } = options;
  return listFiles(root).filter((path) => {
    const isWanted = filters.length === 0 || filters.some((filter) => path.includes(filter));
    return isWanted && belongs(path) && !path.split("/").includes("testdata");
  });
}

/**
 * Finds Envoy once, so that tests that run at the same time do not each look for it or install it.
 * Gives the environment with `CLRK_ENVOY` set, and a skip where there is no Envoy: tests then leave out what needs it.
 */
export async function prepareEnvoy(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ env: Record<string, string | undefined>; message: string; outcome: StageOutcome }> {
  const found = await findEnvoy({ env });
  const empty = merge([]);
  if (found.kind === "found") {
    const message = `${found.version} from ${found.source}`;
    return { env: { ...env, CLRK_ENVOY: found.path }, message, outcome: empty };
  }
  const [reason = ""] = found.message.split("\nProvide", 1);
  const skip = { path: "envoy", name: reason, reason: "needs envoy" };
  const outcome = applyToolRule({ ...empty, skips: [skip] }, env);
  return { env: { ...env }, message: "none", outcome };
}

async function runTool(words: readonly string[], options: StageOptions): Promise<StageOutcome> {
  const [name = "", ...rest] = words;
  const file = join(options.root, "node_modules/.bin", name);
  const { root, env, signal } = options;
  const settings = { cwd: root, env, signal, timeoutMs: toolTimeoutMs };
  const outcome = await runProgram(file, rest, settings);
  const empty = merge([]);
  if (outcome.kind === "exited" && outcome.code === 0) return { ...empty, passed: 1 };
  const output = outcome.kind === "exited" ? `${outcome.stdout}${outcome.stderr}` : outcome.message;
  const detail = output.split("\n").filter((line) => line.trim() !== "");
  return { ...empty, failures: [{ path: words.join(" "), name: "found problems", detail }] };
}

function merge(outcomes: readonly FileOutcome[]): StageOutcome {
  return {
    passed: outcomes.reduce((total, outcome) => total + outcome.passed, 0),
    failures: outcomes.flatMap(({ path, failures }) => failures.map((one) => ({ ...one, path }))),
    skips: outcomes.flatMap(({ path, skips }) => skips.map((one) => ({ ...one, path }))),
    reports: outcomes.flatMap((outcome) => outcome.reports),
    files: outcomes.length,
  };
}

/** Where all tools must be there (`CLRK_REQUIRE_TOOLS=1`), leaving out a test for want of one is a failure. */
function applyToolRule(outcome: StageOutcome, env: StageOptions["env"]): StageOutcome {
  if (env["CLRK_REQUIRE_TOOLS"] !== "1") return outcome;
  const isMissing = (skip: Skip) => /^needs\b/i.test(skip.reason);
  const missing = outcome.skips.filter(isMissing).map((skip) => ({
    path: skip.path,
    name: skip.name,
    detail: [`left out: ${skip.reason}, although CLRK_REQUIRE_TOOLS=1 promises every tool`],
  }));
  return {
    ...outcome,
    failures: [...outcome.failures, ...missing],
    skips: outcome.skips.filter((skip) => !isMissing(skip)),
  };
}
