import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runProcess, startProcess, temporaryDirectory, waitUntil } from "./processes.ts";
import type { TestScope } from "./processes.ts";

const node = process.execPath;
const sleeper = "setInterval(() => {}, 1000); console.log('ready');";

/** A test that can be ended by hand. */
function createScope(): TestScope & { end(): Promise<void> } {
  const callbacks: (() => unknown)[] = [];
  return {
    teardown: (callback) => callbacks.push(callback),
    end: async () => {
      for (const callback of callbacks.reverse()) await callback();
    },
  };
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

t.test("waitUntil() resolves with the first truthy value, also after throws", async (test) => {
  let looks = 0;
  const value = await waitUntil(
    () => {
      looks += 1;
      if (looks === 1) throw new Error("not yet");
      return looks === 3 ? "third" : undefined;
    },
    { deadlineMs: 1_000, what: "third look", intervalMs: 1 },
  );
  test.equal(value, "third");
});

t.test("waitUntil() pauses as long as a look took", async (test) => {
  const pausesMs: number[] = [];
  let endedMs: number | undefined;
  await waitUntil(
    async () => {
      if (endedMs !== undefined) pausesMs.push(performance.now() - endedMs);
      await new Promise((wake) => setTimeout(wake, 50));
      endedMs = performance.now();
      return pausesMs.length === 2;
    },
    { deadlineMs: 10_000, what: "two pauses" },
  );
  for (const pauseMs of pausesMs) test.ok(pauseMs >= 45, `${pauseMs} ms`);
});

t.test("waitUntil() names what is missing and why when the deadline passes", async (test) => {
  const cause = new Error("refused");
  const wait = waitUntil(() => Promise.reject(cause), {
    deadlineMs: 5,
    what: "a port",
    intervalMs: 1,
  });
  await test.rejects(wait, { message: "Cannot see a port: still absent after 5 ms", cause });
});

t.test("temporaryDirectory() is gone with its files when the test ends", async (test) => {
  const scope = createScope();
  const path = temporaryDirectory(scope);
  writeFileSync(join(path, "file"), "x");
  await scope.end();
  test.notOk(existsSync(path));
});

t.test("startProcess() captures output and ends with the test", async (test) => {
  const scope = createScope();
  const child = startProcess(scope, { command: node, arguments: ["-e", sleeper] });
  await child.waitUntilReady(({ stdout }) => stdout.includes("ready"), {
    deadlineMs: 20_000,
    what: "ready",
  });
  const { pid } = child;
  test.ok(isAlive(pid));
  await scope.end();
  test.notOk(isAlive(pid));
  test.same(child.exit, { exitCode: null, signal: "SIGTERM" });
});

t.test("startProcess() ends the child's own children with it", async () => {
  const scope = createScope();
  const program = `const c = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(sleeper)}]); console.log(c.pid); setInterval(() => {}, 1000)`;
  const child = startProcess(scope, { command: node, arguments: ["-e", program] });
  const grandchild = Number(
    await waitUntil(() => /^\d+/.exec(child.stdout)?.[0], { deadlineMs: 20_000, what: "pid" }),
  );
  await scope.end();
  await waitUntil(() => !isAlive(grandchild), {
    deadlineMs: 20_000,
    what: "end of the grandchild",
  });
});

t.test(
  "waitUntilReady() rejects at once with the complaint when the child ends first",
  async (test) => {
    const program = "console.error('bad flag'); process.exit(3)";
    const child = startProcess(test, { command: node, arguments: ["-e", program] });
    await test.rejects(
      child.waitUntilReady(() => false, { deadlineMs: 60_000, what: "admin port" }),
      {
        message: `Cannot see admin port: "${node}" ended first: bad flag`,
      },
    );
    test.same(child.exit, { exitCode: 3, signal: null });
  },
);

t.test("close() kills a child that ignores SIGTERM, and is idempotent", async (test) => {
  const program = `process.on("SIGTERM", () => {}); ${sleeper}`;
  const child = startProcess(test, { command: node, arguments: ["-e", program] });
  await child.waitUntilReady(({ stdout }) => stdout.includes("ready"), {
    deadlineMs: 20_000,
    what: "ready",
  });
  test.same(await child.close(50), { exitCode: null, signal: "SIGKILL" });
  test.same(await child.close(50), { exitCode: null, signal: "SIGKILL" });
});

t.test("runProcess() returns output and status, fed by the input", async (test) => {
  const program = "process.stdin.on('data', (d) => console.log(String(d))); process.exitCode = 4";
  const outcome = await runProcess(
    { command: node, arguments: ["-e", program], input: "hi" },
    5_000,
  );
  test.same(outcome, { exitCode: 4, signal: null, stdout: "hi\n", stderr: "", timedOut: false });
});

t.test("runProcess() gives the child only the environment it is given", async (test) => {
  const program = "console.log(JSON.stringify(process.env))";
  const options = { command: node, arguments: ["-e", program], environment: { ONE: "1" } };
  const environment = JSON.parse((await runProcess(options, 5_000)).stdout);
  const names = Object.keys(environment).filter((name) => !/^(NODE_OPTIONS|_TAPJS_.*)$/.test(name)); // tap adds its own
  test.same(names, ["ONE"]);
});

t.test("runProcess() kills the child at the deadline", async (test) => {
  const outcome = await runProcess({ command: node, arguments: ["-e", sleeper] }, 200);
  test.match(outcome, { timedOut: true, signal: "SIGKILL" });
});

t.test("runProcess() reports a command that does not exist", async (test) => {
  const outcome = await runProcess({ command: "/nonexistent/program" }, 1_000);
  test.match(outcome, { exitCode: null, stderr: /ENOENT/, timedOut: false });
});

t.test("runProcess() keeps the last 1 Mi characters of a chatty child", async (test) => {
  const program = "process.stdout.write('a'.repeat(2_000_000) + 'end')";
  const outcome = await runProcess({ command: node, arguments: ["-e", program] }, 5_000);
  test.equal(outcome.stdout.length, 1_048_576);
  test.ok(outcome.stdout.endsWith("aend"));
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  t.test(
    `startProcess() children end when the program that started them is ended by ${signal}`,
    async (test) => {
      const program = `
      import { startProcess } from ${JSON.stringify(new URL("processes.ts", import.meta.url).href)};
      const child = startProcess({ teardown() {} }, { command: process.execPath, arguments: ["-e", ${JSON.stringify(sleeper)}] });
      console.log(child.pid);
    `;
      const parent = startProcess(test, {
        command: node,
        arguments: ["--input-type=module", "-e", program],
      });
      const pid = () => /^\d+/.exec(parent.stdout)?.[0];
      const orphan = Number(await waitUntil(pid, { deadlineMs: 20_000, what: "pid" }));
      test.ok(isAlive(orphan));
      parent.signal(signal);
      test.same(await parent.exited, { exitCode: null, signal });
      await waitUntil(() => !isAlive(orphan), { deadlineMs: 20_000, what: "end of the orphan" });
    },
  );
}
