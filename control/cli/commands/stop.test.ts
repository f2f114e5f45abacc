import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { startGateway } from "../process-start.ts";
import type { StartedProcess } from "../process-start.ts";
import { createFakeContext, fakeGatewayEntry } from "../testdata/fake-context.ts";
import type { FakeContext } from "../testdata/fake-context.ts";

async function startFake(t: Test, context: FakeContext): Promise<StartedProcess> {
  const started = await startGateway({
    entry: fakeGatewayEntry,
    arguments: ["--file", "policy"],
    endsWithUs: false,
    environment: context.process.env,
    onLogLine: () => {},
  });
  if (started.kind !== "listening") throw new Error(started.message);
  t.teardown(() => started.process.kill());
  return started.process;
}

t.test("stop() stops the only process and waits for it", async (t) => {
  const context = await createFakeContext(t);
  const child = await startFake(t, context);
  t.equal(await context.clrk("stop"), 0);
  t.equal(context.stdout(), `Stopped gateway process ${child.pid}\n`);
  t.equal(await child.exited, "it ended with exit code 0");
});

t.test("stop() wants to know which where several run", async (t) => {
  const context = await createFakeContext(t);
  const [first, second] = [await startFake(t, context), await startFake(t, context)];
  t.equal(await context.clrk("stop"), 1);
  const lines = [first.pid, second.pid]
    .sort((left, right) => left - right)
    .map((pid) => `  clrk stop ${pid}   (policy)\n`);
  t.equal(
    context.stderr(),
    `clrk: Cannot choose what to stop: 2 gateway processes run; say which:\n${lines.join("")}`,
  );
  t.equal(await context.clrk("stop", "1"), 1);
  t.equal(
    context.stderr(),
    `clrk: Cannot stop process 1: it is no gateway process\nThere are:\n${lines.join("")}`,
  );
  t.equal(await context.clrk("stop", String(second.pid)), 0);
  t.equal(context.stdout(), `Stopped gateway process ${second.pid}\n`);
});

t.test("stop() is content when nothing runs, unless a process was named", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("stop"), 0);
  t.equal(context.stdout(), "No gateway is running\n");
  t.equal(await context.clrk("stop", "1"), 1);
  t.equal(
    context.stderr(),
    "clrk: Cannot stop process 1: it is no gateway process\nNone is running\n",
  );
});

t.test("stop() does not touch a process that does not answer", async (t) => {
  const context = await createFakeContext(t);
  const pid = process.ppid;
  await mkdir(join(context.home.run, String(pid)), { recursive: true });
  for (const words of [["stop"], ["stop", String(pid)]]) {
    t.equal(await context.clrk(...words), 1);
    t.equal(
      context.stderr(),
      `clrk: Cannot stop process ${pid}: it does not answer on its control socket\nIf it is a gateway (ps -p ${pid}), end it by force: kill -9 ${pid}\n`,
    );
  }
});
