/** Tests that a program ends with whoever started it, by the kernel's help and by a shell's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { isRunning, temporaryDirectory, untilGone, writeScript } from "../testdata/processes.ts";
import { parentBoundCommand } from "./parent-bound-command.ts";

const noSetpriv = () => false;
const onlyLinux = { skip: process.platform === "linux" ? false : "only Linux has the signal" };

t.test(
  "parentBoundCommand() asks setpriv for the parent death signal where it is there",
  onlyLinux,
  async (t) => {
    const bound = parentBoundCommand("/opt/envoy", ["-c", "x"], (file) => file === "/bin/setpriv");
    t.same(bound, {
      command: "/bin/setpriv",
      args: ["--pdeathsig", "KILL", "--", "/opt/envoy", "-c", "x"],
    });
  },
);

t.test(
  "parentBoundCommand() falls back to a shell that gets program and arguments as they are",
  async (t) => {
    const { command, args } = parentBoundCommand("/opt/my envoy", ["-c", "a b", "$(x)"], noSetpriv);
    t.equal(command, "/bin/sh");
    t.equal(args[0], "-c");
    t.same(args.slice(2), ["/opt/my envoy", "-c", "a b", "$(x)"]);
  },
);

/** Starts a script behind the shell; the program's own process id is in `$DIR/pid`. */
async function startScript(t: Test, lines: readonly string[]) {
  const directory = await temporaryDirectory(t);
  const program = await writeScript(directory, ['echo "$$" > "$DIR/pid"', ...lines]);
  const { command, args } = parentBoundCommand(program, ["one", "two words"], noSetpriv);
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: {} });
  t.teardown(() => child.kill("SIGKILL"));
  const programPid = async () => {
    for (let round = 0; round < 1_000; round++) {
      const text = await readFile(path.join(directory, "pid"), "utf8").catch(() => "");
      if (text.endsWith("\n")) return Number(text);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("The program did not start");
  };
  /** The shell has started its watch, too, which it does behind the program. */
  const watched = async () => {
    const file = `/proc/${child.pid}/task/${child.pid}/children`;
    for (let round = 0; round < 1_000; round++) {
      const children = (await readFile(file, "utf8")).split(" ").filter(Boolean);
      if (children.length === 2) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("The shell does not watch");
  };
  return { child, programPid, watched };
}

t.test("the shell gives on exit status, arguments and output", async (t) => {
  const { child } = await startScript(t, ['echo "$1|$2"', "exit 7"]);
  const [[chunk], [code]] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
  t.equal(String(chunk), "one|two words\n");
  t.equal(code, 7);
});

t.test("the shell ends the program when our end of its standard input closes", async (t) => {
  const { child, programPid } = await startScript(t, [
    "trap '' TERM",
    "while :; do sleep 0.1; done",
  ]);
  const pid = await programPid();
  t.ok(await isRunning(pid));
  const exited = once(child, "exit");
  child.stdin.destroy();
  await untilGone(pid);
  await exited;
});

t.test("the shell hands on SIGTERM and waits for the program's own end", async (t) => {
  const { child, programPid } = await startScript(t, [
    "trap 'exit 5' TERM",
    "while :; do sleep 0.05; done",
  ]);
  const pid = await programPid();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await exited;
  t.equal(code, 5);
  t.notOk(await isRunning(pid));
});

t.test("the program ends when the shell itself is killed and the pipe closes", async (t) => {
  const { child, programPid, watched } = await startScript(t, ["while :; do sleep 0.1; done"]);
  const pid = await programPid();
  t.teardown(async () => {
    if (await isRunning(pid)) process.kill(pid, "SIGKILL");
  });
  await watched();
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  await untilGone(pid);
});

const parentScript = `
const { spawn } = await import("node:child_process");
const [, module, program] = process.argv;
const { parentBoundCommand } = await import(module);
const { command, args } = parentBoundCommand(program, [], PICK);
spawn(command, args, { stdio: ["pipe", "inherit", "inherit"] });
setInterval(() => {}, 1000);
`;

for (const { name, pick } of [
  { name: "the shell", pick: "() => false" },
  { name: "whatever this machine has", pick: "undefined" },
]) {
  t.test(`the program ends within a second after its parent was killed, by ${name}`, async (t) => {
    const directory = await temporaryDirectory(t);
    const program = await writeScript(directory, [
      'echo "$$"',
      "trap '' TERM",
      "while :; do sleep 0.1; done",
    ]);
    const module = path.join(import.meta.dirname, "parent-bound-command.ts");
    const script = parentScript.replace("PICK", pick);
    const args = ["--input-type=module", "-e", script, module, program];
    const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(parent.stdout, "data");
    const pid = Number(String(line));
    t.ok(await isRunning(pid));
    parent.kill("SIGKILL");
    // Throws where it lives on.
    await untilGone(pid);
  });
}
