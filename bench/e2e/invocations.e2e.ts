/**
 * Invocations as people see them: a command of `clrk run` goes through its phases with what it used, seen by get, list,
 * watch and wait; a kill of the control process loses none, doubles nothing and takes no phase back; a kill of a gateway
 * ends its runs, and no others.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { needsKubectl, openKubectlClient } from "../harness/kubectl.ts";
import { runProcess, waitUntil } from "../harness/processes.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const { program, skip } = await needsKubectl();
const launcher = join(import.meta.dirname, "../../bin/clrk.mjs");
const group = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default";
const path = `${group}/invocations`;
const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test"] });
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({ ...upstreams }),
    "routes.yaml": [
      allowHosts("echo", ["echo.test"]),
      objectManifest("AIProviderRoute", "models", {
        rules: [
          {
            matches: [{ provider: "openai" }],
            filters: [{ type: "TokenBudget", tokenBudget: { maxCostPerExecution: "20" } }],
          },
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
const { home } = gateway;
let control = await startControlProcess(t, { home });

interface SeenInvocation {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly parentRef: { readonly name: string } };
  readonly status: {
    readonly phase: string;
    readonly completionTime?: string;
    readonly trace?: { readonly traceID: string };
    readonly conditions: readonly { readonly reason: string }[];
    readonly usage?: Readonly<Record<string, unknown>>;
  };
}

async function list(query = ""): Promise<readonly SeenInvocation[]> {
  const { status, body } = await control.request("GET", `${path}?${query}`);
  if (status !== 200) throw new Error(`Cannot list invocations: ${JSON.stringify(body)}`);
  return JSON.parse(JSON.stringify(body)).items;
}

/** What the agent does: one request that is allowed, one that is not, and a call of a model. */
const agent = `
const body = JSON.stringify({ model: "gpt-5-mini", messages: [{ role: "user", content: "hi" }] });
await (await fetch("https://echo.test/bytes/9")).text();
await fetch("https://denied.test/").then((answer) => answer.text(), () => {});
const headers = { "content-type": "application/json" };
const answer = await fetch("https://api.openai.com/v1/chat/completions", { method: "POST", headers, body });
await answer.text();
process.exit(Number(process.argv[1]));
`;

async function run(name: string, exitCode: number) {
  const { PATH = "", HOME = "/" } = process.env;
  const words = [process.execPath, "--input-type=module", "-e", agent, String(exitCode)];
  const outcome = await runProcess(
    {
      command: process.execPath,
      arguments: [launcher, "run", "--quiet", "--agent", name, "--", ...words],
      environment: { PATH, HOME, CLRK_HOME: home },
    },
    60_000,
  );
  t.equal(outcome.exitCode, exitCode, outcome.stderr);
}

async function restart(before: ControlProcess): Promise<void> {
  before.child.signal("SIGKILL");
  await before.child.exited;
  const { port } = new URL(before.url);
  control = await startControlProcess(t, { home, arguments: ["--port", port] });
}

const ended = { requests: 3, denials: 1, unpriced: 0 };

t.test("a command is seen from its begin to its end, with what it used", async (test) => {
  await run("worker", 0);
  await run("failer", 3);
  const seen = await waitUntil(
    async () => {
      const items = await list();
      const isAll = items.every(({ status }) => {
        return status.completionTime !== undefined && status.usage?.["requests"] === 3;
      });
      return items.length === 2 && isAll ? items : undefined;
    },
    { deadlineMs: 15_000, what: "both invocations with their usage" },
  );
  test.match(seen, [
    {
      spec: { parentRef: { kind: "Process", name: "failer" }, trigger: { type: "CLI" } },
      status: { phase: "Failed", exitCode: 3, usage: ended },
    },
    { spec: { parentRef: { name: "worker" } }, status: { phase: "Succeeded", usage: ended } },
  ]);
  const usage = seen[1]?.status.usage;
  test.match(usage, { models: [{ model: "gpt-5-mini", requests: 1, denials: 0 }] });
  test.ok(Number(usage?.["inputTokens"]) > 0 && Number(usage?.["outputTokens"]) > 0);
  test.ok(Number(usage?.["cost"]) > 0, "priced");
  const below = await control.request("GET", `${group}/processes/worker/invocations`);
  test.match(below.body, { kind: "InvocationList", items: [{ status: { phase: "Succeeded" } }] });
});

t.test("kubectl gets, describes, waits and watches", { skip, timeout: 120_000 }, async (test) => {
  const client = openKubectlClient(test, { program, kubeconfig: control.kubeconfig });
  const kubectl = async (line: string, exitCode = 0) => {
    const outcome = await client.run(line.split(" "));
    test.equal(outcome.exitCode, exitCode, `kubectl ${line}: ${outcome.stderr}`);
    return outcome.stdout + outcome.stderr;
  };
  const table = await kubectl("get invocations -o wide");
  test.match(
    table,
    /^NAME +AGENT +TRIGGER +PHASE +CALLS +TOKENS +COST +DURATION +EXIT +TRACE +AGE\n/,
  );
  test.match(table, /failer +CLI +Failed +3 +\d+ +0\.\d+ +\d+s +3 +[0-9a-f]{32} +\d+s/);
  const selected = await kubectl(
    "get inv --field-selector status.phase=Failed,spec.parentRef.name=failer -o name",
  );
  test.match(selected, /^invocation\.clrk\.apoxy\.dev\/[-0-9a-f]{36}\n$/);
  const name = selected.trim();
  test.equal(
    await kubectl(
      "get inv -l clrk.apoxy.dev/agent=failer,clrk.apoxy.dev/agent-kind=Process -o name",
    ),
    selected,
  );
  test.match(await kubectl(`get ${name} -o yaml`), /phase: Failed/);
  test.match(await kubectl(`describe ${name}`), /Exit Code: +3/);
  test.match(await kubectl("explain inv.status.usage.cost"), /USD/);
  test.match(await kubectl("api-resources --api-group=clrk.apoxy.dev"), /^invocations +inv /m);
  const discovered = await kubectl("get --raw /apis/clrk.apoxy.dev/v1alpha1");
  for (const path of ["invocations/status", "processes/invocations", "taskagents/invoke"]) {
    test.match(discovered, `"name":"${path}"`);
  }
  test.match(await kubectl("auth can-i get invocations --subresource=status"), /^yes/);
  test.match(await kubectl(`delete ${name}`, 1), /\(MethodNotAllowed\)/);
  test.match(await kubectl(`label ${name} a=b`, 1), /\(MethodNotAllowed\)/);

  const watch = client.start(["get", "inv", "-w", "--no-headers"]);
  const follow = { deadlineMs: 15_000, what: "the watch to tell of the run" };
  // It goes on from the list that it shows first, so that it misses nothing from here on.
  await watch.waitUntilReady(({ stdout }) => stdout.includes("failer"), follow);
  const registered = await gateway.registerRun("watched");
  const id = registered.invocationId;
  await watch.waitUntilReady(({ stdout }) => stdout.includes(id), follow);
  const waiting = client.run(
    `wait inv/${id} --for=jsonpath={.status.usage.requests}=1 --timeout=20s`.split(" "),
  );
  await requestThrough(registered, "https://echo.test/bytes/1");
  await registered.end();
  test.match(await waiting, { exitCode: 0, stdout: /condition met/ });
  await watch.close();
});

t.test("a kill of the control process loses, doubles and takes back nothing", async (test) => {
  const isOver = ({ status }: SeenInvocation) => !["Dispatched", "Running"].includes(status.phase);
  // The end of the last run of the story before may be on its way.
  const before = await waitUntil(
    async () => {
      const items = await list();
      return items.every(isOver) ? items : undefined;
    },
    { deadlineMs: 10_000, what: "the end of what ran before" },
  );
  const version = Math.max(...before.map(({ metadata }) => Number(metadata.resourceVersion)));
  const runs = await Promise.all([1, 2, 3, 4].map((one) => gateway.registerRun(`killed-${one}`)));
  const request = () =>
    Promise.all(runs.map((one) => requestThrough(one, "https://echo.test/bytes/1")));
  for (let round = 0; round < 3; round++) {
    await request();
    await restart(control);
    await request();
  }
  for (const one of runs) await one.end();
  const after = await waitUntil(
    async () => {
      const items = await list("labelSelector=clrk.apoxy.dev/agent-kind=Process");
      const mine = items.filter(({ metadata }) => {
        return runs.some(({ invocationId }) => invocationId === metadata.name);
      });
      const isAll = mine.every((one) => isOver(one) && Number(one.status.usage?.["requests"]) >= 6);
      return mine.length === runs.length && isAll ? items : undefined;
    },
    { deadlineMs: 20_000, what: "all runs at their end" },
  );
  for (const { invocationId } of runs) {
    const found = after.find(({ metadata }) => metadata.name === invocationId);
    test.equal(found?.status.usage?.["requests"], 6);
  }
  for (const { metadata, status } of before) {
    const same = after.find((one) => one.metadata.name === metadata.name);
    test.same(same?.status, status, "nothing of the past has changed");
  }
  if (skip !== false) return;
  const client = openKubectlClient(test, { program, kubeconfig: control.kubeconfig });
  const query = `watch=1&timeoutSeconds=1&resourceVersion=${version}`;
  const { stdout } = await client.run(["get", "--raw", `${path}?${query}`]);
  for (const { invocationId } of runs) {
    test.match(stdout, new RegExp(`"type":"ADDED".*${invocationId}`), "resumed over the kills");
  }
  test.notMatch(stdout, /"ERROR"/);
});

t.test("runs of a gateway that was killed end, once, and those of others go on", async (test) => {
  const manifests = { "gateway.yaml": gatewayManifest({ ...upstreams }) };
  const killed = await startGateway(test, { manifests, home });
  const orphans = await Promise.all([1, 2].map((one) => killed.registerRun(`orphan-${one}`)));
  const spared = await gateway.registerRun("spared");
  const find = async (id: string) =>
    (await list()).find(({ metadata }) => metadata.name === id) ?? undefined;
  const until = (what: string, isSo: (found: readonly SeenInvocation[]) => boolean) =>
    waitUntil(
      async () => {
        const ids = [...orphans, spared].map(({ invocationId }) => invocationId);
        const found = (await Promise.all(ids.map(find))).filter((one) => one !== undefined);
        return found.length === ids.length && isSo(found) ? found : undefined;
      },
      { deadlineMs: 20_000, what, intervalMs: 200 },
    );
  await until("all runs", (found) => found.every(({ status }) => status.phase === "Running"));
  // Nobody is there to see it go.
  control.child.signal("SIGKILL");
  await control.child.exited;
  killed.child.kill("SIGKILL");
  await restart(control);
  const isOver = ({ status }: SeenInvocation) => status.completionTime !== undefined;
  const seen = await until("ends of both orphans", ([a, b]) =>
    [a, b].every((it) => it && isOver(it)),
  );
  const gone = { phase: "Failed", conditions: [{ type: "Complete", reason: "GatewayGone" }] };
  test.match(seen, [{ status: gone }, { status: gone }, { status: { phase: "Running" } }]);
  for (const { status } of seen.slice(0, 2)) {
    const told = () => control.request("GET", `${group}/traces/${status.trace?.traceID}`);
    await waitUntil(async () => JSON.stringify((await told()).body).includes('"GatewayGone"'), {
      deadlineMs: 20_000,
      what: "the root span of a run whose gateway was killed",
    });
  }
  await requestThrough(spared, "https://echo.test/bytes/1");
  await restart(control);
  const again = await until("the request of the run that goes on", (found) => {
    return found[2]?.status.usage?.["requests"] === 1;
  });
  test.same(again.slice(0, 2), seen.slice(0, 2), "what has ended does so once");
  await spared.end();
  const last = await until("its end", (found) => found.every(isOver));
  test.match(last[2]?.status, { phase: "Failed", conditions: [{ reason: "ExitUnknown" }] });
});

t.test("2,000 invocations are paged in one state while others come", async (test) => {
  const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
  const write = (from: number, count: number) => {
    const lines = Array.from({ length: count }, (_, index) => eventLine(idOf(from + index)));
    appendFileSync(join(home, "records/invocations-1.jsonl"), lines.join(""));
  };
  write(0, 2_000);
  const selector = "labelSelector=clrk.apoxy.dev/agent=many";
  await waitUntil(async () => (await list(selector)).length === 2_000, {
    ...{ deadlineMs: 60_000, what: "2,000 invocations", intervalMs: 500 },
  });
  const names = new Set<string>();
  let pages = 0;
  let token = "";
  do {
    const { body } = await control.request(
      "GET",
      `${path}?${selector}&limit=150&continue=${token}`,
    );
    const page = JSON.parse(JSON.stringify(body));
    for (const { metadata } of page.items) names.add(metadata.name);
    token = page.metadata.continue ?? "";
    write(2_000 + 10 * pages, 10);
    pages++;
  } while (token !== "");
  test.equal(pages, 14);
  test.equal(names.size, 2_000, "none twice, none missing");
  test.ok(
    [...names].every((name) => name < idOf(2_000)),
    "and none that came later",
  );
});

/** A line as a gateway writes it of a run. */
function eventLine(id: string): string {
  const event = {
    ...{ id, phase: "Running", atUnixMs: Date.now() },
    agent: { kind: "Process", namespace: "default", name: "many", uid: "" },
    trigger: { type: "CLI", source: "" },
    ...{ audiences: [], root: null, exitCode: null, reason: "", message: "" },
  };
  return `${JSON.stringify(event)}\n`;
}
