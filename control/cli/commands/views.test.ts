/** Tests of the views: agents and pools of the real API server; invocations over HTTPS in the shape of their objects. */
import { createServer } from "node:https";
import t from "tap";
import type { Test } from "tap";
import { createServingCertificate } from "../../apiserver/serving-certificate.ts";
import { policies } from "../../apiserver/testdata/api-rig.ts";
import { openApiContext } from "../testdata/api-context.ts";
import { writeOwnKubeconfig } from "../testdata/api-target.ts";
import { createFakeContext, until } from "../testdata/fake-context.ts";
import { openFakeControl, statusWith } from "../testdata/fake-control.ts";

const at = "2026-11-24T00:05:00Z";
const run = {
  runId: "run-1",
  agent: "researcher",
  gateway: "default/default",
  command: "python",
  since: at,
  requests: 3,
  denied: 1,
};

function invocationOf(name: string, minute: number, requests: number) {
  const startTime = `2026-11-24T00:0${minute}:00.000000Z`;
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "Invocation",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      resourceVersion: "1",
      creationTimestamp: startTime,
    },
    spec: { parentRef: { kind: "Process", name: "researcher" }, trigger: { type: "Run" } },
    status: {
      phase: "Failed",
      startTime,
      completionTime: startTime,
      exitCode: 3,
      trace: { traceID: "0af7651916cd43dd8448eb211c80319c", rootSpanID: "b7ad6b7169203331" },
      usage: {
        requests,
        denials: 1,
        inputTokens: 100,
        outputTokens: 20,
        cost: "0.25",
        unpriced: 0,
        models: [],
      },
      conditions: [],
    },
  };
}

/** Serves invocations alone, as a server that has them answers: in pages, the newest first, and of one agent. */
async function startInvocations(t: Test, items: ReturnType<typeof invocationOf>[]) {
  const asked: string[] = [];
  const { authorityPem, chainPem, keyPem } = createServingCertificate(Date.now());
  const resource = {
    resource: "invocations",
    responseKind: { group: "clrk.apoxy.dev", version: "v1alpha1", kind: "Invocation" },
    scope: "Namespaced",
    singularResource: "invocation",
    verbs: ["get", "list", "watch"],
  };
  const group = {
    metadata: { name: "clrk.apoxy.dev" },
    versions: [{ version: "v1alpha1", resources: [resource] }],
  };
  const server = createServer({ cert: chainPem, key: keyPem }, ({ url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "https://localhost");
    const discovery = { kind: "APIGroupDiscoveryList", items: pathname === "/apis" ? [group] : [] };
    const [begin, limit] = ["continue", "limit"].map((name) => Number(searchParams.get(name)));
    const agent = /parentRef\.name=(\w+)/.exec(searchParams.get("fieldSelector") ?? "")?.[1];
    const fitting = items.filter(({ spec }) => [undefined, spec.parentRef.name].includes(agent));
    const end = (begin ?? 0) + (limit || 500);
    const rows = fitting.slice(begin, end).map((object) => ({ cells: [], object }));
    if (pathname.includes("invocations")) asked.push(`${begin}-${end}`);
    const table = {
      kind: "Table",
      metadata: { resourceVersion: "1", ...(end < fitting.length && { continue: String(end) }) },
      columnDefinitions: [],
      rows,
    };
    response.end(JSON.stringify(pathname.includes("invocations") ? table : discovery));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const context = await createFakeContext(t);
  await writeOwnKubeconfig(context, { authorityPem, server: { port } });
  return Object.assign(context, { asked });
}

t.test("agents() shows commands of clrk run by what the gateway counts", async (t) => {
  const { context } = await openApiContext(t, { nowMs: Date.UTC(2026, 10, 24, 0, 6) });
  const control = await openFakeControl(context.home);
  t.teardown(() => control.close());
  t.equal(await context.clrk("agents"), 0);
  t.equal(context.stderr(), "No agents here; look everywhere: -A\n");
  control.status = statusWith({ pid: process.pid, runs: [run] });
  t.equal(await context.clrk("agents"), 0);
  t.match(
    context.stdout(),
    /^NAME +KIND +PHASE +REQUESTS +TOKENS +COST +DENIED +LAST SEEN\nresearcher +Process +Running +3 +- +- +1 +60s ago\n$/,
  );
  const watching = context.clrk("agents", "-w", "-o", "json");
  await until(() => context.stdout().includes("\n"), context.stdout);
  control.status = statusWith({ pid: process.pid, runs: [{ ...run, requests: 4 }] });
  await until(() => context.stdout().split("\n").length > 2, context.stdout);
  context.interrupt("SIGINT");
  t.equal(await watching, 0);
  const counts = context
    .stdout()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).usage.requests);
  t.same(counts, [3, 4]);
});

t.test("agents() and invocations() show what invocations used", async (t) => {
  const context = await startInvocations(t, [invocationOf("b", 2, 5), invocationOf("a", 1, 2)]);
  t.equal(await context.clrk("agents"), 0, context.stderr());
  t.match(context.stdout(), /\nresearcher +Process +Failed +7 +200 → 40 +\$0\.50 +2 +4m ago\n$/);
  t.equal(await context.clrk("invocations"), 0);
  t.match(
    context.stdout(),
    /^NAME +AGENT .*\nb +researcher +Failed \(3\) +5 +100 → 20 +\$0\.25 +1 +4m\na +researcher /,
  );
  await context.clrk("invocations", "--limit", "1", "-o", "json");
  t.match(JSON.parse(context.stdout()), {
    invocations: [
      { name: "b", agent: "researcher", exitCode: 3, traceId: /^0af7/, usage: { cost: "0.25" } },
    ],
  });
  await context.clrk("invocations", "--agent", "other");
  t.equal(context.stderr(), "No invocations that fit here; look everywhere: -A\n");
  t.equal(await context.clrk("invocations", "--agent", "Other"), 2);
});

t.test("views have names, YAML and wide columns", async (t) => {
  const context = await startInvocations(t, [invocationOf("a", 1, 2)]);
  await context.clrk("agents", "-o", "name");
  t.equal(context.stdout(), "process/researcher\n");
  await context.clrk("agents", "-o", "yaml");
  t.match(context.stdout(), /^agents:\n {2}- namespace: default\n {4}name: researcher\n/);
  await context.clrk("agents", "-o", "wide", "-A");
  t.match(
    context.stdout(),
    /^NAMESPACE +NAME .* LAST SEEN +POOL +REVISION +IMAGE\ndefault .* - +- +-\n$/,
  );
  await context.clrk("agents", "-l", "team=red");
  t.equal(context.stderr(), "No agents that fit here; look everywhere: -A\n");
  await context.clrk("invocations", "-o", "name");
  t.equal(context.stdout(), "invocation.clrk.apoxy.dev/a\n");
  await context.clrk("invocations", "-o", "wide");
  t.match(
    context.stdout(),
    / AGE +KIND +TRIGGER +STARTED +TRACE\na .* Process +Run +2026-\S+ +0af7\S+\n$/,
  );
});

t.test("invocations() asks for no more than it shows, and says that there are more", async (t) => {
  const many = Array.from({ length: 1_200 }, (_, index) =>
    invocationOf(`i${index}`, 9 - Math.floor(index / 200), 1),
  );
  const context = await startInvocations(t, many);
  await context.clrk("invocations");
  t.same(context.asked.splice(0), ["0-50"]);
  t.equal(context.stdout().split("\n").length, 52);
  t.equal(context.stderr(), "There are more than these 50: --limit N\n");
  await context.clrk("invocations", "--limit", "700");
  t.same(context.asked.splice(0), ["0-500", "500-700"]);
  t.equal(context.stdout().split("\n").length, 702);
  t.equal(context.stderr(), "");
  await context.clrk("invocations", "--since", "2026-11-24T00:08:00Z");
  t.same(context.asked.splice(0), ["0-500"]);
  t.equal(context.stdout().split("\n").length, 402);
  await context.clrk("agents", "--since", "2026-11-24T00:08:00Z", "-o", "json");
  t.equal(JSON.parse(context.stdout()).agents[0].usage.requests, 400);
  t.equal(await context.clrk("invocations", "--since", "yesterday"), 2);
  t.match(context.stderr(), /^clrk: Cannot use "yesterday" for --since: Wanted how long ago/);
});

t.test("agents() counts the newest invocations, and says so", async (t) => {
  const many = Array.from({ length: 10_001 }, (_, index) => invocationOf(`i${index}`, 1, 1));
  const context = await startInvocations(t, many);
  await context.clrk("agents");
  t.match(context.stdout(), / 10000 +/);
  t.equal(
    context.stderr(),
    "Counted are the newest 10000 invocations; of a shorter time: --since 24h\n",
  );
});

t.test("pools() shows WorkerPools, and tells when no server has them", async (t) => {
  const { context, create } = await openApiContext(t);
  const path = policies.replace("ratelimitpolicies", "workerpools");
  const pool = {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "WorkerPool",
    metadata: { name: "small" },
  };
  await create(path, {
    ...pool,
    spec: { replicas: 2, template: { image: "registry.example.com/worker:1" } },
  });
  t.equal(await context.clrk("pools", "-A"), 0);
  t.match(
    context.stdout(),
    /^NAMESPACE +NAME +REPLICAS +READY +ACTIVE +AGE\ndefault +small +2 +0 +0 +\d+s\n$/,
  );
  const other = await startInvocations(t, []);
  t.equal(await other.clrk("pools"), 1);
  t.match(other.stderr(), /^clrk: Cannot show pools: no API server has them\n/);
});
