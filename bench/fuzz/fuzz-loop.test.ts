/** Tests of the search: bugs that were planted are found, named and shortened. */
import t from "tap";
import type { SearchOptions } from "./fuzz-loop.ts";
import { search } from "./fuzz-loop.ts";
import { targets } from "./testdata/planted-bugs.ts";

async function run(name: string, changes: Partial<SearchOptions> = {}) {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`No target ${name}`);
  const open = await target.open();
  const findings: { readonly input: Buffer; readonly finding: string }[] = [];
  const outcome = await search({
    target,
    open,
    seed: 1,
    corpus: [],
    budgetMs: 1_000,
    onFinding: (input, finding) => findings.push({ input, finding }),
    ...changes,
  });
  return { outcome, findings };
}

t.test("search() is guided to a bug that chance would not find", async (t) => {
  const { outcome, findings } = await run("deep", { budgetMs: 8_000 });
  t.strictSame(findings, [{ input: Buffer.from("bug!"), finding: "found" }]);
  t.ok(outcome.entries >= 3, "each letter was kept");
  t.ok(outcome.corpus.length >= 3 && outcome.corpus.length <= 6);
  t.ok(outcome.covered > 0);
});

t.test("search() begins with what was kept before", async (t) => {
  const { findings } = await run("deep", { corpus: [Buffer.from("bug!")], budgetMs: 50 });
  t.equal(findings.length, 1);
});

t.test("search() tells a throw once, with the shortest input and its place", async (t) => {
  const { findings } = await run("throws");
  t.equal(findings.length, 1);
  t.equal(findings[0]?.input.length, 5);
  t.match(findings[0]?.finding, /^it throws TypeError: It is 5 bytes long at .*planted-bugs\.ts/);
});

t.test("search() tells what takes too much time", async (t) => {
  const { findings } = await run("slow", { budgetMs: 3_000 });
  t.match(findings[0]?.finding, /^it takes more than 50 ms of CPU time/);
});

t.test("search() tells what takes too much memory", async (t) => {
  const { findings } = await run("greedy", { budgetMs: 3_000 });
  t.ok(findings.some(({ finding }) => /more than (?:64 MiB of memory|50 ms)/.test(finding)));
});

t.test("search() finds nothing where nothing is wrong, and says how much it tried", async (t) => {
  const { outcome, findings } = await run("right", { budgetMs: 200 });
  t.strictSame(findings, []);
  t.ok(outcome.executions > 100);
});
