/** Budgets while threads of the engine are killed under load: nothing that the provider counted is lost. */
import t from "tap";
import { openEngine } from "../../extproc/server.ts";
import { silentLogger } from "../../gateway/log.ts";
import { secureRequest } from "../../gateway/testdata/agent.ts";
import { startRig } from "../../gateway/testdata/envoy-rig.ts";
import {
  enginePlan,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "../../gateway/testdata/gateway-snapshot.ts";
import { testCertificatePem, testPrivateKeyPem } from "../../gateway/testdata/leaf.ts";
import { startModelServer } from "../harness/model-server.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { evaluateInWorkers } from "../harness/worker-threads.ts";

const host = "api.openai.com";
const request = {
  method: "POST",
  path: "/v1/chat/completions",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ model: "gpt-4.1", messages: [], max_tokens: 100 }),
};
const tokensOfCall = 7;
const answer = JSON.stringify({
  id: "chatcmpl-1",
  model: "gpt-4.1",
  choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: tokensOfCall },
});
const count = { name: "default/team", scope: "day", unit: "tokens", limit: 100_000_000 } as const;
const plan = enginePlan({
  routing: {
    otherwise: "next",
    rules: [
      {
        route: { kind: "AIProviderRoute", namespace: "default", name: "openai" },
        ...{ ruleIndex: 0, endpoints: [], models: [], meters: true },
        budget: { counts: [count] },
        candidates: [
          {
            ...{ pick: "", backend: null, provider: "", basePath: "", authority: "" },
            ...{ tier: 0, weight: 1, modelRewrites: [], streamUsage: false, queryCredentials: [] },
          },
        ],
      },
    ],
  },
});

const upstream = await startModelServer(t, {
  certificatePem: testCertificatePem,
  privateKeyPem: testPrivateKeyPem,
});
const directory = temporaryDirectory(t);

async function stand() {
  const rig = await startRig(t);
  const engine = await openEngine({
    directory: rig.directory,
    budgetsDirectory: directory,
    threads: 2,
    onFacts: (facts) => rig.addFacts(facts),
    log: silentLogger,
  });
  t.teardown(() => engine.close());
  const alias = { address: "127.0.0.1", port: upstream.port };
  const rule = httpRule({ engine: plan, provider: "openai" });
  const snapshot = gatewaySnapshot({ hosts: [{ ...hostPolicy(host, rule), alias }] });
  await engine.publish({ revision: 1, gateways: [snapshot] }, new Map());
  await rig.publish(snapshot, { engineSockets: engine.sockets });
  return { rig, engine };
}

const answerSoon = () =>
  upstream.answerWith((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    // In two pieces, so that many calls are in the middle of their answer.
    response.write(answer.slice(0, 40));
    setImmediate(() => response.end(answer.slice(40)));
  });

t.test("threads that are killed under load lose no spend", { timeout: 120_000 }, async (test) => {
  answerSoon();
  const { rig, engine } = await stand();
  const usedNow = () => engine.budgets()[0]?.used ?? 0;
  test.equal((await secureRequest(rig, host, request)).status, 200);
  await waitUntil(() => usedNow() === tokensOfCall, { deadlineMs: 20_000, what: "the first call" });
  let passed = 1;
  let lost = 0;
  for (let round = 0; round < 3; round++) {
    const before = upstream.received.length;
    const calls = Array.from({ length: 40 }, () =>
      secureRequest(rig, host, request).then(
        ({ status }) => (status === 200 ? passed++ : lost++),
        () => lost++,
      ),
    );
    await waitUntil(
      () => upstream.received.length >= before + 10 || passed + lost >= 40 * (round + 1),
      {
        deadlineMs: 20_000,
        what: "calls under way",
      },
    );
    const serves = `process.getActiveResourcesInfo().includes("PipeWrap")`;
    await evaluateInWorkers("engine", `if (${serves}) process.exit(1)`);
    await Promise.all(calls);
    await waitUntil(() => engine.status().threads.serving === 2, {
      deadlineMs: 20_000,
      what: "threads in place of those that were killed",
    });
  }
  const use = await waitUntil(() => engine.budgets().find(({ reserved }) => reserved === 0), {
    deadlineMs: 20_000,
    what: "the end of all reservations",
  });
  // Of a call whose thread is lost at least the names in its body are charged: more than the 3 tokens of this provider.
  const counted = upstream.received.length * tokensOfCall;
  const reservation = Buffer.byteLength(request.body) + 1_024 + 100;
  test.ok(lost > 0 && engine.status().replaced >= 2, `${lost} lost`);
  test.ok(use.used >= counted, `${use.used} charged, ${counted} counted by the provider`);
  // A thread may end after its agent has the whole answer and before it has settled: all calls but the first may be so.
  const most = tokensOfCall + (passed - 1 + lost) * reservation;
  test.ok(use.used <= most, `${use.used} charged, ${most} at most`);
  test.same(engine.status().budgets, { exhausted: 0, full: 0, unwritten: 0, failure: "" });
  await engine.close();

  const next = await stand();
  test.equal(next.engine.budgets()[0]?.used, use.used, "the next life goes on with it");
  await next.engine.close();
});
