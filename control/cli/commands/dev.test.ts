/** `clrk dev` with an invented gateway process: what it says, and that it never leaves that process behind. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { createFakeContext, until } from "../testdata/fake-context.ts";
import type { FakeContext } from "../testdata/fake-context.ts";
import { openFakeControl } from "../testdata/fake-control.ts";

async function createContext(t: Test, behaviour = "", control = ""): Promise<FakeContext> {
  const env = { FAKE_GATEWAY: behaviour, FAKE_CONTROL: control };
  const context = await createFakeContext(t, { env });
  await mkdir(join(context.home.root, "policy"));
  return context;
}

const used = (context: FakeContext) => context.stdout().includes("Use it");

async function pidOf(context: FakeContext): Promise<number> {
  return Number(await readFile(join(context.home.root, "fake-gateway.pid"), "utf8"));
}

async function controlWords(context: FakeContext): Promise<string[]> {
  const words = await readFile(join(context.home.root, "fake-control.words"), "utf8");
  return words.trimEnd().split("\n");
}

async function controlPidOf(context: FakeContext): Promise<number> {
  return Number(await readFile(join(context.home.root, "fake-control.pid"), "utf8"));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

t.test("dev() says what is served and how to use it, and stops on a signal", async (t) => {
  const context = await createContext(t);
  const more = ["--concurrency", "2", "--transparent", "15001", "--provider", "./acme"];
  const code = context.clrk("dev", "-f", "policy", ...more);
  await until(() => used(context), context.stdout);
  await until(() => context.stderr() !== "", context.stderr);
  const words = await readFile(join(context.home.root, "fake-gateway.words"), "utf8");
  const feed = join(context.home.root, "feed.sock");
  t.equal(
    words,
    `--feed ${feed} --provider ./acme --transparent 15001 --concurrency 2 --engine-threads 1`,
  );
  t.strictSame(await controlWords(context), [
    "--file policy --provider ./acme --report --exit-with-parent",
  ]);
  context.interrupt("SIGINT");
  t.equal(await code, 0);
  t.equal(
    context.stdout(),
    [
      "Envoy 1.40.0   ready (PATH: /opt/envoy)",
      "Records        /nowhere/records.jsonl",
      "Objects        kubectl --kubeconfig kubeconfig get clrk",
      "Gateway        default/default · proxy 127.0.0.1:4100 · deny-all · 3 routes",
      "Use it         clrk run -- python my_agent.py",
      "Stopping …",
      "Stopped: 2 requests were cut in flight",
      "",
    ].join("\n"),
  );
  t.equal(context.stderr(), "Warning: Something odd (where=here)\n");
  t.equal(await context.clrk("dev", "logs"), 0);
  t.match(context.stdout(), / {2}gateway {2}Warning: Something odd \(where=here\)\n$/);
  t.notOk(isAlive(await pidOf(context)));
  t.notOk(isAlive(await controlPidOf(context)));
});

t.test("dev() starts the control process again where it was", async (t) => {
  const context = await createContext(t, "", "dies");
  const code = context.clrk("dev", "-f", "policy");
  await until(() => used(context), context.stdout);
  const twice = async () => (await controlWords(context)).length === 2;
  while (!(await twice())) await new Promise((resolve) => setImmediate(resolve));
  t.equal(
    (await controlWords(context))[1],
    "--file policy --port 4321 --restarts 1 --report --exit-with-parent",
  );
  t.match(
    context.stderr(),
    /Warning: The control process is gone: it ended with exit code 3; starting it again\n/,
  );
  t.ok(isAlive(await pidOf(context)), "the gateway goes on");
  context.interrupt("SIGINT");
  t.equal(await code, 0);
  t.notOk(isAlive(await controlPidOf(context)));
});

t.test("dev() passes options of telemetry on, and says where it is kept", async (t) => {
  const context = await createContext(t, "", "reports");
  const words = [
    ...["--telemetry", "on", "--telemetry-memory", "800MiB", "--telemetry-size", "1GiB"],
    ...["--telemetry-age", "3d", "--otlp-port", "4318"],
  ];
  const code = context.clrk("dev", "-f", "policy", ...words);
  await until(() => context.stdout().includes("Telemetry"), context.stdout);
  t.match(
    context.stdout(),
    "\nTelemetry      OTLP http://127.0.0.1:4318 · kept in /home/telemetry\n",
  );
  t.equal(
    (await controlWords(context))[0],
    `--file policy ${words.join(" ")} --report --exit-with-parent`,
  );
  context.interrupt("SIGINT");
  t.equal(await code, 0);
});

t.test("dev() refuses options of telemetry before anything is started", async (t) => {
  const context = await createContext(t);
  for (const [words, text] of [
    [
      ["--telemetry-memory", "100MiB"],
      /^clrk: Cannot use --telemetry-memory "100MiB": wanted a size/,
    ],
    [
      ["--telemetry", "off", "--otlp-port", "1"],
      /^clrk: Cannot use --otlp-port with --telemetry off/,
    ],
    [["--clickhouse-url", "http://u:p@a"], /set CLRK_CLICKHOUSE_USER/],
  ] as const) {
    t.equal(await context.clrk("dev", "-f", "policy", ...words), 2);
    t.match(context.stderr(), text);
    t.match(context.stderr(), /\nSee what they take: clrk dev --help\n$/);
  }
  t.equal(context.stdout(), "");
});

t.test("dev() shows the control process's own sentence when it cannot start", async (t) => {
  const context = await createContext(t, "", "fail");
  t.equal(await context.clrk("dev", "-f", "policy"), 1);
  t.equal(context.stderr(), "clrk: Cannot keep objects: for a test\n");
});

for (const reason of ["SIGTERM", "SIGHUP", "output-closed"] as const) {
  t.test(`dev() leaves nothing behind on ${reason}`, async (t) => {
    const context = await createContext(t);
    const code = context.clrk("dev", "-f", "policy");
    await until(() => used(context), context.stdout);
    context.interrupt(reason);
    context.interrupt(reason);
    t.equal(await code, 0);
    t.match(context.stdout(), /\nStopped: 2 requests/);
    t.notOk(isAlive(await pidOf(context)));
  });
}

t.test("dev() ends a gateway that does not stop, within two seconds", async (t) => {
  const context = await createContext(t, "stubborn");
  const code = context.clrk("dev", "-f", "policy");
  await until(() => used(context), context.stdout);
  const startMs = performance.now();
  context.interrupt("SIGINT");
  t.equal(await code, 0);
  t.ok(performance.now() - startMs < 2_300);
  t.match(context.stdout(), /\nStopped by force\n$/);
  t.notOk(isAlive(await pidOf(context)));
});

t.test("dev() ends it at once on a second Ctrl-C", async (t) => {
  const context = await createContext(t, "stubborn");
  const code = context.clrk("dev", "-f", "policy");
  await until(() => used(context), context.stdout);
  const startMs = performance.now();
  context.interrupt("SIGINT");
  context.interrupt("SIGINT");
  t.equal(await code, 0);
  t.ok(performance.now() - startMs < 1_500);
});

t.test("dev() ends a start that is interrupted", async (t) => {
  const context = await createContext(t, "mute");
  const code = context.clrk("dev", "-f", "policy");
  await until(() => context.stdout().includes("ready"), context.stdout);
  context.interrupt("SIGINT");
  t.equal(await code, 0);
  t.equal(context.stderr(), "");
});

t.test("dev() says how a gateway ended that it did not stop", async (t) => {
  const context = await createContext(t, "dies");
  t.equal(await context.clrk("dev", "-f", "policy"), 1);
  t.match(
    context.stderr(),
    /\nclrk: The gateway process is gone: it ended with exit code 3\nStart it again: clrk dev/,
  );
});

t.test("dev() shows the process's own sentence when it cannot start", async (t) => {
  const context = await createContext(t, "fail");
  t.equal(await context.clrk("dev", "-f", "policy"), 1);
  t.equal(context.stderr(), "clrk: Cannot serve: for a test\n");
});

t.test("dev() tells problems from the start", async (t) => {
  const context = await createContext(t, "problem,empty");
  const code = context.clrk("dev", "-f", "policy");
  await until(() => context.stdout().includes("Still"), context.stdout);
  context.interrupt("SIGTERM");
  t.equal(await code, 0);
  t.match(context.stdout(), "\npolicy/route.yaml:14: spec: is wrong\nStill serving revision 6 (");
});

t.test("dev() does not start beside a gateway that runs", async (t) => {
  const context = await createContext(t);
  await using _ = await openFakeControl(context.home);
  t.equal(await context.clrk("dev", "-f", "policy"), 1);
  t.equal(
    context.stderr(),
    [
      `clrk: A gateway is running already: process ${process.pid} serves policy for 6 min`,
      `Stop it: clrk stop ${process.pid}`,
      "Or take its place: clrk dev --replace",
      "Or keep both, with a home of its own for this one: CLRK_HOME=DIR clrk dev",
      "",
    ].join("\n"),
  );
});

t.test("dev() takes the place of a running gateway with --replace", async (t) => {
  const context = await createContext(t);
  const first = context.clrk("dev", "-f", "policy");
  await until(() => used(context), context.stdout);
  const pid = await pidOf(context);
  const second = context.clrk("dev", "-f", "policy", "--replace");
  t.equal(await first, 1, "the first says that its gateway is gone");
  await until(() => used(context), context.stdout);
  t.match(context.stdout(), `Stopped gateway process ${pid}\n`);
  t.notOk(isAlive(pid));
  context.interrupt("SIGINT");
  t.equal(await second, 0);
});

for (const { name, words, code, text } of [
  {
    name: "no manifests",
    words: [],
    code: 2,
    text: "clrk: Cannot serve: no manifests are named\nName a folder that has some: clrk dev -f examples/quickstart\n",
  },
  {
    name: "a folder that is not there",
    words: ["-f", "polcy"],
    code: 1,
    text: 'clrk: Cannot read "polcy": no such file or folder\nName a folder with manifests, such as examples/quickstart\n',
  },
]) {
  t.test(`dev() refuses ${name}`, async (t) => {
    const context = await createContext(t);
    t.equal(await context.clrk("dev", ...words), code);
    t.equal(context.stderr(), text);
  });
}
