/** Tests of running programs that print secrets: real ones, which misbehave in the ways that programs do. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { systemClock } from "../clock.ts";
import { eventually } from "../testdata/envoy-rig.ts";
import { runSecretCommand } from "./run-command.ts";
import type { CommandOptions } from "./run-command.ts";

function run(command: readonly string[], options: Partial<CommandOptions> = {}) {
  return runSecretCommand({
    command,
    env: { PATH: process.env["PATH"], GREETING: "hello from outside" },
    clock: systemClock,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...options,
  });
}

const shell = (script: string) => ["/bin/sh", "-c", script];

t.test("runSecretCommand() gives what a program printed, with arguments as they are", async (t) => {
  const outcome = await run(["printf", "%s", "$HOME; 'x' | y"]);
  t.same(outcome, { kind: "printed", output: Buffer.from("$HOME; 'x' | y") });
});

t.test("runSecretCommand() passes the environment on, and gives no input", async (t) => {
  t.same(await run(shell('printf "%s" "$GREETING"; cat')), {
    kind: "printed",
    output: Buffer.from("hello from outside"),
  });
});

const failures = [
  { name: "an exit status", command: shell("echo hidden >&2; exit 3"), message: "exit status 3" },
  { name: "a signal", command: shell("kill -TERM $$"), message: "ended by SIGTERM" },
  { name: "no such program", command: ["/nowhere/hidden", "hidden"], message: "no such program" },
  {
    name: "a file that is no program",
    command: [import.meta.filename, "hidden"],
    message: "not executable for the user of this process",
  },
  {
    name: "a name with a NUL",
    command: ["hidden\0"],
    message: "it cannot be started (ERR_INVALID_ARG_VALUE)",
  },
  {
    name: "too much output",
    command: shell("yes hidden"),
    message: "more than 65536 bytes of output",
  },
];
for (const { name, command, message } of failures) {
  t.test(`runSecretCommand() says of ${name} nothing that the program wrote`, async (t) => {
    t.same(await run(command), { kind: "failed", message });
  });
}

t.test("runSecretCommand() takes 64 KiB of output", async (t) => {
  const outcome = await run(shell("head -c 65536 /dev/zero"));
  t.equal(outcome.kind === "printed" && outcome.output.length, 65_536);
});

t.test("runSecretCommand() kills the whole process group at the timeout", async (t) => {
  const directory = t.testdir({});
  const [child, leader] = [join(directory, "child"), join(directory, "leader")];
  const script = `echo $$ > ${leader}; sleep 60 & echo $! > ${child}; echo hidden; wait`;
  const outcome = await run(shell(script), { timeoutMs: 500 });
  t.same(outcome, { kind: "failed", message: "no end within 0.5 s" });
  for (const file of [child, leader]) {
    const pid = Number(readFileSync(file, "utf8"));
    await eventually(() => !isRunning(pid));
  }
});

t.test("runSecretCommand() does not wait for a process that left the group", async (t) => {
  const file = join(t.testdir({}), "pid");
  const script = `setsid /bin/sh -c 'echo $$ > ${file}; exec sleep 60' & exec sleep 60`;
  const outcome = await run(shell(script), { timeoutMs: 1_000 });
  t.match(outcome, { kind: "failed", message: "no end within 1 s" });
  t.teardown(() => {
    if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
  });
});

t.test("runSecretCommand() stops when it is told to", async (t) => {
  const stopping = new AbortController();
  const outcome = run(["sleep", "60"], { signal: stopping.signal });
  stopping.abort();
  t.same(await outcome, { kind: "failed", message: "it was stopped" });
  t.same(await run(["true"], { signal: stopping.signal }), {
    kind: "failed",
    message: "it was stopped",
  });
});

/** A zombie that nobody waits for counts as ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
