/** Tests of the gate's stages on small made-up repositories. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { repositoryRoot } from "./repository.ts";
import { findTests, prepareEnvoy, runStage } from "./stages.ts";
import type { StageName, StageOptions } from "./stages.ts";

const good = `console.log("ok 1 - a\\n1..1");`;
const skipped = `console.log("ok 1 - b # SKIP needs go\\nok 2 - c # SKIP slow\\n1..2");`;

function stage(
  t: Test,
  name: StageName,
  tree: Parameters<Test["testdir"]>[0],
  more: Partial<StageOptions> = {},
) {
  const root = t.testdir({ "package.json": `{ "type": "module" }`, ...Object(tree) });
  symlinkSync(join(repositoryRoot(), "node_modules"), join(root, "node_modules"));
  return runStage(name, { root, env: process.env, filters: [], ...more });
}

/** The environment without what the gate that runs this test may have set. */
const lenient = { ...process.env, CLRK_REQUIRE_TOOLS: undefined };

t.test("runStage() adds up the files of a stage, in order", async (t) => {
  const tree = {
    gateway: { "b.test.ts": skipped, "a.test.ts": good, "c.test.ts": "throw 1;" },
    bench: { checks: { "d.test.ts": good } },
  };
  const done: string[] = [];
  const onProgress = (count: number, total: number) => done.push(`${count}/${total}`);
  const outcome = await stage(t, "unit", tree, { env: lenient, onProgress });
  t.equal(outcome.passed, 1);
  t.equal(outcome.files, 3);
  t.strictSame(done, ["1/3", "2/3", "3/3"]);
  t.strictSame(
    outcome.skips.map(({ path, reason }) => `${path}: ${reason}`),
    ["gateway/b.test.ts: needs go", "gateway/b.test.ts: slow"],
  );
  t.strictSame(
    outcome.failures.map(({ path, name }) => `${path}: ${name}`),
    ["gateway/c.test.ts: (whole file) exit code 1"],
  );
});

t.test("runStage() fails a missing tool where all are promised, and no other skip", async (t) => {
  const env = { ...process.env, CLRK_REQUIRE_TOOLS: "1" };
  const outcome = await stage(t, "unit", { gateway: { "b.test.ts": skipped } }, { env });
  t.strictSame(
    outcome.failures.map(({ name, detail }) => [name, ...detail]),
    [["b", "left out: needs go, although CLRK_REQUIRE_TOOLS=1 promises every tool"]],
  );
  t.strictSame(outcome.skips, [{ path: "gateway/b.test.ts", name: "c", reason: "slow" }]);
});

t.test("runStage() of lint passes once, or fails with what the linter says", async (t) => {
  const config = {
    "biome.json": `{ "formatter": { "enabled": false }, "files": { "includes": ["*.js"] } }`,
    "good.js": "export {};",
  };
  t.match(await stage(t, "lint", config), { passed: 1, failures: [] });
  const outcome = await stage(t, "lint", { ...config, "a.js": "debugger" });
  t.equal(outcome.passed, 0);
  t.equal(outcome.failures.length, 1);
  t.match(outcome.failures[0]?.detail.join("\n"), /a\.js/);
});

t.test("runStage() of types passes once, or fails with what the compiler says", async (t) => {
  const config = {
    "tsconfig.json": `{ "compilerOptions": { "strict": true, "types": [] }, "include": ["*.ts"] }`,
  };
  t.match(await stage(t, "types", { ...config, "a.ts": "export const a: number = 1;" }), {
    passed: 1,
    failures: [],
  });
  const outcome = await stage(t, "types", { ...config, "a.ts": `export const a: number = "x";` });
  t.match(outcome.failures[0]?.detail.join("\n"), /a\.ts\(1,14\): error TS2322/);
});

t.test("runStage() starts nothing once it is interrupted", async (t) => {
  const outcome = await stage(t, "unit", { "a.test.ts": good }, { signal: AbortSignal.abort() });
  t.match(outcome, { passed: 0, files: 0, failures: [] });
});

t.test("findTests() divides the test files among the stages", (t) => {
  const root = t.testdir({
    certs: { "a.test.ts": "", "a.ts": "", testdata: { "b.test.ts": "" } },
    bench: {
      checks: { "c.test.ts": "" },
      harness: { "d.test.ts": "" },
      e2e: { "e.e2e.ts": "", "f.test.ts": "" },
    },
  });
  const find = (name: StageName, filters: string[] = []) => findTests(name, { root, filters });
  t.strictSame(find("unit"), ["bench/e2e/f.test.ts", "bench/harness/d.test.ts", "certs/a.test.ts"]);
  t.strictSame(find("checks"), ["bench/checks/c.test.ts"]);
  t.strictSame(find("e2e"), ["bench/e2e/e.e2e.ts"]);
  t.strictSame(find("lint"), []);
  t.strictSame(find("unit", ["certs/", "harness"]), ["bench/harness/d.test.ts", "certs/a.test.ts"]);
  t.end();
});

t.test(
  "prepareEnvoy() skips, or fails where all tools are promised, without an Envoy",
  async (t) => {
    const env = { CLRK_ENVOY: "/nowhere/envoy" };
    const wanted = { name: /^Cannot use CLRK_ENVOY "\/nowhere\/envoy": it does not run/ };
    t.match((await prepareEnvoy(env)).outcome, { skips: [wanted], failures: [] });
    const strict = await prepareEnvoy({ ...env, CLRK_REQUIRE_TOOLS: "1" });
    t.match(strict.outcome, { skips: [], failures: [wanted] });
  },
);
