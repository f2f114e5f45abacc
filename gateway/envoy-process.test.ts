/** Tests the supervision of Envoy: with scripts in its place where time matters, and with the real one. */
import { spawn } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "./clock.ts";
import type { EnvoyExit, EnvoyProcessOptions } from "./envoy-process.ts";
import { EnvoyProcess } from "./envoy-process.ts";
import type { Logger } from "./log.ts";
import { silentLogger } from "./log.ts";
import { envoy } from "./proto/gen/xds.js";
import { openTunnel, secureRequest } from "./testdata/agent.ts";
import { rawUpstream, tlsUpstream } from "./testdata/echo-upstream.ts";
import { eventually, needsEnvoy, realEnvoy, startRig } from "./testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule, l4Rule } from "./testdata/gateway-snapshot.ts";
import { isRunning, temporaryDirectory, untilGone, writeScript } from "./testdata/processes.ts";

/** A process that runs a script; exits and log lines are kept. */
async function scripted(
  t: Test,
  lines: readonly string[],
  changes: Partial<EnvoyProcessOptions> = {},
) {
  const directory = await temporaryDirectory(t);
  const exits: EnvoyExit[] = [];
  const logged: string[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (message, fields) => logged.push(`warn ${message} ${fields?.["component"]}`),
    error: (message, fields) => logged.push(`error ${message} ${fields?.["component"] ?? ""}`),
  };
  const supervised = new EnvoyProcess({
    binary: await writeScript(directory, lines),
    gateway: "default/egress",
    controlSocket: path.join(directory, "ads.sock"),
    adminSocket: path.join(directory, "admin.sock"),
    maxConnections: 10,
    concurrency: 2,
    directory,
    clock: systemClock,
    log,
    onExit: (exit) => exits.push(exit),
    ...changes,
  });
  t.teardown(() => supervised.destroy());
  return { supervised, directory, exits, logged };
}

function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

async function untilText(file: string): Promise<string> {
  for (let round = 0; round < 1_000; round++) {
    const text = await textOf(file);
    if (text.endsWith("\n")) return text;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`No line in ${file}`);
}

t.test("start() writes a private bootstrap and starts the binary with it", async (t) => {
  const { supervised, directory } = await scripted(t, ['echo "$@" > "$DIR/args"', "exec sleep 60"]);
  await supervised.start();
  const args = await untilText(path.join(directory, "args"));
  const file = path.join(directory, "bootstrap.pb");
  t.match(args, `-c ${file} --concurrency 2 --log-level warn`);
  t.equal((await stat(file)).mode & 0o777, 0o600);
  const { node, admin } = envoy.config.bootstrap.v3.Bootstrap.decode(await readFile(file));
  t.match(
    { node, admin },
    {
      node: { id: "default/egress", cluster: "clrk" },
      admin: { address: { pipe: { path: path.join(directory, "admin.sock"), mode: 0o600 } } },
    },
  );
  t.type(supervised.pid, "number");
  t.equal(supervised.restarts, 0);
});

t.test("start() gives the binary no environment", async (t) => {
  process.env["CLRK_TEST_CANARY"] = "canary";
  t.teardown(() => delete process.env["CLRK_TEST_CANARY"]);
  const { supervised, directory } = await scripted(t, [
    '/usr/bin/env > "$DIR/env"',
    'echo end >> "$DIR/env"',
    "exec sleep 60",
  ]);
  await supervised.start();
  t.notMatch(await untilText(path.join(directory, "env")), /CANARY|HOME/);
});

t.test("start() rejects when the bootstrap cannot be written", async (t) => {
  const { supervised } = await scripted(t, [], { directory: "/nonexistent/clrk" });
  await t.rejects(supervised.start(), { code: "ENOENT" });
  t.equal(supervised.pid, undefined);
});

t.test("restarts wait longer each time, up to five seconds", async (t) => {
  const clock = new ManualClock();
  const { supervised, exits } = await scripted(t, ["exit 3"], { clock });
  await supervised.start();
  for (let count = 1; count <= 9; count++) {
    await eventually(() => (exits.length === count ? true : undefined));
    t.equal(clock.pendingTimers, 1);
    clock.advance(exits.at(-1)?.restartInMs ?? 0);
  }
  t.same(
    exits.map(({ restartInMs }) => restartInMs),
    [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000],
  );
  t.match(exits[0], { code: 3, signal: null });
  t.ok(supervised.restarts >= 9);
});

t.test("a process that lived ten seconds is started again with the first wait", async (t) => {
  const clock = new ManualClock();
  const lines = [
    'echo >> "$DIR/starts"',
    '[ "$(wc -l < "$DIR/starts")" -ge 3 ] && exec sleep 60',
    "exit 1",
  ];
  const { supervised, exits } = await scripted(t, lines, { clock });
  await supervised.start();
  for (let count = 1; count <= 2; count++) {
    await eventually(() => (exits.length === count ? true : undefined));
    clock.advance(exits.at(-1)?.restartInMs ?? 0);
  }
  clock.advance(10_000);
  process.kill(supervised.pid ?? 0, "SIGKILL");
  const last = await eventually(() => exits[2]);
  t.same(last, { code: null, signal: "SIGKILL", restartInMs: 50 });
});

t.test("a binary that is not there is tried again and reported", async (t) => {
  const clock = new ManualClock();
  const { supervised, exits, logged } = await scripted(t, [], {
    clock,
    binary: "/nonexistent/envoy",
  });
  await supervised.start();
  await eventually(() => exits[0]);
  t.match(logged.join("\n"), /nonexistent|Envoy ended and is started again/);
});

t.test("close() ends the process and nothing starts it again", async (t) => {
  const { supervised, exits } = await scripted(t, ["exec sleep 60"]);
  await supervised.start();
  const { pid = 0 } = supervised;
  t.same(await supervised.close(), { inFlight: undefined });
  t.notOk(await isRunning(pid));
  t.equal(supervised.pid, undefined);
  t.same(await supervised.close(), { inFlight: 0 }, "a second time does nothing");
  t.same(exits, []);
});

t.test("close() disarms a restart that waits", async (t) => {
  const clock = new ManualClock();
  const { supervised, exits } = await scripted(t, ["exit 1"], { clock });
  await supervised.start();
  await eventually(() => exits[0]);
  t.same(await supervised.close(), { inFlight: 0 });
  t.equal(clock.pendingTimers, 0);
});

t.test("close() while the bootstrap is written starts nothing", async (t) => {
  const { supervised } = await scripted(t, ["exec sleep 60"]);
  const started = supervised.start();
  await supervised.close();
  await started;
  t.equal(supervised.pid, undefined);
});

t.test("close() kills a process that does not end by itself", async (t) => {
  const lines = ["trap '' TERM", 'echo > "$DIR/ready"', "while :; do sleep 1; done"];
  const { supervised, directory } = await scripted(t, lines);
  await supervised.start();
  await untilText(path.join(directory, "ready"));
  const { pid = 0 } = supervised;
  const start = performance.now();
  await supervised.close();
  const elapsedMs = performance.now() - start;
  t.notOk(await isRunning(pid));
  t.ok(elapsedMs >= 450 && elapsedMs < 2_000, `took ${elapsedMs} ms`);
});

t.test("destroy() ends the process at once", async (t) => {
  const { supervised } = await scripted(t, ["trap '' TERM", "while :; do sleep 1; done"]);
  await supervised.start();
  const { pid = 0 } = supervised;
  await supervised.destroy();
  t.notOk(await isRunning(pid));
  await supervised[Symbol.asyncDispose]();
});

t.test("log lines become entries of our log", async (t) => {
  const lines = [
    "echo 'warning|config|all is odd' >&2",
    "echo 'critical|main|a|b' >&2",
    "exec sleep 60",
  ];
  const { supervised, logged } = await scripted(t, lines);
  await supervised.start();
  await eventually(() => (logged.length === 2 ? true : undefined));
  t.same(logged, ["warn all is odd config", "error a|b main"]);
});

t.test("nothing that a crashing Envoy prints is logged, and its next life is heard", async (t) => {
  const clock = new ManualClock();
  const lines = [
    "echo 'error|main|alive' >&2",
    "echo 'critical|backtrace|Caught Aborted' >&2",
    "printf \"'authorization', 'Bearer canary'\\nerror|x|canary\\n\" >&2",
    "exit 1",
  ];
  const { supervised, logged, exits } = await scripted(t, lines, { clock });
  await supervised.start();
  await eventually(() => (logged.length === 3 ? true : undefined));
  clock.advance(exits[0]?.restartInMs ?? 0);
  await eventually(() => (logged.length === 6 ? true : undefined));
  const life = ["error alive main", "error Caught Aborted (", "error Envoy ended and is sta"];
  t.same(
    logged.map((line) => line.slice(0, 22)).sort(),
    [...life, ...life].map((line) => line.slice(0, 22)).sort(),
  );
  t.notMatch(logged.join("\n"), /canary/);
});

t.test("a real Envoy that crashes says only by what", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot());
  process.kill(rig.envoy.pid ?? 0, "SIGSEGV");
  await eventually(() => (rig.envoy.restarts === 1 ? true : undefined));
  const caught = await eventually(() => rig.logLines.find((line) => line.startsWith("Caught ")));
  t.match(
    caught,
    /^Caught Segmentation fault.* \(the report that follows may hold headers and is left out\)$/,
  );
  await eventually(() => (rig.envoy.pid === undefined ? undefined : true));
  t.notMatch(rig.logLines.join("\n"), /Backtrace|Address mapping|#0/);
});

t.test("a message of several lines is one entry", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const wrong = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", httpRule())] });
  await rig.publish(gatewaySnapshot());
  const before = rig.logLines.length;
  const verdict = await rig.publish(wrong, {
    alter: (resources) =>
      resources.map((resource) =>
        resource.name.startsWith("tls/")
          ? { ...resource, value: Buffer.from([10, 3, 1]) }
          : resource,
      ),
  });
  t.equal(verdict.kind, "rejected");
  await eventually(() => (rig.logLines.length > before ? true : undefined));
  const more = rig.logLines.slice(before);
  // Envoy says it once for each of its subscriptions; every entry is the whole message.
  for (const line of more) t.match(line, /rejected: Unable to unpack[\s\S]*type_url/);
});

t.test(
  "Envoy is started again within a second after a kill, with its configuration",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
    );
    const { pid: first = 0 } = rig.envoy;
    const start = performance.now();
    process.kill(first, "SIGKILL");
    await eventually(() => (rig.envoy.restarts === 1 ? rig.envoy.pid : undefined));
    const elapsedMs = performance.now() - start;
    let reply: Awaited<ReturnType<typeof secureRequest>> | undefined;
    while (reply === undefined && performance.now() - start < 5_000) {
      reply = await secureRequest(rig, "a.example.com").catch(() => undefined);
    }
    t.equal(reply?.status, 200);
    t.ok(elapsedMs < 1_000, `took ${elapsedMs} ms`);
    t.not(rig.envoy.pid, first);
    t.equal(rig.envoy.restarts, 1);
  },
);

t.test("close() waits for open requests, and counts those that it cuts", needsEnvoy, async (t) => {
  const [rig, upstream, raw] = [await startRig(t), await tlsUpstream(t), await rawUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  await rig.publish(
    gatewaySnapshot({
      listeners: [
        { name: "tls", shape: "https" },
        { name: "tcp", shape: "tcp", port: raw.port },
      ],
      hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }],
      l4Rules: [l4Rule()],
      upstream: { lookupFamily: "V4Only", additionalTrustPem: "", guardedRanges: [] },
    }),
  );
  const tunnel = await openTunnel(rig, `localhost:${raw.port}`);
  tunnel.on("error", () => {});
  const silent = secureRequest(rig, "a.example.com", { path: "/silent" }).catch(() => "cut");
  await eventually(() => upstream.seen[0]);
  const start = performance.now();
  t.same(await rig.envoy.close(200), { inFlight: 2 });
  t.ok(performance.now() - start < 1_500);
  t.equal(await silent, "cut");
});

t.test("close() does not wait where nothing is open", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot());
  const start = performance.now();
  t.same(await rig.envoy.close(10_000), { inFlight: 0 });
  t.ok(performance.now() - start < 1_500);
});

const parentScript = `
const [, module, clock, log, directory, binary] = process.argv;
const { EnvoyProcess } = await import(module);
const { systemClock } = await import(clock);
const { silentLogger } = await import(log);
const supervised = new EnvoyProcess({
  binary, directory, gateway: "default/egress", controlSocket: directory + "/ads.sock",
  adminSocket: directory + "/admin.sock", maxConnections: 10, concurrency: 1,
  clock: systemClock, log: silentLogger,
});
await supervised.start();
console.log(supervised.pid);
setInterval(() => {}, 1000);
`;

t.test("Envoy ends within a second when its parent is killed", needsEnvoy, async (t) => {
  const directory = await temporaryDirectory(t);
  const files = ["envoy-process.ts", "clock.ts", "log.ts"].map((name) =>
    path.join(import.meta.dirname, name),
  );
  const args = ["--input-type=module", "-e", parentScript, ...files, directory, realEnvoy ?? ""];
  const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: parent.stdout });
  const pid = Number((await lines[Symbol.asyncIterator]().next()).value);
  t.ok(pid > 0 && (await isRunning(pid)));
  await eventually(() => (parent.pid === undefined ? undefined : true));
  parent.kill("SIGKILL");
  const goneMs = await untilGone(pid);
  t.ok(goneMs < 1_000, `took ${goneMs} ms`);
});
