import t from "tap";
import type { Test } from "tap";
import { startGateway } from "./process-start.ts";
import type { GatewayStart } from "./process-start.ts";
import { createFakeContext, fakeGatewayEntry, until } from "./testdata/fake-context.ts";

async function start(
  t: Test,
  behaviour: string,
  options: { readonly endsWithUs?: boolean; readonly signal?: AbortSignal } = {},
): Promise<{ started: GatewayStart; log: string[] }> {
  const { process: fake } = await createFakeContext(t);
  const log: string[] = [];
  const started = await startGateway({
    entry: fakeGatewayEntry,
    arguments: options.endsWithUs ? ["--exit-with-parent"] : [],
    endsWithUs: options.endsWithUs ?? false,
    environment: { ...fake.env, FAKE_GATEWAY: behaviour },
    onLogLine: (line) => log.push(line),
    ...(options.signal && { signal: options.signal }),
  });
  if (started.kind === "listening") {
    const { process: child } = started;
    t.teardown(() => {
      child.kill();
      return child.exited;
    });
  }
  return { started, log };
}

function childOf(started: GatewayStart) {
  if (started.kind !== "listening") throw new Error(`Cannot go on: ${started.message}`);
  return started.process;
}

t.test("startGateway() returns the control socket, and hands log lines on", async (t) => {
  const { started, log } = await start(t, "");
  const child = childOf(started);
  if (started.kind === "listening") t.match(started.controlSocket, /\/run\/\d+\/control\.sock$/);
  await until(
    () => log.length > 0,
    () => log.join(),
  );
  t.match(log[0], /"Something odd"/);
  child.terminate();
  t.equal(await child.exited, "it ended with exit code 0");
});

t.test("startGateway() gives the process a group of its own", async (t) => {
  const { pid } = childOf((await start(t, "")).started);
  // Throws when there is no group of that id.
  process.kill(-pid, 0);
  t.pass();
});

t.test("startGateway() returns the process's own sentence when it fails", async (t) => {
  const { started } = await start(t, "fail");
  t.same(started, { kind: "failed", message: "Cannot serve: for a test" });
});

t.test(
  "startGateway() tells how a process ended that said nothing, and hands its last words on",
  async (t) => {
    const { started, log } = await start(t, "crash");
    t.same(started, {
      kind: "failed",
      message: "Cannot start the gateway process: it ended with exit code 7",
    });
    t.same(log, ["TypeError: something is undefined"]);
  },
);

t.test("startGateway() ends a process whose start is given up", async (t) => {
  const { started } = await start(t, "mute", { signal: AbortSignal.timeout(300) });
  t.same(started, {
    kind: "failed",
    message: "Cannot start the gateway process: it was ended by SIGKILL",
  });
});

t.test("startGateway() reports a script that does not exist", async (t) => {
  const started = await startGateway({
    entry: "/nowhere/main.ts",
    arguments: [],
    endsWithUs: false,
    environment: {},
    onLogLine: () => {},
  });
  t.match(started, {
    kind: "failed",
    message: /^Cannot start the gateway process: it ended with exit code 1$/,
  });
});

t.test("kill() ends a process that does not want to", async (t) => {
  const child = childOf((await start(t, "stubborn")).started);
  child.terminate();
  child.kill();
  t.equal(await child.exited, "it was ended by SIGKILL");
  child.kill();
});

t.test("terminate() ends the standard input of a process that ends with us", async (t) => {
  const child = childOf((await start(t, "", { endsWithUs: true })).started);
  child.terminate();
  t.equal(await child.exited, "it ended with exit code 0");
});
