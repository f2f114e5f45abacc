/** Tests of the gate: what it prints, what it counts, how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { choose, runGate, summary } from "./gate.ts";
import { repositoryRoot } from "./repository.ts";

const env = { ...process.env, CLRK_ENVOY: "/nowhere/envoy", CLRK_REQUIRE_TOOLS: undefined };
const tree = {
  "package.json": `{ "type": "module" }`,
  "a.test.ts": `console.log("# report: 7 things\\nok 1 - a\\nok 2 - b # SKIP needs go\\n1..2");`,
  "b.test.ts": `console.log("not ok 1 - c\\n  ---\\n  diff: x\\n  ...\\n1..1"); process.exitCode = 1;`,
  bench: { e2e: { "d.e2e.ts": `console.log("ok 1 - d\\n1..1");` } },
};

async function gate(t: Test, words: string[], isTerminal = false) {
  const root = t.testdir(tree);
  symlinkSync(join(repositoryRoot(), "node_modules"), join(root, "node_modules"));
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const totals = await runGate({ root, env, words, write, isTerminal });
  return { totals, text, lines: text.trimEnd().split("\n") };
}

t.test(
  "runGate() prints a line for each stage, details of failures, and the sum last",
  async (t) => {
    const { lines, totals } = await gate(t, ["unit", "e2e"]);
    const timeless = lines.map((line) => line.replace(/ +\d+\.\d s$/, ""));
    t.strictSame(timeless, [
      "✔ envoy            none",
      "    skipped: 1 × needs envoy",
      "✘ unit tests       1 passed, 1 failed, 1 skipped, 2 files",
      "    7 things",
      "    skipped: 1 × needs go",
      "",
      "  b.test.ts",
      "  ✘ c",
      "      diff: x",
      "",
      "✔ end to end       1 passed, 1 file",
      "2 passed, 1 failed, 2 skipped",
    ]);
    t.ok(lines.every((line) => line.length <= 80));
    t.strictSame(totals, { passed: 2, failed: 1, skipped: 2 });
  },
);

t.test("runGate() runs only the files that are asked for", async (t) => {
  t.equal((await gate(t, ["unit", "a.test"])).lines.at(-1), "1 passed, 0 failed, 2 skipped");
});

t.test("runGate() fails when no test file is what was asked for", async (t) => {
  const { lines } = await gate(t, ["nothing-like-it"]);
  t.strictSame(lines.slice(-2), [
    `No test file has "nothing-like-it" in its path`,
    "0 passed, 1 failed, 1 skipped",
  ]);
});

t.test("runGate() shows progress on a terminal only", async (t) => {
  t.match((await gate(t, ["unit"], true)).text, "\r  unit tests       1 of 2 files");
  t.notMatch((await gate(t, ["unit"])).text, "\r");
});

const sums: { totals: [number, number, number]; line: string }[] = [
  { totals: [0, 0, 0], line: "0 passed, 0 failed" },
  { totals: [12, 3, 0], line: "12 passed, 3 failed" },
  { totals: [12, 0, 4], line: "12 passed, 0 failed, 4 skipped" },
];

for (const { totals, line } of sums) {
  t.test(`summary() says "${line}"`, (t) => {
    const [passed, failed, skipped] = totals;
    t.equal(summary({ passed, failed, skipped }), line);
    t.end();
  });
}

const choices: { words: string[]; stages: string[]; filters: string[] }[] = [
  { words: [], stages: ["lint", "types", "unit", "checks", "e2e"], filters: [] },
  { words: ["e2e", "lint"], stages: ["lint", "e2e"], filters: [] },
  { words: ["certs"], stages: ["unit", "checks", "e2e"], filters: ["certs"] },
  { words: ["unit", "certs", "leaf"], stages: ["unit"], filters: ["certs", "leaf"] },
];

for (const { words, ...wanted } of choices) {
  t.test(`choose() for "${words.join(" ")}"`, (t) => {
    t.strictSame(choose(words), wanted);
    t.end();
  });
}

t.test("the gate ends with 1 and the closing line when something failed", async (t) => {
  const gatePath = join(repositoryRoot(), "bench/checks/gate.ts");
  const child = spawn(process.execPath, [gatePath, "nothing-like-it"], { env });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, "close");
  t.equal(code, 1);
  t.match(text, /\n0 passed, 1 failed(?:, \d+ skipped)?\n$/);
});
