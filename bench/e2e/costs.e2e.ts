/**
 * What calls cost is one number wherever it is asked for: records, the invocation, spans, series and metrics of the gateway
 * say the same of calls under a budget and of others, and count what has no price instead of guessing.
 */
import { join } from "node:path";
import t from "tap";
import { formatMicroDollars, parseMicroDollars } from "../../crds/money.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, headerCredential, objectManifest } from "../harness/gateway-manifests.ts";
import { runProcess, waitUntil } from "../harness/processes.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const main = join(import.meta.dirname, "../../control/cli/main.ts");
const upstreams = await startUpstreams(t);
const control = await startControlProcess(t);
const { home } = control;
const gateway = await startGateway(t, {
  home,
  manifests: {
    "gateway.yaml": gatewayManifest({ ...upstreams }),
    "routes.yaml": [
      objectManifest("AIProviderRoute", "models", {
        rules: [
          {
            matches: [{ provider: "openai", models: ["gpt-5-mini"] }],
            filters: [{ type: "TokenBudget", tokenBudget: { maxCostPerExecution: "20" } }],
          },
          { matches: [{ provider: "openai" }] },
        ],
      }),
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "models" },
        headerName: "Authorization",
        valuePrefix: "Bearer ",
      }),
    ].join(""),
  },
  secrets: [{ name: "openai", value: openAiKey }],
});
const run = await gateway.registerRun("payer");
const { PATH = "" } = process.env;
const environment = { PATH, HOME: home, CLRK_HOME: home };

/** Under a budget, with a price alone, and with neither. */
const models = ["gpt-5-mini", "gpt-4o-mini", "gpt-5.5"];

for (const model of models) {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "What is it?" }] });
  const headers = { "content-type": "application/json" };
  const url = "https://api.openai.com/v1/chat/completions";
  const { status } = await requestThrough(run, url, { method: "POST", headers, body });
  if (status !== 200) throw new Error(`Cannot call ${model}: status ${status}`);
}
const records: readonly EgressRecord[] = await waitUntil(
  () => {
    const mine = gateway.records.filter(({ agent }) => agent?.uid === run.runId);
    return mine.length === models.length ? mine : undefined;
  },
  { deadlineMs: 10_000, what: "all records" },
);
const total = records.reduce((sum, { cost }) => sum + (cost ? parseMicroDollars(cost) : 0), 0);

async function clrk(...line: readonly string[]): Promise<string> {
  const words = ["--disable-warning=ExperimentalWarning", main, ...line];
  const { stdout, stderr } = await runProcess(
    { command: process.execPath, arguments: words, environment },
    30_000,
  );
  return stdout === "" ? stderr : stdout;
}

const probe = await clrk("traces", "process/payer");
const skip = /chdb/.test(probe) && "there is no embedded store";

t.test("records have their cost, with a budget and without", async (test) => {
  const recordOf = (model: string) => records.find((one) => one.model?.requestModel === model);
  const budgeted = recordOf("gpt-5-mini");
  test.match(budgeted, { charge: { estimated: false } });
  test.equal(budgeted?.cost, budgeted?.charge?.cost);
  test.match(recordOf("gpt-4o-mini"), { cost: /^0\.0\d+$/ });
  test.notOk(recordOf("gpt-4o-mini")?.charge);
  test.equal(recordOf("gpt-5.5")?.cost, null);
});

t.test("the invocation has their sum, and counts the one without a price", async (test) => {
  const path = `/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/invocations/${run.invocationId}`;
  const usage = await waitUntil(
    async () => {
      const found = Object(Object(await control.request("GET", path)).body).status?.usage;
      return found?.requests === models.length ? found : undefined;
    },
    { deadlineMs: 20_000, what: "its usage" },
  );
  test.match(usage, { cost: formatMicroDollars(total), unpriced: 1 });
  test.match(JSON.parse(await clrk("invocations", "-o", "json")), {
    invocations: [{ usage: { cost: formatMicroDollars(total), unpriced: 1 } }],
  });
});

t.test("spans and series say the same", { skip, timeout: 180_000 }, async (test) => {
  const spans = await waitUntil(
    async () => {
      const lines = (await clrk("traces", "process/payer")).split("\n").filter(Boolean);
      const isAll = lines.length === models.length && lines.every((line) => line.startsWith("{"));
      return isAll ? lines.join("") : undefined;
    },
    { deadlineMs: 60_000, what: "all spans", intervalMs: 200 },
  );
  const costs = [...spans.matchAll(/"clrk\.cost_usd","value":\{"doubleValue":([\d.e-]+)\}/g)];
  const sum = costs.reduce((all, [, text]) => all + Math.round(Number(text) * 1e6), 0);
  test.equal(costs.length, 2);
  test.equal(sum, total);
  const seriesOf = async (metric: string) => {
    const path = "/apis/metrics.clrk.apoxy.dev/v1alpha1/namespaces/default/processmetrics/payer";
    const { status, body } = await control.request("GET", `${path}/series?metric=${metric}`);
    test.equal(status, 200, JSON.stringify(body));
    const points = [...JSON.stringify(body).matchAll(/"value":"([\d.]+)"/g)];
    return points.reduce((all, [, text]) => all + Number(text), 0);
  };
  test.equal(Math.round((await seriesOf("gen_ai.cost")) * 1e6), total);
  test.equal(await seriesOf("gen_ai.unpriced"), 1);
});
