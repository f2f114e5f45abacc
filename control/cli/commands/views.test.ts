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

/** Serves invocations alone, as a server that has them answers. */
async function startInvocations(t: Test, items: object[]) {
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
    const { pathname } = new URL(url, "https://localhost");
    const discovery = { kind: "APIGroupDiscoveryList", items: pathname === "/apis" ? [group] : [] };
    const rows = items.map((object) => ({ cells: [], object }));
    const table = {
      kind: "Table",
      metadata: { resourceVersion: "1" },
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
  return context;
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
  const context = await startInvocations(t, [invocationOf("a", 1, 2), invocationOf("b", 2, 5)]);
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
  t.equal(context.stderr(), "No invocations here; look everywhere: -A\n");
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
