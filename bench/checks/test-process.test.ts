/** Tests of running a test file: every way to end badly is a failure. */
import t from "tap";
import type { Test } from "tap";
import { runTestFile } from "./test-process.ts";
import type { FileOutcome, RunTestOptions } from "./test-process.ts";

const good = `console.log("ok 1 - a\\n1..1");`;

async function run(
  t: Test,
  text: string,
  more: Partial<RunTestOptions> = {},
): Promise<FileOutcome> {
  const root = t.testdir({ "package.json": `{ "type": "module" }`, "a.test.ts": text });
  return await runTestFile({
    root,
    path: "a.test.ts",
    env: { PATH: process.env["PATH"] },
    timeoutMs: 20_000,
    graceMs: 500,
    ...more,
  });
}

function names(outcome: FileOutcome): string[] {
  return outcome.failures.map((failure) => failure.name);
}

t.test("runTestFile() counts what a good file says", async (t) => {
  const outcome = await run(t, good);
  t.strictSame(outcome, { path: "a.test.ts", passed: 1, failures: [], skips: [], reports: [] });
});

t.test("runTestFile() runs a file that uses tap", async (t) => {
  const tap = JSON.stringify(import.meta.resolve("tap"));
  const outcome = await run(
    t,
    `import t from ${tap}; t.test("b", (t) => { t.equal(1, 2); t.ok(1); t.end(); });`,
  );
  t.strictSame(names(outcome), ["b > should be equal"]);
  t.equal(outcome.passed, 1);
});

const bad: { name: string; text: string; failures: (string | RegExp)[] }[] = [
  {
    name: "throws before it asserts",
    text: `throw new Error("Broken");`,
    failures: ["(whole file) exit code 1"],
  },
  { name: "does not parse", text: "const = 1;", failures: ["(whole file) exit code 1"] },
  {
    name: "fails after good asserts",
    text: `${good} process.exitCode = 3;`,
    failures: ["(whole file) exit code 3"],
  },
  { name: "asserts nothing", text: "", failures: ["(whole file) asserts nothing"] },
  {
    name: "is killed",
    text: `${good} process.kill(process.pid, "SIGKILL");`,
    failures: ["(whole file) ended by SIGKILL"],
  },
  {
    name: "ends before its plan",
    text: `console.log("ok 1 - a\\n1..2");`,
    failures: ["(whole file)"],
  },
];

for (const { name, text, failures } of bad) {
  t.test(`runTestFile() fails a file that ${name}`, async (t) => {
    t.strictSame(names(await run(t, text)), failures);
  });
}

t.test("runTestFile() shows the end of standard error of a file that crashes", async (t) => {
  const outcome = await run(t, `throw new Error("Broken on purpose");`);
  t.ok(outcome.failures[0]?.detail.includes("Error: Broken on purpose"));
});

t.test("runTestFile() stops a file that does not end", async (t) => {
  const outcome = await run(t, `${good} setInterval(() => {}, 1000);`, { timeoutMs: 500 });
  t.strictSame(names(outcome), ["(whole file) no end within 1 s"]);
  t.equal(outcome.passed, 1);
});

t.test("runTestFile() stops and names what a file leaves running", async (t) => {
  const leak = `import { spawn } from "node:child_process";
    spawn("sleep", ["60"], { stdio: "ignore" }).unref();`;
  t.strictSame(names(await run(t, `${leak} ${good}`)), ["(whole file) leaves running: sleep"]);
});

t.test("runTestFile() does not wait for a left process that holds the output", async (t) => {
  const leak = `import { spawn } from "node:child_process";
    spawn("sleep", ["60"], { stdio: "inherit" }).unref();`;
  t.strictSame(names(await run(t, `${leak} ${good}`)), ["(whole file) leaves running: sleep"]);
});

t.test("runTestFile() ends with its signal", async (t) => {
  const signal = AbortSignal.timeout(300);
  const outcome = await run(t, `${good} setInterval(() => {}, 1000);`, { signal });
  t.strictSame(names(outcome), ["(whole file) was interrupted"]);
});

t.test("runTestFile() gives tap less time than it has itself", async (t) => {
  const text = `console.log(process.env["TAP_TIMEOUT"] === "20" ? "ok 1 - a" : "not ok 1 - a"); console.log("1..1");`;
  t.equal((await run(t, text)).passed, 1);
});
