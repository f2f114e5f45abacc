/** Budgets of calls that others serve: translated, tried one after another, and never sent. */
import t from "tap";
import type { EgressRecord } from "../../gateway/record.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { freePort } from "../harness/free-port.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { waitUntil } from "../harness/processes.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t);
const backend = (name: string) => ({ group: "clrk.apoxy.dev", kind: "Backend", name });
const rule = (model: string, backends: readonly string[], tokenBudget: object) => ({
  matches: [{ provider: "openai", models: [model] }],
  filters: [{ type: "TokenBudget", tokenBudget }],
  backendRefs: backends.map(backend),
});
const tokenBudget = { maxOutputTokensPerRequest: 25, maxTokensPerExecution: 100_000 };
const closed = await freePort();

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "backends.yaml": [
      objectManifest("Backend", "claude", {
        schema: { name: "anthropic" },
        upstream: { host: "api.anthropic.com" },
        modelRewrites: [{ from: "*", to: "claude-sonnet-4-5" }],
      }),
      objectManifest("Backend", "closed", {
        schema: { name: "openai" },
        upstream: { host: "127.0.0.1", port: closed },
      }),
    ].join(""),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "served", {
        rules: [
          rule("to-claude", ["claude"], tokenBudget),
          rule("to-nobody", ["closed"], tokenBudget),
        ],
      }),
      objectManifest("AIProviderRoute", "walk", {
        rules: [rule("walk", ["closed", "claude"], { ...tokenBudget, maxCostPerDay: "1" })],
      }),
    ].join(""),
    "policies.yaml": [
      objectManifest("FallbackRoutingPolicy", "walk", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "walk" }],
      }),
      ...["served", "walk"].map((route) =>
        headerCredential({
          secret: "anthropic",
          route: { kind: "AIProviderRoute", name: route, sectionName: "claude" },
          headerName: "x-api-key",
        }),
      ),
    ].join(""),
  },
  secrets: [{ name: "anthropic", value: anthropicKey }],
});

const chat = (run: GatewayRun, model: string) =>
  requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${openAiKey}` },
    body: JSON.stringify({
      model,
      max_tokens: 400,
      messages: [{ role: "user", content: "Tell me of the sea" }],
    }),
  });
const isOf = (run: GatewayRun) => (record: EgressRecord) => record.agent?.uid === run.runId;
const lastSent = () => JSON.parse(upstreams.tls.requests.at(-1)?.body.toString() ?? "{}");

t.test(
  "a translated call is bounded where it goes, and charged as it is counted there",
  async (test) => {
    const run = await gateway.registerRun("translated");
    const { status, body } = await chat(run, "to-claude");
    test.equal(status, 200);
    test.match(lastSent(), { model: "claude-sonnet-4-5", max_tokens: 25 });
    const { usage } = JSON.parse(body.toString());
    const record = await gateway.waitForRecord(isOf(run));
    test.match(record, { charge: { tokens: usage.total_tokens, estimated: false } });
    const micro = usage.prompt_tokens * 3 + usage.completion_tokens * 15;
    test.equal(Number(record.charge?.cost) * 1e6, micro, "by the price of the model that served");
  },
);

t.test("a call that reached nobody is charged nothing", async (test) => {
  const run = await gateway.registerRun("unsent");
  const { status, headers } = await chat(run, "to-nobody");
  test.equal(status, 503);
  test.equal(headers["x-clrk-unsent"], "true");
  test.match(await gateway.waitForRecord(isOf(run)), { charge: { tokens: 0, estimated: false } });
});

t.test("a backend whose model has no price is not asked under a limit in money", async (test) => {
  const run = await gateway.registerRun("walker");
  const { status, body } = await chat(run, "walk");
  test.equal(status, 200, body.toString());
  test.match(lastSent(), { model: "claude-sonnet-4-5", max_tokens: 25 });
  const { usage } = JSON.parse(body.toString());
  const record = await gateway.waitForRecord(isOf(run));
  test.match(record, { charge: { tokens: usage.total_tokens, estimated: false } });
  test.equal(record.routing?.attempts.length, 1);
  const counts = await waitUntil(
    async () => {
      const items = await gateway.budgets();
      const found = items.filter(({ name }) => name === "AIProviderRoute/default/walk/0");
      return found.every(({ reserved, used }) => reserved === 0 && used > 0) ? found : undefined;
    },
    { deadlineMs: 20_000, what: "settled counts" },
  );
  test.same(
    counts.map(({ scope, unit }) => `${scope} ${unit}`),
    ["day usd", "execution tokens"],
  );
});

t.test("a walk over several backends is one call", async (test) => {
  await gateway.change(
    "routes-of-walk.yaml",
    [
      objectManifest("AIProviderRoute", "walk2", {
        rules: [rule("walk-on", ["closed", "claude"], tokenBudget)],
      }),
      objectManifest("FallbackRoutingPolicy", "walk2", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "walk2" }],
      }),
      headerCredential({
        secret: "anthropic",
        route: { kind: "AIProviderRoute", name: "walk2", sectionName: "claude" },
        headerName: "x-api-key",
      }),
    ].join(""),
  );
  const run = await gateway.registerRun("walker2");
  const { status, body } = await chat(run, "walk-on");
  test.equal(status, 200, body.toString());
  test.match(lastSent(), { max_tokens: 25 });
  const { usage } = JSON.parse(body.toString());
  const record = await gateway.waitForRecord(isOf(run));
  test.match(record, { charge: { tokens: usage.total_tokens, estimated: false } });
  test.equal(record.routing?.attempts.length, 2);
});
