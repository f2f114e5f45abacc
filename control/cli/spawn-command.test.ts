/** The command's life seen from outside: streams, signals, exit codes, and a real terminal's Ctrl-C. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { spawnCommand } from "./spawn-command.ts";
import { hasProgram } from "./testdata/proxied-origin.ts";

const needsScript = (await hasProgram("script", "--version")) ? false : "needs script";
const runner = join(import.meta.dirname, "testdata", "run-command.ts");
const node = process.execPath;
// Detached: a process group of its own without a terminal, whatever the tests run under.
const start = (argv: readonly string[], environment: Record<string, string> = {}) =>
  spawn(node, ["--disable-warning=ExperimentalWarning", runner, ...argv], {
    env: { ...process.env, ...environment },
    detached: true,
  });

/** Collects a child's output; `waitFor` resolves when it matches, and rejects when the child ends without it. */
function watch(child: ChildProcess) {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (data) => {
    stdout += data;
  });
  child.stderr?.on("data", (data) => {
    stderr += data;
  });
  const ended = once(child, "close");
  return {
    async waitFor(pattern: RegExp): Promise<RegExpMatchArray> {
      for (;;) {
        const match = stdout.match(pattern);
        if (match !== null) return match;
        if (child.exitCode !== null)
          throw new Error(`Cannot find ${pattern} in "${stdout}${stderr}": it ended`);
        await Promise.race([once(child.stdout ?? child, "data"), ended]);
      }
    },
    async end() {
      const [code, signal] = await ended;
      return { code, signal, stdout, stderr };
    },
  };
}

async function run(argv: readonly string[], input = "") {
  const child = start(argv);
  child.stdin?.end(input);
  return watch(child).end();
}

t.test("spawnCommand() passes streams and arguments through untouched", async (t) => {
  const script = `process.stdin.pipe(process.stdout); console.error(JSON.stringify(process.argv.slice(1)))`;
  const words = ["a b", "", "$HOME", "*", "--", "é"];
  const { code, stdout, stderr } = await run(
    [node, "-e", script, "--", ...words],
    "from stdin\0\n",
  );
  t.equal(code, 0);
  t.equal(stdout, "from stdin\0\n");
  t.strictSame(JSON.parse(stderr), words);
});

for (const exitCode of [0, 1, 3, 126, 127, 255]) {
  t.test(`spawnCommand() gives the command's own exit code ${exitCode}`, async (t) => {
    t.match(await run(["sh", "-c", `exit ${exitCode}`]), {
      code: exitCode,
      stdout: "",
      stderr: "",
    });
  });
}

for (const { signal, exitCode } of [
  { signal: "TERM", exitCode: 143 },
  { signal: "KILL", exitCode: 137 },
  { signal: "INT", exitCode: 130 },
]) {
  t.test(`spawnCommand() gives ${exitCode} for a command killed by SIG${signal}`, async (t) => {
    t.match(await run(["sh", "-c", `kill -${signal} $$`]), { code: exitCode, signal: null });
  });
}

t.test("spawnCommand() gives the environment and no more", async (t) => {
  const { code } = await run(["sh", "-c", `[ "$PATH" = "${process.env["PATH"]}" ]`]);
  t.equal(code, 0);
  const result = await spawnCommand({
    argv: ["/bin/sh", "-c", '[ -z "$HOME$CLRK" ]'],
    environment: {},
  });
  t.strictSame(result, { kind: "ended", exitCode: 0 });
});

// Prints each signal, and ends with what SIGTERM finds.
const reporter = `
  const seen = [];
  for (const name of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM"]) process.on(name, () => {
    seen.push(name);
    console.log("got " + name);
    if (name === "SIGTERM") { console.log("all " + seen.join(",")); process.exit(7); }
  });
  setInterval(() => {}, 1000);
  console.log("ready");`;

t.test("spawnCommand() forwards signals where no terminal does, and outlives them", async (t) => {
  const child = start([node, "-e", reporter]);
  const watched = watch(child);
  await watched.waitFor(/ready/);
  for (const name of ["SIGINT", "SIGHUP", "SIGQUIT"] as const) {
    child.kill(name);
    await watched.waitFor(new RegExp(`got ${name}`));
  }
  child.kill("SIGTERM");
  const { code, signal, stdout } = await watched.end();
  t.match({ code, signal }, { code: 7, signal: null });
  t.match(stdout, /all SIGINT,SIGHUP,SIGQUIT,SIGTERM/);
});

t.test("spawnCommand() leaves no signal handler behind", async (t) => {
  const count = () =>
    ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"].map((name) => process.listenerCount(name));
  const before = count();
  await spawnCommand({ argv: ["true"], environment: { PATH: process.env["PATH"] ?? "" } });
  await spawnCommand({ argv: ["/nonexistent/x"], environment: {} });
  t.strictSame(count(), before);
});

/** Runs under a terminal of its own; `type` is the keyboard. */
function startOnTerminal(argv: readonly string[], environment: Record<string, string> = {}) {
  const words = [node, "--disable-warning=ExperimentalWarning", runner, ...argv];
  const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  // exec: otherwise script's shell stays in between and gets the signals too.
  const child = spawn("script", ["-qec", `exec ${line}`, "/dev/null"], {
    env: { ...process.env, SHELL: "/bin/sh", ...environment },
  });
  return { child, watched: watch(child), type: (keys: string) => child.stdin?.write(keys) };
}

t.test("spawnCommand() delivers a terminal's Ctrl-C once", { skip: needsScript }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "clrk-spawn-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const holdFile = join(directory, "go-on");
  const { watched, type } = startOnTerminal([node, "-e", reporter], { HOLD_FILE: holdFile });
  const pid = Number((await watched.waitFor(/pid (\d+)/))[1]);
  await watched.waitFor(/ready/);
  // Held, so that a forwarded copy cannot fall together with the terminal's own while that is pending.
  process.kill(pid, "SIGUSR2");
  await watched.waitFor(/held/);
  type("\x03");
  await watched.waitFor(/got SIGINT/);
  await writeFile(holdFile, "");
  // A forwarded copy would be on its way before this one, and there before the next.
  process.kill(pid, "SIGHUP");
  await watched.waitFor(/got SIGHUP/);
  process.kill(pid, "SIGTERM");
  const { code, stdout } = await watched.end();
  t.match(stdout, /all SIGINT,SIGHUP,SIGTERM/);
  t.equal(code, 7);
});

t.test(
  "spawnCommand() gives 130 when Ctrl-C ends the command",
  { skip: needsScript },
  async (t) => {
    const { watched, type } = startOnTerminal(["sh", "-c", "echo ready; exec sleep 600"]);
    await watched.waitFor(/ready/);
    type("\x03");
    t.equal((await watched.end()).code, 130);
  },
);

t.test("spawnCommand() gives the command the terminal", { skip: needsScript }, async (t) => {
  const { watched, type } = startOnTerminal([
    "sh",
    "-c",
    '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && read x && echo "read $x"',
  ]);
  type("hello\n");
  t.match(await watched.end(), { code: 0, stdout: /read hello/ });
});

t.test("spawnCommand() says why a command did not start", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "clrk-spawn-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, "bin"));
  await writeFile(join(directory, "bin", "plain"), "text");
  await writeFile(join(directory, "agent"), "#!/bin/sh\n");
  await chmod(join(directory, "agent"), 0o755);
  await writeFile(join(directory, "lost"), "#!/nonexistent/python\n");
  await chmod(join(directory, "lost"), 0o755);
  const environment = { PATH: join(directory, "bin") };

  for (const { name, command, exitCode, reason } of [
    {
      name: "unknown",
      command: "pyhton",
      exitCode: 127,
      reason: "not found on PATH, check the spelling or give its path",
    },
    {
      name: "only here",
      command: "agent",
      exitCode: 127,
      reason: 'not found on PATH, but here: run "./agent"',
    },
    {
      name: "empty",
      command: "",
      exitCode: 127,
      reason: "the command is empty, name one after --",
    },
    {
      name: "no such path",
      command: "./none",
      exitCode: 127,
      reason: "no such file, check the path",
    },
    {
      name: "path through a file",
      command: "./agent/x",
      exitCode: 127,
      reason: "no such file, check the path",
    },
    {
      name: "lost interpreter",
      command: "./lost",
      exitCode: 127,
      reason: "the interpreter in its first line does not exist, install or correct it",
    },
    {
      name: "not executable",
      command: "./bin/plain",
      exitCode: 126,
      reason: "it is not executable, run chmod +x on it or name its interpreter first",
    },
    {
      name: "not executable on PATH",
      command: "plain",
      exitCode: 126,
      reason: "it is not executable, run chmod +x on it or name its interpreter first",
    },
    {
      name: "directory",
      command: "./bin",
      exitCode: 126,
      reason: "it is a directory, name a file in it",
    },
  ]) {
    t.test(name, async (t) => {
      t.strictSame(await spawnCommand({ argv: [command], environment, directory }), {
        kind: "not-started",
        exitCode,
        message: `Cannot run "${command}": ${reason}`,
      });
    });
  }

  t.test("too long", async (t) => {
    const argv = ["./agent", "x".repeat(3_000_000)];
    t.strictSame(await spawnCommand({ argv, environment, directory }), {
      kind: "not-started",
      exitCode: 126,
      message: 'Cannot run "./agent": the system refused to start it (E2BIG)',
    });
  });

  t.test("missing working directory", async (t) => {
    const gone = join(directory, "gone");
    t.match(await spawnCommand({ argv: ["sh"], environment, directory: gone }), {
      exitCode: 126,
      message: `Cannot run "sh": the working directory "${gone}" does not exist`,
    });
  });

  t.test("control characters", async (t) => {
    const result = await spawnCommand({ argv: ["x\u001b[2J\n"], environment, directory });
    t.match(result, {
      message:
        'Cannot run "x\\x1b[2J\\x0a": not found on PATH, check the spelling or give its path',
    });
  });
});

t.test("spawnCommand() prints one line and no stack trace for an unknown command", async (t) => {
  t.strictSame(await run(["clrk-no-such-command"]), {
    code: 127,
    signal: null,
    stdout: "",
    stderr:
      'Cannot run "clrk-no-such-command": not found on PATH, check the spelling or give its path\n',
  });
});

t.test("spawnCommand() rejects an empty argv", async (t) => {
  await t.rejects(spawnCommand({ argv: [], environment: {} }), {
    name: "TypeError",
    message: "Cannot run a command: its argv is empty",
  });
});
