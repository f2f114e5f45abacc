/** Budgets of rules about all models, whose calls go the one way that their path says: nothing of them passes unread. */
import t from "tap";
import type { EgressRecord } from "../../gateway/record.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t);
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "route.yaml": objectManifest("AIProviderRoute", "all", {
      rules: [
        {
          matches: [{ provider: "openai" }],
          filters: [
            {
              type: "TokenBudget",
              tokenBudget: { maxOutputTokensPerRequest: 20, maxTokensPerExecution: 6_000 },
            },
          ],
        },
      ],
    }),
  },
});

const host = "https://api.openai.com";
const chatPath = "/v1/chat/completions";
const headers = { "content-type": "application/json", authorization: `Bearer ${openAiKey}` };
const chat = { model: "gpt-4.1", messages: [{ role: "user", content: "Tell me of the sea" }] };
const post = (run: GatewayRun, path: string, body: object, more: object = {}) =>
  requestThrough(run, `${host}${path}`, {
    method: "POST",
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
  });
const isOf = (run: GatewayRun) => (record: EgressRecord) => record.agent?.uid === run.runId;
const chargeOf = async (run: GatewayRun) => (await gateway.waitForRecord(isOf(run))).charge;

t.test("calls are bounded and counted, whole and as streams", async (test) => {
  for (const stream of [false, true]) {
    const run = await gateway.registerRun(`asks-${stream}`);
    const answer = await post(run, chatPath, { ...chat, max_tokens: 500, stream });
    test.equal(answer.status, 200);
    test.equal(answer.headers["x-clrk-served"], undefined, "the agent is told no cluster");
    const sent = JSON.parse(upstreams.tls.requests.at(-1)?.body.toString() ?? "null");
    test.equal(sent.max_tokens, 20);
    test.match(await chargeOf(run), { tokens: Number, estimated: false });
  }
});

t.test("calls that tell tokens unasked are counted too", async (test) => {
  const run = await gateway.registerRun("embeds");
  const body = { model: "text-embedding-3-small", input: "The sea" };
  await post(run, "/v1/embeddings", body);
  test.ok((await chargeOf(run)) !== undefined);
});

t.test("an execution ends where its budget does", async (test) => {
  const run = await gateway.registerRun("ends");
  const before = upstreams.tls.requests.length;
  const { status, headers: answered } = await post(run, chatPath, {
    ...chat,
    messages: [{ role: "user", content: "x".repeat(5_000) }],
  });
  test.equal(status, 429);
  test.equal(answered["x-clrk-deny-reason"], "budget-exhausted");
  test.equal(upstreams.tls.requests.length, before);
});

t.test("a call whose connection breaks before the answer is charged an estimate", async (test) => {
  const run = await gateway.registerRun("breaks");
  const heal = upstreams.tls.misbehave({ close: true });
  const { status, headers: answered } = await post(run, chatPath, chat);
  heal();
  test.equal(status, 503);
  test.equal(answered["x-clrk-deny-reason"], "unreachable");
  const charge = await chargeOf(run);
  test.ok(charge !== undefined && charge.tokens > 0, `charged ${charge?.tokens}`);
  test.equal(charge?.estimated, true);
});

t.test("nothing else gets by, by whatever path or protocol", async (test) => {
  const run = await gateway.registerRun("around");
  const before = upstreams.tls.requests.length;
  for (const path of ["/v1/batches", "/v1/chat%2Fcompletions", "/v1/./chat/../batches"]) {
    const { status } = await post(run, path, chat);
    test.ok(status >= 400 && status < 500, `${path}: ${status}`);
  }
  const upgrade = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  for (const path of [chatPath, "/v1/responses"]) {
    const { status } = await post(run, path, chat, upgrade);
    test.ok(status >= 400, `${path}: ${status}`);
  }
  const bodiless = await requestThrough(run, `${host}${chatPath}`, { method: "POST", headers });
  test.equal(bodiless.status, 400);
  const twice = '{"model":"gpt-4.1","max_tokens":1,"max_tokens":9}';
  const doubtful = await requestThrough(run, `${host}${chatPath}`, {
    method: "POST",
    headers,
    body: twice,
  });
  test.equal(doubtful.status, 400);
  test.equal(upstreams.tls.requests.length, before, "no provider saw any of it");
});

t.test("an error of the provider costs nothing", async (test) => {
  const run = await gateway.registerRun("fails");
  const heal = upstreams.tls.misbehave({ status: 500 });
  test.equal((await post(run, chatPath, chat)).status, 500);
  heal();
  test.match(await chargeOf(run), { tokens: 0, estimated: false });
});
