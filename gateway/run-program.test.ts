/** Tests of running a short program to its end. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runProgram } from "./run-program.ts";

const options = { env: { PATH: process.env["PATH"], MARK: "seen" }, timeoutMs: 20_000 };

function node(script: string, more: object = {}) {
  return runProgram(process.execPath, ["-e", script], { ...options, ...more });
}

t.test("runProgram() gives both outputs and the exit code", async (t) => {
  const outcome = await node(`console.log("out"); console.error("err"); process.exitCode = 3`);
  t.strictSame(outcome, { kind: "exited", code: 3, stdout: "out\n", stderr: "err\n" });
});

t.test("runProgram() passes the given environment and nothing else", async (t) => {
  const outcome = await node("console.log(process.env.MARK, process.env.HOME)");
  t.match(outcome, { kind: "exited", code: 0, stdout: "seen undefined\n" });
});

t.test("runProgram() runs in the given directory", async (t) => {
  const cwd = t.testdir();
  t.match(await node("console.log(process.cwd())", { cwd }), { stdout: `${cwd}\n` });
});

t.test("runProgram() closes standard input", async (t) => {
  const outcome = await node(`process.stdin.on("end", () => console.log("end")).resume()`);
  t.match(outcome, { kind: "exited", code: 0, stdout: "end\n" });
});

t.test("runProgram() says that a program is missing", async (t) => {
  const outcome = await runProgram("/nowhere/program", [], options);
  t.strictSame(outcome, { kind: "not-started", message: "spawn /nowhere/program ENOENT" });
});

t.test("runProgram() says that a file is not executable", async (t) => {
  const path = join(t.testdir(), "plain");
  writeFileSync(path, "text");
  t.match(await runProgram(path, [], options), { kind: "not-started", message: /EACCES/ });
});

t.test("runProgram() says that a path is impossible", async (t) => {
  t.match(await runProgram("a\0b", [], options), { kind: "not-started", message: /null bytes/ });
});

t.test("runProgram() kills a program that runs too long", async (t) => {
  const outcome = await node("setInterval(() => {}, 1000)", { timeoutMs: 300 });
  t.strictSame(outcome, { kind: "stopped", message: "no end within 300 ms" });
});

t.test("runProgram() names the signal that ended a program", async (t) => {
  const outcome = await node("process.kill(process.pid, 'SIGSEGV')");
  t.strictSame(outcome, { kind: "stopped", message: "ended by SIGSEGV" });
});

t.test("runProgram() kills a program that writes too much", async (t) => {
  const endless = `(function more() { process.stdout.write("x".repeat(65536), more); })()`;
  const outcome = await node(endless);
  t.match(outcome, { kind: "stopped", message: /maxBuffer/ });
});

t.test("runProgram() kills a program when the caller gives up", async (t) => {
  const outcome = await node("setInterval(() => {}, 1000)", { signal: AbortSignal.timeout(200) });
  t.match(outcome, { kind: "stopped", message: /aborted/ });
});
