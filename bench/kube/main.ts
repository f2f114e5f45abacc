/**
 * `npm run test:kube [-- PART…]`: what is compared with a real Kubernetes API server, one file after the other. Words are
 * parts of file names. The last line is `N passed, N failed`, with `, N skipped`; the exit code is 0 or 1.
 */
import { join } from "node:path";
import { summary } from "../checks/gate.ts";
import { listFiles, repositoryRoot } from "../checks/repository.ts";
import { runTestFile } from "../checks/test-process.ts";

/** Building the API server comes on top, the first time. */
const timeoutMs = 25 * 60_000;

async function main(words: readonly string[]): Promise<number> {
  const root = repositoryRoot();
  const paths = listFiles(root).filter(
    (path) =>
      path.startsWith("bench/kube/") &&
      path.endsWith(".kube.ts") &&
      (words.length === 0 || words.some((word) => path.includes(word))),
  );
  const env = { NODE_COMPILE_CACHE: join(root, "node_modules/.cache/clrk-tests"), ...process.env };
  let totals = { passed: 0, failed: 0, skipped: 0 };
  for (const path of paths) {
    const startedMs = performance.now();
    const { passed, failures, skips } = await runTestFile({ root, path, env, timeoutMs });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const counts = summary({ passed, failed: failures.length, skipped: skips.length });
    process.stdout.write(`${failures.length > 0 ? "✘" : "✔"} ${path}: ${counts} (${seconds} s)\n`);
    for (const { name, detail } of failures) {
      process.stdout.write(`  ✘ ${name}\n${detail.map((line) => `      ${line}\n`).join("")}`);
    }
    for (const { name, reason } of skips) process.stdout.write(`  skipped: ${name}: ${reason}\n`);
    totals = {
      passed: totals.passed + passed,
      failed: totals.failed + failures.length,
      skipped: totals.skipped + skips.length,
    };
  }
  if (paths.length === 0) {
    process.stdout.write(`No file of bench/kube has ${words.join(" or ")} in its name\n`);
    return 1;
  }
  process.stdout.write(`${summary(totals)}\n`);
  const mustRunAll = process.env["CLRK_REQUIRE_TOOLS"] === "1";
  return totals.failed > 0 || (mustRunAll && totals.skipped > 0) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
