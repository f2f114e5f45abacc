/** Import cycles, on bad samples and on this repository. */
import t from "tap";
import { checkCycles } from "./cycles.ts";
import { readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

function check(files: Record<string, string>): string[] {
  return checkCycles(Object.entries(files).map(([path, text]) => parseSource(path, text)));
}

t.test("checkCycles() reports a cycle once, whichever file comes first", (t) => {
  const cycle = {
    "x/c.ts": `import "./a.ts";`,
    "x/a.ts": `import "./b/b.ts";`,
    "x/b/b.ts": `import "../c.ts";`,
  };
  t.strictSame(check(cycle), ["x/a.ts → x/b/b.ts → x/c.ts → x/a.ts"]);
  t.end();
});

t.test("checkCycles() counts type imports", (t) => {
  const cycle = { "a.ts": `import type { B } from "./b.ts";`, "b.ts": `import "./a.ts";` };
  t.strictSame(check(cycle), ["a.ts → b.ts → a.ts"]);
  t.end();
});

t.test("checkCycles() reports a file that imports itself", (t) => {
  t.strictSame(check({ "a.ts": `import "./a.ts";` }), ["a.ts → a.ts"]);
  t.end();
});

t.test("checkCycles() reports two cycles through one file", (t) => {
  const cycles = check({
    "a.ts": `import "./b.ts"; import "./c.ts";`,
    "b.ts": `import "./a.ts";`,
    "c.ts": `import "./a.ts";`,
  });
  t.strictSame(cycles, ["a.ts → b.ts → a.ts", "a.ts → c.ts → a.ts"]);
  t.end();
});

t.test("checkCycles() accepts a diamond and packages", (t) => {
  const files = {
    "a.ts": `import "./b.ts"; import "./c.ts"; import "node:fs"; import "tap";`,
    "b.ts": `import "./d.ts";`,
    "c.ts": `import "./d.ts";`,
    "d.ts": "",
  };
  t.strictSame(check(files), []);
  t.end();
});

t.test("the repository has no import cycle", (t) => {
  t.strictSame(checkCycles(readSources(repositoryRoot())), []);
  t.end();
});
