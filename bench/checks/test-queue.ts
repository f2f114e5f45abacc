/**
 * Runs many test files: how many at once, and in which order. Long ones start first, so that none of them runs alone at
 * the end; outcomes come back in the order of the paths all the same.
 */
import { appendFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { runTestFile } from "./test-process.ts";
import type { FileOutcome, RunTestOptions } from "./test-process.ts";

/** How to run the files. */
export interface TestQueueOptions extends Omit<RunTestOptions, "path"> {
  /** Files at once */
  readonly jobs: number;
  /** Called after each file, with how many are done */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Those that take longest, the longest first; every other file may come in any order after them. One that is not there
 * any more does no harm, and a test says so.
 */
export const longFiles: readonly string[] = [
  "bench/e2e/readme.e2e.ts",
  "bench/e2e/attacks.e2e.ts",
  "bench/e2e/documents.e2e.ts",
  "bench/e2e/policy-rollout.e2e.ts",
  "bench/e2e/spend.e2e.ts",
  "bench/e2e/engine-failures.e2e.ts",
  "bench/e2e/compatibility.e2e.ts",
  "bench/e2e/chaos-resources.e2e.ts",
  "bench/e2e/telemetry.e2e.ts",
  "bench/e2e/policy-replay.e2e.ts",
  "bench/e2e/kubectl.e2e.ts",
  "bench/e2e/placeholder.e2e.ts",
  "bench/e2e/reconcilers.e2e.ts",
  "bench/e2e/open-connections.e2e.ts",
  "bench/e2e/examples.e2e.ts",
  "control/cli/commands/provider-test.test.ts",
  "bench/load/llm.test.ts",
  "bench/load/extproc-stand.test.ts",
  "bench/fuzz/fuzz-loop.test.ts",
  "control/cli/commands/get-stored.test.ts",
  "certs/strict-verifiers.test.ts",
  "control/cli/commands/dev.test.ts",
  "bench/load/llm-engine.test.ts",
  "bench/fuzz/corpus.test.ts",
];

/**
 * Files at once: `CLRK_TEST_JOBS`, or one more than there are processors, because most files wait for processes that they
 * started, or for time to pass.
 */
export function jobsFor(env: Readonly<Record<string, string | undefined>>): number {
  const asked = Number.parseInt(env["CLRK_TEST_JOBS"] ?? "", 10);
  return asked > 0 ? asked : availableParallelism() + 1;
}

/**
 * Runs all of them, each in a process of its own, and gives their outcomes in the order of `paths`; those that had not
 * begun when `signal` aborted are missing. Where the environment names a file as `CLRK_TEST_TIMES`, a line for each test
 * file is added to it: how long it took, in seconds, and its path.
 */
export async function runTestFiles(
  paths: readonly string[],
  options: TestQueueOptions,
): Promise<FileOutcome[]> {
  const { jobs, onProgress, ...settings } = options;
  const timesFile = settings.env["CLRK_TEST_TIMES"] ?? "";
  const outcomes: FileOutcome[] = [];
  const waiting = startOrder(paths);
  const worker = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      if (settings.signal?.aborted === true) return;
      const startedMs = performance.now();
      outcomes.push(await runTestFile({ ...settings, path }));
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      if (timesFile !== "") appendFileSync(timesFile, `${seconds} ${path}\n`);
      onProgress?.(outcomes.length, paths.length);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return outcomes.sort((a, b) => paths.indexOf(a.path) - paths.indexOf(b.path));
}

/** The paths with the long ones first. */
export function startOrder(paths: readonly string[]): string[] {
  const rank = (path: string) => {
    const place = longFiles.indexOf(path);
    return place === -1 ? longFiles.length : place;
  };
  return [...paths].sort((a, b) => rank(a) - rank(b));
}
