/** The context of the real process, seen from outside: a closed pipe, colours, start-up. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createCliContext } from "./cli-context.ts";

const main = join(import.meta.dirname, "main.ts");

function start(words: readonly string[]) {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...words], {
    env: { PATH: process.env["PATH"] ?? "", CLRK_HOME: t.testdir() },
  });
}

t.test("createCliContext() finds the gateway process's script and the home", (t) => {
  const context = createCliContext(process);
  t.ok(existsSync(context.gatewayEntry));
  t.match(context.gatewayEntry, /\/gateway\/main\.ts$/);
  t.ok(existsSync(context.controlEntry));
  t.match(context.controlEntry, /\/control\/main\.ts$/);
  t.equal(context.workingDirectory, process.cwd());
  t.end();
});

t.test("onInterrupt() calls back until it is released", (t) => {
  const context = createCliContext(process);
  const before = process.listenerCount("SIGTERM");
  const reasons: string[] = [];
  const release = context.onInterrupt((reason) => reasons.push(reason));
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGHUP", "SIGHUP");
  release();
  t.equal(process.listenerCount("SIGTERM"), before);
  t.same(reasons, ["SIGTERM", "SIGHUP"]);
  t.end();
});

t.test("createCliContext() makes a closed pipe a quiet end", async (t) => {
  const child = start(["--help"]);
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, "close");
  t.equal(code, 0);
  t.equal(stderr, "");
});

t.test("createCliContext() lets main.ts run a command line to its exit code", async (t) => {
  const child = start(["status"]);
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  const [code] = await once(child, "close");
  t.equal(code, 1);
  t.equal(stdout, "No gateway is running\nStart one: clrk dev -f DIR\n");
});
