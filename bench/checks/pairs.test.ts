/** Source files and their own tests, on samples and on this repository. */
import t from "tap";
import { measurePairs } from "./pairs.ts";
import { readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

/** Far below what the tree has, so that one file under way breaks nothing and a habit of none does. */
const leastPercent = 70;

const code = "export function a() {}";

function measure(files: Record<string, string>) {
  return measurePairs(Object.entries(files).map(([path, text]) => parseSource(path, text)));
}

t.test("measurePairs() names the files without their own test", (t) => {
  const files = { "x/a.ts": code, "x/a.test.ts": "", "x/b.ts": code, "y/b.test.ts": "" };
  t.strictSame(measure(files), { total: 2, lonely: ["x/b.ts"], percent: 50 });
  t.end();
});

t.test("measurePairs() exempts roots, types, examples and the harness", (t) => {
  const files = {
    "gateway/main.ts": code,
    "x/types-of-it.ts": `import type { A } from "./a.ts"; export interface B { readonly a: A }`,
    "examples/a/agent.ts": code,
    "bench/harness/envoy.ts": code,
    "bench/e2e/a.e2e.ts": code,
  };
  t.strictSame(measure(files), { total: 0, lonely: [], percent: 100 });
  t.end();
});

t.test(`at least ${leastPercent} % of the repository's files have their own test`, (t) => {
  const { percent, total, lonely } = measurePairs(readSources(repositoryRoot()));
  t.comment(`report: ${percent} % of ${total} files have their own test`);
  t.ok(percent >= leastPercent, `${percent} % have one`, { lonely });
  t.end();
});
