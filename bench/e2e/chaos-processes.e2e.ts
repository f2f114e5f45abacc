/**
 * Processes that are killed, told to stop, or lose whoever started them, under load: service is back at once where it
 * should be, nothing is left behind, and what the next start finds does no harm.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:net";
import t from "tap";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { RunningGateway } from "../harness/gateway.ts";
import { launchGateway } from "../harness/gateway-launch.ts";
import type { LaunchedGateway } from "../harness/gateway-launch.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { httpOver } from "../harness/http-over-socket.ts";
import { startLoad } from "../harness/load-loop.ts";
import { descendants, isRunning } from "../harness/process-table.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import type { Endpoint } from "../harness/proxy-protocol-header.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const url = "https://allowed.test/bytes/100";
const upstreams = await startUpstreams(t, {
  tlsHosts: ["allowed.test"],
  plainHosts: ["plain.test"],
});
const manifests = {
  "gateway.yaml": gatewayManifest(upstreams),
  "routes.yaml": allowHosts("allowed", ["allowed.test", "plain.test"]),
};

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

t.test(
  "Envoy killed under load is back within a second, at its port, with its runs",
  async (test) => {
    const started = performance.now();
    const gateway = await startGateway(test, { manifests });
    // A second, and on a machine too busy for that not longer than the start of all took.
    const limitMs = Math.max(1_000, performance.now() - started);
    const run = await gateway.registerRun("survivor");
    const load = startLoad(run, { connections: 24, urls: [url, "http://plain.test/bytes/100"] });
    const outages: number[] = [];
    for (const kill of [1, 2]) {
      const before = load.answered;
      await waitUntil(() => load.answered > before + 50, { deadlineMs: 20_000, what: "load" });
      outages.push(await killEnvoy(gateway, run));
      test.match((await gateway.status()).gateways, [{ envoy: { restarts: kill } }]);
    }
    const { statuses } = await load.stop();
    test.comment(`service was back after ${outages.join(" and ")} ms`);
    test.ok(Math.min(...outages) <= limitMs, `one of two outages is short: ${outages}`);
    test.ok(Math.max(...outages) <= 3 * limitMs, `none of them is long: ${outages}`);
    test.same(
      [...statuses.keys()].filter((status) => status !== 200 && status !== 503),
      [],
    );
    await waitUntil(async () => (await gateway.status()).gateways[0]?.ready, {
      deadlineMs: 10_000,
      what: "ready gateway",
    });
    test.equal(await gateway.registerRun("newcomer").then((it) => it.proxy.port), run.proxy.port);
  },
);

t.test(
  "a killed gateway process leaves nothing, and the next start finds its authority",
  async (test) => {
    const gateway = await startGateway(test, { manifests });
    const run = await gateway.registerRun("bereaved");
    const { gateway: pid, envoys } = await gateway.pids();
    const below = descendants(pid);
    test.ok(envoys.every((envoy) => below.includes(envoy)));
    const load = startLoad(run, { connections: 24, urls: [url] });
    await waitUntil(() => load.answered > 50, { deadlineMs: 20_000, what: "load" });
    gateway.child.kill("SIGKILL");
    await waitUntil(() => !below.some(isRunning), { deadlineMs: 10_000, what: "end of Envoy" });
    await waitUntil(async () => !(await canConnect(run.proxy)), {
      deadlineMs: 10_000,
      what: "closed port",
    });
    await load.stop();

    const stale = join(gateway.home, "run", String(pid));
    test.ok(existsSync(stale), "the kill left its folder");
    const next = await launchGateway(test, { home: gateway.home, paths: [gateway.directory] });
    test.notOk(existsSync(stale));
    test.same(readdirSync(join(gateway.home, "run")), [String(next.pid)]);
    await untilReady(next);
    const heir = await next.registerRun("heir");
    // What the agent of the killed gateway trusts still holds, what it proved itself with does not.
    test.equal((await requestThrough({ ...heir, ca: run.ca }, url)).status, 200);
    const ghost = { ...heir, authorization: run.authorization };
    await test.rejects(requestThrough(ghost, url), /407/);
  },
);

t.test("a gateway outlives its starter, its terminal and its log's reader", async (test) => {
  const { home, paths } = writePolicy(test);
  const gateway = await launchGateway(test, { home, paths, throughShell: true });
  await untilReady(gateway);
  const run = await gateway.registerRun("left-alone");
  const { starter, pid } = gateway;
  starter.stdout?.destroy();
  starter.stderr?.destroy();
  starter.stdin?.destroy();
  starter.kill("SIGKILL");
  process.kill(pid, "SIGHUP");
  await waitUntil(() => starter.pid !== undefined && !isRunning(starter.pid), {
    deadlineMs: 10_000,
    what: "end of the starter",
  });
  // What it logs now has no reader.
  const [envoy] = (await gateway.status()).gateways.map((it) => it.envoy.pid);
  if (envoy !== undefined) process.kill(envoy, "SIGKILL");
  await waitUntil(async () => (await requestThrough(run, url)).status === 200, {
    deadlineMs: 10_000,
    what: "answer after the end of the starter",
  });
  test.ok(isRunning(pid));
  await gateway.status();
  process.kill(pid, "SIGTERM");
  await gateway.waitUntilGone(2_000);
});

t.test(
  "with --exit-with-parent the end of the parent ends everything within two seconds",
  async (test) => {
    const { home, paths } = writePolicy(test);
    const gateway = await launchGateway(test, { home, paths, args: ["--exit-with-parent"] });
    await untilReady(gateway);
    gateway.starter.stdin?.end();
    await gateway.waitUntilGone(2_000);
    const ended = { deadlineMs: 10_000, what: "exit code" };
    await waitUntil(() => gateway.starter.exitCode !== null, ended);
    test.equal(gateway.starter.exitCode, 0);
    test.same(readdirSync(join(home, "run")), []);
  },
);

t.test(
  "SIGTERM lets a short stream finish, cuts a long one, and says so, within two seconds",
  async (test) => {
    const gateway = await startGateway(test, { manifests });
    const run = await gateway.registerRun("streamer");
    const { gateway: pid } = await gateway.pids();
    const all = [pid, ...descendants(pid)];
    const short = await openStream(run, "/sse?events=6&intervalMs=100");
    const long = await openStream(run, "/sse?events=6&intervalMs=3000");
    await waitUntil(() => upstreams.tls.requests.length === 2, {
      deadlineMs: 10_000,
      what: "streams",
    });
    process.kill(pid, "SIGTERM");
    // Two seconds, and some for a busy machine.
    await waitUntil(() => !all.some(isRunning), { deadlineMs: 4_000, what: "end of everything" });
    test.match(await short.answer, { status: 200, complete: true });
    const cut = await long.answer;
    test.not(cut?.complete, true);
    test.equal(await gateway.close(), 0);
    const stopping = gateway.events.find(({ kind }) => kind === "stopping");
    test.match(stopping, { kind: "stopping", inFlight: 1 });
    test.same(readdirSync(join(gateway.home, "run")), []);
  },
);

/** Milliseconds from the kill to the first answered request of a new tunnel. */
async function killEnvoy(gateway: RunningGateway, run: AgentAccess): Promise<number> {
  const [envoy = 0] = (await gateway.pids()).envoys;
  const started = performance.now();
  process.kill(envoy, "SIGKILL");
  await waitUntil(() => !isRunning(envoy), { deadlineMs: 10_000, what: "end of Envoy" });
  await waitUntil(async () => (await requestThrough(run, url)).status === 200, {
    deadlineMs: 20_000,
    what: "answer after the kill",
  });
  return Math.round(performance.now() - started);
}

/** A stream whose end is waited for by the caller: a promise in an object is not awaited by `async`. */
async function openStream(run: AgentAccess, path: string) {
  const socket = await openSecureTunnel(run, "allowed.test:443");
  const answer = httpOver(socket, { path, authority: "allowed.test" }).catch(() => undefined);
  return { answer };
}

async function untilReady(gateway: LaunchedGateway): Promise<void> {
  await waitUntil(async () => (await gateway.status()).gateways[0]?.ready, {
    deadlineMs: 10_000,
    what: "ready gateway",
  });
}

function writePolicy(test: TestScope): { readonly home: string; readonly paths: string[] } {
  const root = temporaryDirectory(test);
  const paths = Object.entries(manifests).map(([name, text]) => {
    const path = join(root, name);
    writeFileSync(path, text);
    return path;
  });
  return { home: join(root, "home"), paths };
}

function canConnect({ address, port }: Endpoint): Promise<boolean> {
  const socket = connect({ host: address, port });
  return new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
