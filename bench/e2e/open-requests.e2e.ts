/** A ceiling of open requests for each agent: to the number, over executions and threads, and free again however one ends. */
import type { ServerResponse } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { openEngine } from "../../extproc/server.ts";
import { silentLogger } from "../../gateway/log.ts";
import { secureRequest } from "../../gateway/testdata/agent.ts";
import { startRig } from "../../gateway/testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../../gateway/testdata/gateway-snapshot.ts";
import { testCertificatePem, testPrivateKeyPem } from "../../gateway/testdata/leaf.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest } from "../harness/gateway-manifests.ts";
import { startModelServer } from "../harness/model-server.ts";
import type { ModelServer } from "../harness/model-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";
import { evaluateInWorkers } from "../harness/worker-threads.ts";

const authority = createUpstreamAuthority();
const upstream = await startModelServer(t, authority.issue(["held.test"]));
const most = 3;
const gateway = await startGateway(t, {
  engineThreads: 2,
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [{ port: upstream.port, hostnames: ["held.test"] }],
      upstreamCa: authority.certificatePem,
      spec: { limits: { maxConcurrentRequests: most } },
    }),
    "routes.yaml": allowHosts("held", ["held.test"]),
  },
});

/** Has the server wait with its answers until it is told. */
function hold(server: ModelServer) {
  const held: ServerResponse[] = [];
  server.answerWith((_, response) => held.push(response));
  return {
    held,
    until: (count: number) =>
      waitUntil(() => held.length >= count, { what: `${count} requests`, deadlineMs: 10_000 }),
    release: () => {
      for (const response of held.splice(0)) response.end("done");
    },
  };
}

const ask = async (run: GatewayRun) => {
  const { status, headers } = await requestThrough(run, "https://held.test/");
  return { status, reason: headers["x-clrk-deny-reason"], after: headers["retry-after"] };
};
const statuses = (answers: readonly { readonly status: number }[], wanted: number) =>
  answers.filter(({ status }) => status === wanted).length;

/** Places are free when Envoy has told the engine so, a moment after the answer. */
async function eventuallyPasses(test: Test, run: GatewayRun): Promise<void> {
  upstream.answerWith((_, response) => response.end("done"));
  const passes = async () => (await ask(run)).status === 200;
  test.ok(await waitUntil(passes, { what: "a free place", deadlineMs: 10_000 }));
}

t.test("an agent has so many requests open, in whatever executions", async (test) => {
  const runs = [await gateway.registerRun("busy"), await gateway.registerRun("busy")];
  const other = await gateway.registerRun("other");
  for (let round = 0; round < 3; round++) {
    const { until, release, held } = hold(upstream);
    const asked = Array.from({ length: 12 }, (_, index) => ask(runs[index % 2] ?? other));
    const refused: number[] = [];
    for (const one of asked) void one.then(({ status }) => status === 429 && refused.push(status));
    await until(most);
    await waitUntil(() => refused.length === 12 - most, { what: "refusals", deadlineMs: 10_000 });
    const others = Promise.all([ask(other), ask(other)]);
    await until(most + 2);
    test.equal(held.length, most + 2);
    release();
    const answers = await Promise.all(asked);
    test.equal(statuses(answers, 200), most);
    test.match(
      answers.find(({ status }) => status === 429),
      { reason: "too-many-open", after: "1" },
    );
    test.equal(statuses(await others, 200), 2, "another agent's own");
    for (const run of [...runs, other]) await eventuallyPasses(test, run);
  }
  const record = await gateway.waitForRecord(({ decision }) => decision.verdict === "deny");
  test.match(record, { response: { status: 429 }, decision: { reason: "too-many-open" } });
});

t.test("a request is open until its answer has ended", async (test) => {
  const run = await gateway.registerRun("streams");
  const { held, until, release } = hold(upstream);
  const asked = Array.from({ length: most }, () => ask(run));
  await until(most);
  for (const response of held) response.writeHead(200).write("begun");
  test.equal((await ask(run)).status, 429);
  release();
  test.equal(statuses(await Promise.all(asked), 200), most);
  await eventuallyPasses(test, run);
});

t.test("a request whose agent goes is open no more", async (test) => {
  const run = await gateway.registerRun("gone");
  const { until } = hold(upstream);
  const sockets = await Promise.all(
    Array.from({ length: most }, () => openSecureTunnel(run, "held.test:443")),
  );
  for (const socket of sockets) socket.write("GET / HTTP/1.1\r\nhost: held.test\r\n\r\n");
  await until(most);
  test.equal((await ask(run)).status, 429);
  for (const socket of sockets) socket.destroy();
  await eventuallyPasses(test, run);
});

t.test("what is refused holds nothing", async (test) => {
  const run = await gateway.registerRun("refused");
  for (let index = 0; index < 2 * most; index++) {
    test.equal((await requestThrough(run, "https://unlisted.test/")).status, 403);
  }
  await eventuallyPasses(test, run);
});

t.test("what a killed thread had open is open no more", async (test) => {
  const server = await startModelServer(test, {
    certificatePem: testCertificatePem,
    privateKeyPem: testPrivateKeyPem,
  });
  const rig = await startRig(test);
  const engine = await openEngine({
    directory: rig.directory,
    threads: 2,
    onFacts: (facts) => rig.addFacts(facts),
    log: silentLogger,
  });
  test.teardown(() => engine.close());
  const alias = { address: "127.0.0.1", port: server.port };
  const snapshot = gatewaySnapshot({
    maxConcurrentRequests: 2,
    hosts: [{ ...hostPolicy("held.example.com", httpRule()), alias }],
  });
  await engine.publish({ revision: 1, gateways: [snapshot] }, new Map());
  test.equal((await rig.publish(snapshot, { engineSockets: engine.sockets })).kind, "live");
  const request = { method: "GET", path: "/" };
  const send = async () => (await secureRequest(rig, "held.example.com", request)).status;
  for (let round = 0; round < 2; round++) {
    const { until } = hold(server);
    const lost = [send(), send()];
    await until(2);
    test.equal(await send(), 429);
    const serves = `process.getActiveResourcesInfo().includes("PipeWrap")`;
    await evaluateInWorkers("engine", `if (${serves}) process.exit(1)`);
    test.same(await Promise.all(lost), [503, 503]);
    const isBack = () => {
      const { replaced, threads } = engine.status();
      return replaced === 2 * (round + 1) && threads.serving === 2;
    };
    await waitUntil(isBack, { what: "threads", deadlineMs: 20_000 });
  }
  const { until, release } = hold(server);
  const passed = [send(), send()];
  await until(2);
  test.equal(await send(), 429, "and no place was given twice");
  release();
  test.same(await Promise.all(passed), [200, 200]);
});
