/** Tests of invocations through the API server: what clients of Kubernetes ask for, and what they get. */
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { startApi } from "../apiserver/testdata/api-rig.ts";
import type { InvocationService } from "./invocation-service.ts";
import { invocationResource } from "./invocation-resource.ts";
import { openInvocations } from "./open-invocations.ts";
import type { Invocations } from "./open-invocations.ts";
import { silentLogger } from "../../gateway/log.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";
import { modelCallRecord } from "./testdata/invocation-record.ts";

const root = "/apis/clrk.apoxy.dev/v1alpha1";
const all = `${root}/namespaces/default/invocations`;

async function start(test: Test) {
  const invocations = await openInvocations({
    directory: `${test.testdir()}/own`,
    ...{ clock: systemClock, logger: silentLogger },
  });
  let now: InvocationService["now"] = { kind: "open", invocations };
  const service = {
    get now() {
      return now;
    },
  };
  const api = await startApi(test, { resources: [invocationResource(service)] });
  test.teardown(() => invocations.close());
  const fail = () => {
    now = { kind: "unavailable", message: "Invocations are being opened" };
  };
  return { api, invocations, fail };
}

/** Logs events and waits until they are served. */
async function tell(invocations: Invocations, ...events: ReturnType<typeof invocationEvent>[]) {
  for (const event of events) await invocations.log.append(event);
  const isThere = () =>
    events.every(
      ({ id, phase, agent }) => invocations.source.get(agent.namespace, id)?.status.phase === phase,
    );
  while (!isThere()) await new Promise(setImmediate);
}

t.test("get, list and tables", async (t) => {
  const { api, invocations } = await start(t);
  await tell(invocations, invocationEvent(1, "Running"), invocationEvent(2, "Running"));
  await tell(invocations, invocationEvent(1, "Failed", { exitCode: 3, reason: "ExitCode" }));
  invocations.addRecords([modelCallRecord(1, "rec-1"), modelCallRecord(1, "rec-1")]);
  const one = await api.send("GET", `${all}/${invocationId(1)}`);
  t.match(one.body, {
    kind: "Invocation",
    metadata: { ownerReferences: [{ kind: "TaskAgent", uid: "uid-writer" }] },
    status: { phase: "Failed", exitCode: 3, usage: { requests: 1, cost: "0.000042" } },
  });
  const list = await api.send("GET", all);
  t.match(list.body, { kind: "InvocationList", items: [{ kind: "Invocation" }, {}] });
  t.equal(list.body.items[0].metadata.name, invocationId(2), "newest first");
  const namesOf = async (query: string) => {
    const { body } = await api.send("GET", `${all}?${query}`);
    return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  };
  const selector = encodeURIComponent("status.phase=Failed,spec.parentRef.name=writer");
  t.same(await namesOf(`fieldSelector=${selector}`), [invocationId(1)]);
  t.same(await namesOf(`fieldSelector=metadata.name=${invocationId(2)}`), [invocationId(2)]);
  t.same(await namesOf("labelSelector=clrk.apoxy.dev/agent=other"), []);
  const table = await api.send("GET", `${all}/${invocationId(1)}`, {
    accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  const columns = table.body.columnDefinitions.map(({ name }: { name: string }) => name);
  t.same(columns, "Name Agent Trigger Phase Calls Tokens Cost Duration Exit Trace Age".split(" "));
  t.same(table.body.rows[0].cells.slice(1, 9), [
    ...["writer", "HTTP", "Failed", 1, 120, "0.000042", "1s", 3],
  ]);
  const missing = await api.send("GET", `${all}/${invocationId(9)}`);
  t.match(missing, { status: 404, body: { reason: "NotFound" } });
});

t.test("pages are of one state while others come, and tokens are checked", async (t) => {
  const { api, invocations } = await start(t);
  const events = Array.from({ length: 7 }, (_, number) => invocationEvent(number, "Running"));
  await tell(invocations, ...events);
  const names: string[] = [];
  let token = "";
  let version = "";
  do {
    const { body } = await api.send("GET", `${all}?limit=3&continue=${token}`);
    names.push(...body.items.map((one: { metadata: { name: string } }) => one.metadata.name));
    token = body.metadata.continue ?? "";
    if (version !== "") t.equal(body.metadata.resourceVersion, version);
    version = body.metadata.resourceVersion;
    await tell(invocations, invocationEvent(100 + names.length, "Running"));
  } while (token !== "");
  t.same(names, [6, 5, 4, 3, 2, 1, 0].map(invocationId));
  const exact = `resourceVersion=${version}&resourceVersionMatch=Exact`;
  t.equal((await api.send("GET", `${all}?${exact}`)).body.items.length, 7);
  t.match(await api.send("GET", `${all}?continue=x`), { status: 400 });
  t.match(await api.send("GET", `${all}?resourceVersion=999999`), { status: 504 });
});

t.test("a list has a bound that no client sets, and goes on behind it", async (t) => {
  const { api, invocations } = await start(t);
  const numbers = Array.from({ length: 2_500 }, (_, number) => number);
  await Promise.all(
    numbers.map((number) => invocations.log.append(invocationEvent(number, "Running"))),
  );
  while (invocations.source.revision < numbers.length) await new Promise(setImmediate);
  for (const asked of ["", "limit=1000000"]) {
    const first = await api.send("GET", `${all}?${asked}`, { token: "viewer-token" });
    t.equal(first.body.items.length, 2_000, asked);
    const token = first.body.metadata.continue;
    const second = await api.send("GET", `${all}?${asked}&continue=${token}`);
    t.equal(second.body.items.length, 500);
    t.equal(second.body.metadata.continue, undefined);
    t.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  }
});

t.test("a watch tells the state, marks it, and goes on where it was", async (t) => {
  const { api, invocations } = await start(t);
  await tell(invocations, invocationEvent(1, "Running"));
  const initial =
    "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
  const watch = await api.watch(`${all}?${initial}`);
  t.match(await watch.next(), { type: "ADDED", object: { status: { phase: "Running" } } });
  const marked = await watch.next();
  t.equal(marked.object.metadata.annotations["k8s.io/initial-events-end"], "true");
  await tell(invocations, invocationEvent(1, "Succeeded"));
  t.match(await watch.next(), { type: "MODIFIED", object: { status: { phase: "Succeeded" } } });
  const from = marked.object.metadata.resourceVersion;
  const again = await api.watch(`${all}?watch=1&resourceVersion=${from}`);
  t.match(await again.next(), { type: "MODIFIED", object: { status: { phase: "Succeeded" } } });
  t.equal(api.server.watches.running, 2);
  watch.close();
  again.close();
  const short = await api.watch(`${all}?watch=1&timeoutSeconds=1&resourceVersion=${from}`);
  await short.next();
  await short.ended;
  t.equal(api.server.watches.ended.timeout, 1);
});

t.test("agents have theirs below them, also those that are no objects", async (t) => {
  const { api, invocations } = await start(t);
  const agent = { kind: "Process", namespace: "default", name: "writer", uid: "" };
  await tell(invocations, invocationEvent(1, "Running"), invocationEvent(2, "Running", { agent }));
  for (const [plural, number] of [
    ["taskagents", 1],
    ["processes", 2],
  ] as const) {
    const path = `${root}/namespaces/default/${plural}/writer/invocations`;
    const { body } = await api.send("GET", path);
    t.match(body, { kind: "InvocationList" });
    t.same(
      body.items.map((one: { metadata: { name: string } }) => one.metadata.name),
      [invocationId(number)],
    );
    const watch = await api.watch(`${path}?watch=1`, { token: "viewer-token" });
    t.equal((await watch.next()).object.metadata.name, invocationId(number));
    watch.close();
    t.match(await api.send("POST", path, { body: {} }), { status: 405 });
  }
  t.match(await api.send("GET", `${root}/namespaces/default/backends/x/invocations`), {
    status: 404,
  });
});

t.test("nothing is written, and discovery says so", async (t) => {
  const { api } = await start(t);
  const path = `${all}/${invocationId(1)}`;
  for (const [method, at] of [
    ["POST", all],
    ["PUT", path],
    ["PATCH", path],
    ["DELETE", path],
    ["DELETE", all],
  ] as const) {
    t.match(await api.send(method, at, { body: {} }), {
      status: 405,
      body: {
        reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource",
      },
    });
  }
  t.match(await api.send("POST", all, { body: {}, token: "viewer-token" }), { status: 403 });
  const { body } = await api.send("GET", root);
  const found = body.resources.find(({ name }: { name: string }) => name === "invocations");
  t.match(found, { kind: "Invocation", shortNames: ["inv"], verbs: ["get", "list", "watch"] });
});

t.test("its status and the lists below agents are served, and discovery names both", async (t) => {
  const { api, invocations } = await start(t);
  await tell(invocations, invocationEvent(1, "Running"));
  const path = `${all}/${invocationId(1)}/status`;
  t.match((await api.send("GET", path)).body, { kind: "Invocation", status: { phase: "Running" } });
  t.match(await api.send("PATCH", path, { body: {} }), { status: 405 });
  const { body } = await api.send("GET", root);
  const found = (name: string) =>
    body.resources.find((one: { name: string }) => one.name === name) ?? {};
  t.match(found("invocations/status"), { kind: "Invocation", namespaced: true, verbs: ["get"] });
  for (const plural of ["taskagents", "daemonagents", "processes"]) {
    t.match(found(`${plural}/invocations`), { kind: "Invocation", verbs: ["get", "watch"] });
  }
  const document = await api.send("GET", "/openapi/v3/apis/clrk.apoxy.dev/v1alpha1");
  const item = `${root}/namespaces/{namespace}`;
  t.ok(`${item}/processes/{name}/invocations` in document.body.paths);
  t.same(Object.keys(document.body.paths[`${item}/invocations/{name}/status`]), [
    ...["parameters", "get"],
  ]);
});

t.test("while there are none to be had, the reason is told with a 503", async (t) => {
  const { api, fail } = await start(t);
  fail();
  for (const path of [all, `${all}?watch=1`, `${all}/${invocationId(1)}`]) {
    t.match(await api.send("GET", path), {
      status: 503,
      body: { reason: "ServiceUnavailable", message: "Invocations are being opened" },
    });
  }
  t.equal((await api.send("GET", `${root}/namespaces/default/backends`)).status, 200);
});
