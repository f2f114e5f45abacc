import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { waitUntil } from "./processes.ts";
import { descendants, isRunning, listProcesses, startEnvironment } from "./process-table.ts";

const wait = { deadlineMs: 20_000, what: "process table" };

t.test(
  "descendants() finds children of children, and isRunning() follows their end",
  async (test) => {
    const shell = spawn("/bin/sh", ["-c", "sleep 30 & wait"], { detached: true, stdio: "ignore" });
    const { pid = 0 } = shell;
    test.teardown(() => (isRunning(pid) ? process.kill(-pid, "SIGKILL") : undefined));
    const [sleep = 0] = await waitUntil(() => {
      const found = descendants(pid);
      return found.length > 0 ? found : undefined;
    }, wait);
    test.ok(descendants(process.pid).includes(sleep));
    test.same(listProcesses().find((entry) => entry.pid === sleep)?.parent, pid);
    process.kill(-pid, "SIGKILL");
    await once(shell, "exit");
    await waitUntil(() => !isRunning(sleep), wait);
    test.notOk(isRunning(pid));
  },
);

t.test("isRunning() does not take a process that was not waited for as running", async (test) => {
  const shell = spawn("/bin/sh", ["-c", "sleep 0 & echo $!; exec sleep 30"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  test.teardown(() => shell.kill("SIGKILL"));
  const [text] = await once(shell.stdout, "data");
  await waitUntil(() => !isRunning(Number(text)), wait);
});

t.test("listProcesses() and startEnvironment() show what others can read", async (test) => {
  const child = spawn("/bin/sleep", ["30.125"], { stdio: "ignore", env: { SHOWN: "a b" } });
  test.teardown(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const entry = await waitUntil(
    () => listProcesses().find(({ command }) => command[1] === "30.125"),
    wait,
  );
  test.same(entry.command, ["/bin/sleep", "30.125"]);
  test.same(startEnvironment(entry.pid), ["SHOWN=a b"]);
  test.same(startEnvironment(0), []);
});
