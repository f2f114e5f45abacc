/**
 * Agents through the real control process, as a user sees them: what is applied becomes revisions and conditions, workers
 * decide what is ready, a call is answered by one of them, and a kill loses nothing.
 */
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { request as httpsRequest } from "node:https";
import { readFileSync } from "node:fs";
import t from "tap";
import type { Test } from "tap";
import { parse } from "yaml";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { waitUntil } from "../harness/processes.ts";

const base = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default";
const apply = "application/apply-patch+yaml";
const merge = "application/merge-patch+json";
const plurals: Readonly<Record<string, string>> = {
  TaskAgent: "taskagents",
  DaemonAgent: "daemonagents",
  WorkerPool: "workerpools",
  EgressGateway: "egressgateways",
};

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever JSON comes
type Json = any;

async function put(control: ControlProcess, kind: string, name: string, spec: object) {
  const object = { apiVersion: "clrk.apoxy.dev/v1alpha1", kind, metadata: { name }, spec };
  const path = `${base}/${plurals[kind]}/${name}?fieldManager=test&force=true`;
  const { status, body } = await control.request("PATCH", path, { body: object, type: apply });
  if (status >= 300) throw new Error(`Cannot apply ${kind} ${name}: ${JSON.stringify(body)}`);
}

async function get(control: ControlProcess, path: string): Promise<Json> {
  return (await control.request("GET", `${base}/${path}`)).body;
}

async function revisions(control: ControlProcess): Promise<readonly string[]> {
  const { items } = await get(control, "agentsandboxrevisions?limit=2000");
  return items.map((one: Json) => one.metadata.name);
}

function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  return waitUntil(look, { deadlineMs: 30_000, what });
}

async function reasonOf(control: ControlProcess, path: string, type: string): Promise<string> {
  const { status = {} } = await get(control, path);
  return status.conditions?.find((one: Json) => one.type === type)?.reason ?? "";
}

const agent = (image: string, more: object = {}) => ({
  ...{ template: { spec: { image } }, workerPoolRef: "pool", egressRefs: [{ gatewayRef: "out" }] },
  ...more,
});

/** Says to be a worker of the revision. */
async function report(
  control: ControlProcess,
  revision: string,
  endpoint: string,
  activeExecutions = 0,
): Promise<void> {
  const lastHeartbeat = new Date().toISOString();
  const workers = [
    { podName: "w-1", imagePulled: true, endpoint, lastHeartbeat, activeExecutions },
  ];
  const path = `${base}/agentsandboxrevisions/${revision}/status`;
  const { status } = await control.request("PATCH", path, {
    body: { status: { workers } },
    type: merge,
  });
  if (status !== 200) throw new Error(`Cannot report: ${status}`);
}

async function startWorker(test: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("No address");
  return `127.0.0.1:${address.port}`;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function invoke(
  control: ControlProcess,
  options: { headers?: Record<string, string>; body?: string; config?: string } = {},
): Promise<Answer> {
  const config = parse(readFileSync(options.config ?? control.kubeconfig, "utf8"));
  const authority: string = config.clusters[0].cluster["certificate-authority-data"];
  return new Promise((resolve, reject) => {
    const call = httpsRequest(new URL(`${base}/taskagents/bot/invoke`, control.url), {
      ...{ method: "POST", ca: Buffer.from(authority, "base64"), agent: false },
      headers: { authorization: `Bearer ${config.users[0].user.token}`, ...options.headers },
    });
    call.once("error", reject);
    call.once("response", async (response) => {
      let text = "";
      try {
        for await (const chunk of response) text += chunk;
      } catch {
        text += " (broken off)";
      }
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
    });
    call.end(options.body);
  });
}

/** The span of a call's trace that has no parent; there is one. */
async function rootOf(control: ControlProcess, id: string): Promise<Json> {
  const { traceID } = (await get(control, `invocations/${id}`)).status.trace;
  return eventually("a root span", async () => {
    const { resourceSpans = [] } = await get(control, `traces/${traceID}`);
    const spans = resourceSpans.flatMap((one: Json) =>
      one.scopeSpans.flatMap((part: Json) => part.spans),
    );
    const [root, ...more] = spans.filter(({ parentSpanId = "" }: Json) => parentSpanId === "");
    return more.length === 0 ? root : undefined;
  });
}

t.test("what is applied becomes revisions and conditions", async (test) => {
  const control = await startControlProcess(test);
  await put(control, "TaskAgent", "bot", agent("agent:1"));
  await put(control, "DaemonAgent", "bot", agent("agent:1"));
  await eventually("two revisions", async () =>
    (await revisions(control)).length === 2 ? true : undefined,
  );
  const [daemon = "", task = ""] = await revisions(control);
  test.match(daemon, /^bot-daemon-/);
  test.match(task, /^bot-task-/);
  test.equal(await reasonOf(control, "taskagents/bot", "WorkerPoolReady"), "WorkerPoolNotFound");
  await put(control, "WorkerPool", "pool", { template: { image: "worker:1" } });
  await put(control, "EgressGateway", "out", { listeners: [{ name: "web", protocol: "HTTP" }] });
  await eventually("conditions that are fine", async () => {
    const found = await Promise.all(
      ["WorkerPoolReady", "EgressConfigured"].map((type) =>
        reasonOf(control, "daemonagents/bot", type),
      ),
    );
    return found.join() === "WorkerPoolFound,AllEgressRefsFound" ? true : undefined;
  });
  await put(
    control,
    "TaskAgent",
    "bot",
    agent("agent:1", { timeout: "7s", schedule: "0 0 1 1 *" }),
  );
  await eventually("a schedule", async () =>
    (await get(control, "taskagents/bot")).status.nextScheduleTime === undefined ? undefined : true,
  );
  const { status } = await get(control, "taskagents/bot");
  test.match(status.nextScheduleTime, /^\d{4}-01-01T00:00:00Z$/);
  test.equal((await revisions(control)).length, 2, "its sandbox is the same");
  await put(control, "TaskAgent", "bot", agent("agent:2"));
  await eventually("a third revision", async () =>
    (await revisions(control)).length === 3 ? true : undefined,
  );
  await control.request("DELETE", `${base}/taskagents/bot`);
  await eventually("its revisions to go", async () =>
    (await revisions(control)).join() === daemon ? true : undefined,
  );
});

t.test("a call is answered by a worker, and is an invocation", async (test) => {
  const control = await startControlProcess(test);
  await put(control, "WorkerPool", "pool", { template: { image: "worker:1" } });
  await put(control, "TaskAgent", "bot", agent("agent:1", { timeout: "2s", maxConcurrent: 2 }));
  const early = await eventually("an early answer", async () => {
    const answer = await invoke(control);
    // Until the log of invocations is open, that is what a caller is told.
    return answer.text.includes("ServiceUnavailable") ? undefined : answer;
  });
  test.equal(early.status, 503);
  test.match(JSON.parse(early.text), { kind: "Status", reason: "NoReadyRevision" });
  const heard: Json[] = [];
  let open = 0;
  let most = 0;
  const endpoint = await startWorker(test, async (request, response) => {
    most = Math.max(most, ++open);
    response.on("close", () => open--);
    let text = "";
    for await (const chunk of request) text += chunk;
    heard.push(request.headers);
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("first ");
    if (text !== "hang") setTimeout(() => response.end(text), 30);
  });
  const revision = await eventually("a revision", async () => (await revisions(control))[0]);
  await report(control, revision, endpoint);
  await eventually("readiness", async () =>
    (await get(control, "taskagents/bot")).status.latestReadyRevisionName === revision
      ? true
      : undefined,
  );
  const id = "0b5d7a52-6a7c-4f0e-9d51-5d1f0f1a2b3c";
  const answer = await invoke(control, {
    body: "hello",
    headers: { "x-clrk-invocation-id": id, "ce-source": "forged", "x-clrk-taskagent": "a/b" },
  });
  test.match(answer, { status: 200, text: "first hello" });
  test.equal(answer.headers["x-clrk-invocation-id"], id);
  test.match(heard[0], {
    "ce-source": "clrk://default/bot",
    "x-clrk-taskagent": "default/bot",
    traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
  });
  test.notOk(heard[0].authorization);
  test.equal((await invoke(control, { headers: { "x-clrk-invocation-id": id } })).status, 409);
  test.equal((await invoke(control, { headers: { "x-clrk-invocation-id": "1" } })).status, 400);
  const viewer = await invoke(control, { config: `${control.kubeconfig}-viewer` });
  test.equal(viewer.status, 403);
  const burst = await Promise.all(Array.from({ length: 20 }, () => invoke(control, { body: "x" })));
  test.same([...new Set(burst.map(({ status }) => status))].toSorted(), [200, 429]);
  test.equal(most, 2);
  const late = await invoke(control, { headers: { prefer: "respond-async" }, body: "later" });
  test.equal(late.status, 202);
  test.match(JSON.parse(late.text), { invocation: late.headers["x-clrk-invocation-id"] });
  await eventually("the call that nobody waits for", async () =>
    heard.some((one) => one["x-clrk-invocation-id"] === late.headers["x-clrk-invocation-id"])
      ? true
      : undefined,
  );
  const hung = await invoke(control, { body: "hang" });
  test.match(hung, { status: 504, text: /"reason":"Timeout"/ }, "its answer is whole or none");
  const streaming = { enabled: true };
  await put(control, "TaskAgent", "bot", agent("agent:1", { timeout: "2s", streaming }));
  const cut = await invoke(control, { body: "hang" });
  test.match(cut, { status: 200, text: "first  (broken off)" }, "its timeout");
  const extractors = [{ type: "Header", header: { name: "x-user", field: "user" } }];
  await put(control, "TaskAgent", "bot", agent("agent:1", { identity: { extractors } }));
  const nobody = await invoke(control, {
    headers: { "ce-clrkidentity": "{%22user%22:%22root%22}" },
  });
  test.match(nobody, { status: 400, text: /x-user.*IdentityUnknown/ });
  const somebody = await invoke(control, {
    headers: { "x-user": "alice", "ce-clrkidentity": "{%22user%22:%22root%22}" },
  });
  test.equal(somebody.status, 200);
  test.equal(heard.at(-1)["ce-clrkidentity"], "{%22user%22:%22alice%22}");
  const { spec } = await eventually("its invocation", async () => {
    const found = await get(control, `invocations/${somebody.headers["x-clrk-invocation-id"]}`);
    return found.kind === "Invocation" ? found : undefined;
  });
  test.same(spec.identity, { audiences: ["user=alice"] });

  const hanging = "0b5d7a52-6a7c-4f0e-9d51-5d1f0f1a2b3d";
  const broken = invoke(control, {
    ...{ body: "hang", headers: { "x-clrk-invocation-id": hanging, "x-user": "alice" } },
  }).catch(() => undefined);
  const active = async (server: ControlProcess, count: number) =>
    eventually(`${count} active executions`, async () => {
      const { activeExecutions } = (await get(server, "taskagents/bot")).status;
      return activeExecutions === count ? true : undefined;
    });
  const phase = async (server: ControlProcess) =>
    (await get(server, `invocations/${hanging}`)).status?.phase;
  await eventually("a call that hangs", async () =>
    (await phase(control)) === "Dispatched" ? true : undefined,
  );
  const unended = async (server: ControlProcess) => {
    const { items } = await get(server, "taskagents/bot/invocations?limit=500");
    return items.filter(({ status }: Json) => status.completionTime === undefined).length;
  };
  await active(control, await unended(control));
  test.ok((await unended(control)) > 0);
  control.child.signal("SIGKILL");
  await Promise.all([control.child.exited, broken]);
  const again = await startControlProcess(test, { home: control.home });
  // A worker that is back, and runs nothing.
  await report(again, revision, endpoint);
  const failed = await eventually("an end of what was dispatched", async () => {
    const found = await get(again, `invocations/${hanging}`);
    return found.status?.phase === "Failed" ? found : undefined;
  });
  test.match(failed.status.conditions, [{ type: "Complete", reason: "ControlStopped" }]);
  test.match(await rootOf(again, id), { name: "invocation" }, "the trace of a call has its root");
  const told = await rootOf(again, hanging);
  test.match(told, { spanId: failed.status.trace.rootSpanID, status: { code: 2 } });
  await active(again, 0);
});

t.test("1,000 agents converge over a kill in the middle", { timeout: 120_000 }, async (test) => {
  const first = await startControlProcess(test);
  const names = Array.from({ length: 1_000 }, (_, index) => `bot-${index}`);
  const startedMs = performance.now();
  await Promise.all(names.slice(0, 500).map((name) => put(first, "TaskAgent", name, agent("a:1"))));
  first.child.signal("SIGKILL");
  await first.child.exited;
  const control = await startControlProcess(test, { home: first.home });
  for (let at = 500; at < names.length; at += 100) {
    const some = names.slice(at, at + 100);
    await Promise.all(some.map((name) => put(control, "TaskAgent", name, agent("a:1"))));
  }
  const items = await eventually("1,000 statuses", async () => {
    const list = (await get(control, "taskagents?limit=2000")).items;
    const done = list.filter((one: Json) => one.status?.latestCreatedRevisionName !== undefined);
    return done.length === names.length ? list : undefined;
  });
  test.comment(`1,000 agents in ${Math.round(performance.now() - startedMs)} ms, start included`);
  const created = items.map((one: Json) => one.status.latestCreatedRevisionName).toSorted();
  test.same((await revisions(control)).toSorted(), created, "one revision each, and no other");
});
