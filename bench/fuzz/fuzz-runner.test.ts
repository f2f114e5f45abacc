/** Tests of the watch over threads: inputs that never end are found and named. */
import t from "tap";
import type { RunOptions } from "./fuzz-runner.ts";
import { runTarget } from "./fuzz-runner.ts";

async function run(target: string, changes: Partial<RunOptions> = {}) {
  const findings: { readonly input: Buffer; readonly finding: string }[] = [];
  const outcome = await runTarget({
    module: new URL("./testdata/planted-bugs.ts", import.meta.url).href,
    target,
    seed: 1,
    corpus: [],
    budgetMs: 500,
    onFinding: (input, finding) => findings.push({ input, finding }),
    ...changes,
  });
  return { outcome, findings };
}

t.test("runTarget() finds an input that never ends", async (t) => {
  const { outcome, findings } = await run("endless", { endlessMs: 1_500, budgetMs: 3_000 });
  t.equal(outcome.kind, "searched");
  t.ok(findings.length >= 1);
  t.equal(findings[0]?.finding, "it does not end within 1500 ms");
  t.ok((findings[0]?.input.length ?? 0) > 4, "it is the input that does not end");
});

t.test("runTarget() tells what a thread found", async (t) => {
  const { findings } = await run("throws", { budgetMs: 1_500 });
  t.match(findings[0]?.finding, /^it throws TypeError/);
});

t.test("runTarget() says why a target cannot run", async (t) => {
  const { outcome } = await run("missing-tool");
  t.strictSame(outcome, {
    kind: "unavailable",
    reason: "Cannot start the tool: it is not there",
  });
});

t.test("runTarget() tells of a target that is not there", async (t) => {
  const { findings } = await run("nobody", { budgetMs: 1 });
  t.strictSame(findings, []);
});
