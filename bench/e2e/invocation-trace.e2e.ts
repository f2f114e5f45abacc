/**
 * One invocation followed from its begin to its end: every request of a run, in either tier and over every attempt, is
 * told one trace, whose root is there when it is over; and no agent gets into the trace of another.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import {
  InvocationTraces,
  invocationTraceKey,
  rootTraceparent,
} from "../../gateway/invocation-trace.ts";
import { startCollector } from "../../gateway/testdata/otlp-collector.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { httpOver, tlsOver } from "../harness/http-over-socket.ts";
import { startModelServer } from "../harness/model-server.ts";
import { runProcess, waitUntil } from "../harness/processes.ts";
import { openWithProxyHeader } from "../harness/proxy-protocol-client.ts";
import { openAiKey, startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test"], plainHosts: ["plain.test"] });
const failing = await startModelServer(t, upstreams.authority.issue(["failing.test"]));
failing.answerWith((_, response) => response.writeHead(503).end("out of order"));
const collector = await startCollector();
t.teardown(() => collector.close());
const backend = (name: string) => ({ group: "clrk.apoxy.dev", kind: "Backend", name });
const withKey = (sectionName: string) =>
  headerCredential({
    secret: "openai",
    route: { kind: "AIProviderRoute", name: "models", sectionName },
    headerName: "Authorization",
    valuePrefix: "Bearer ",
  });

const gateway = await startGateway(t, {
  transparent: true,
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      aliases: [...upstreams.aliases, { port: failing.port, hostnames: ["failing.test"] }],
      spec: { otlp: { endpoint: collector.endpoint } },
    }),
    "backends.yaml": [
      objectManifest("Backend", "failing", {
        schema: { name: "openai" },
        upstream: { host: "failing.test" },
      }),
      objectManifest("Backend", "openai", {
        schema: { name: "openai" },
        upstream: { host: "api.openai.com" },
      }),
    ].join(""),
    "routes.yaml": [
      allowHosts("echo", ["echo.test", "plain.test"]),
      objectManifest("AIProviderRoute", "models", {
        rules: [
          {
            matches: [{ provider: "openai" }],
            backendRefs: [backend("failing"), backend("openai")],
          },
        ],
      }),
      objectManifest("FallbackRoutingPolicy", "models", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "AIProviderRoute", name: "models" }],
      }),
      withKey("failing"),
      withKey("openai"),
    ].join(""),
  },
  secrets: [{ name: "openai", value: openAiKey }],
});
const key = readFileSync(join(gateway.home, "placeholder.key"));
const traces = new InvocationTraces(invocationTraceKey(key));
const agents = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const launcher = join(import.meta.dirname, "../../bin/clrk.mjs");

function rootOf({ invocationId }: Pick<GatewayRun, "invocationId">) {
  const root = traces.rootOf(invocationId);
  if (root === null) throw new Error("no root");
  return root;
}

const idsOf = (traceparent: unknown) => {
  const [, traceId, spanId] = String(traceparent).split("-");
  return { traceId, spanId };
};

async function ask(run: GatewayRun, url: string, headers: Record<string, string> = {}) {
  upstreams.tls.reset();
  upstreams.plain.reset();
  const response = await requestThrough(run, url, { headers });
  const [seen] = [...upstreams.tls.requests, ...upstreams.plain.requests];
  const path = new URL(url).pathname;
  const record = await gateway.waitForRecord(
    ({ request, agent }) => request.path === path && agent?.uid === run.runId,
  );
  return { response, record, traceparent: seen?.headers["traceparent"] };
}

async function askModel(run: GatewayRun, headers: Record<string, string> = {}) {
  upstreams.tls.reset();
  const before = failing.received.length;
  const seen = gateway.records.length;
  const response = await requestThrough(run, "https://api.openai.com/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello" }] }),
  });
  const record = await gateway.waitForRecord(
    (one) => one.model !== null && gateway.records.indexOf(one) >= seen,
  );
  const told = [
    ...failing.received.slice(before).map(({ request }) => request.headers["traceparent"]),
    ...upstreams.tls.requests.map((request) => request.headers["traceparent"]),
  ];
  return { response, record, told };
}

const hex = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString("hex");

function eventsOf(run: Pick<GatewayRun, "invocationId">): InvocationEvent[] {
  const lines = readFileSync(join(gateway.home, "records/invocations.jsonl"), "utf8").split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line): InvocationEvent => JSON.parse(line))
    .filter(({ id }) => id === run.invocationId);
}

t.test("all requests of a run are of one trace, whose root is there", async (test) => {
  const run = await gateway.registerRun("follower");
  const root = rootOf(run);
  const native = await ask(run, "https://echo.test/bytes/1");
  test.equal(native.record.tier, "native");
  test.equal(native.traceparent, rootTraceparent(root), "the upstream hangs below the root");
  test.match(native.record.trace, { traceId: root.traceId, parentSpanId: root.spanId });
  const plain = await ask(run, "http://plain.test/bytes/2");
  test.equal(plain.traceparent, rootTraceparent(root));
  test.match(plain.record.trace, { traceId: root.traceId, parentSpanId: root.spanId });
  const refused = await ask(run, "https://nobody.test/bytes/3");
  test.equal(refused.record.decision.verdict, "deny");
  test.match(refused.record.trace, { traceId: root.traceId, parentSpanId: root.spanId });
  const model = await askModel(run);
  test.equal(model.response.status, 200, model.response.text);
  test.equal(model.record.tier, "engine");
  test.match(model.record.trace, { traceId: root.traceId, parentSpanId: root.spanId });
  const { traceId, spanId } = model.record.trace ?? {};
  test.equal(model.told.length, 2, "one attempt failed");
  for (const told of model.told) test.strictSame(idsOf(told), { traceId, spanId });
  await run.end();

  const spans = await waitUntil(
    () => {
      const found = collector.spans().filter((span) => hex(span.traceId) === root.traceId);
      return found.length === 5 ? found : undefined;
    },
    { deadlineMs: 10_000, what: "all spans of the trace at the receiver" },
  );
  const ids = new Set(spans.map((span) => hex(span.spanId)));
  test.equal(ids.size, 5);
  const parents = spans.map((span) => hex(span.parentSpanId)).filter((id) => id !== "");
  test.strictSame(new Set(parents), new Set([root.spanId]), "no parent is missing");
  const top = spans.filter((span) => hex(span.parentSpanId) === "");
  test.match(top, [{ name: "invocation" }]);
  test.equal(hex(top[0]?.spanId), root.spanId);
});

t.test("the agent's own trace goes on in both tiers, and is linked to its run", async (test) => {
  const run = await gateway.registerRun("own-trace");
  const traceparent = rootTraceparent(agents);
  const link = { invocation: rootOf(run) };
  const native = await ask(run, "https://echo.test/bytes/11", { traceparent });
  test.equal(native.traceparent, traceparent);
  const continued = { traceId: agents.traceId, parentSpanId: agents.spanId, ...link };
  test.match(native.record.trace, continued);
  const model = await askModel(run, { traceparent });
  test.match(model.record.trace, continued);
  const { spanId } = model.record.trace ?? {};
  for (const told of model.told) test.strictSame(idsOf(told), { traceId: agents.traceId, spanId });
  const span = await waitUntil(
    () => collector.spans().find((one) => hex(one.spanId) === native.record.trace?.spanId),
    { deadlineMs: 10_000, what: "the span at the receiver" },
  );
  test.equal(hex(span.links[0]?.traceId), rootOf(run).traceId);
  test.equal(hex(span.links[0]?.spanId), rootOf(run).spanId);
});

t.test("nobody gets into the trace of another run", async (test) => {
  const [victim, thief] = [await gateway.registerRun("victim"), await gateway.registerRun("thief")];
  const traceparent = rootTraceparent(rootOf(victim));
  const own = rootOf(thief);
  const native = await ask(thief, "https://echo.test/bytes/21", { traceparent });
  test.match(native.record.trace, { traceId: own.traceId, parentSpanId: own.spanId });
  const model = await askModel(thief, { traceparent, tracestate: "victim=1" });
  test.match(model.record.trace, { traceId: own.traceId, parentSpanId: own.spanId });
  for (const told of model.told) test.equal(idsOf(told).traceId, own.traceId);
  test.ok(upstreams.tls.requests.every(({ headers }) => headers["tracestate"] === undefined));
  const sent = rootTraceparent(own);
  test.match((await askModel(thief, { traceparent: sent })).record.trace, {
    traceId: own.traceId,
    parentSpanId: own.spanId,
  });
});

t.test("a captured invocation has the trace that its worker names", async (test) => {
  const invocationId = "0197a1c2-0000-7000-8000-000000000002";
  const root = rootOf({ invocationId });
  const listener = await gateway.transparent();
  const { gateways } = await gateway.status();
  const ca = readFileSync(gateways[0]?.trust.bundle ?? "", "utf8");
  const askCaptured = async (path: string, trace: string | undefined) => {
    upstreams.tls.reset();
    const socket = await openWithProxyHeader(listener, {
      source: { address: "10.1.2.3", port: 40_001 },
      destination: { address: "203.0.113.7", port: 443 },
      identity: {
        ...{ agentKind: "TaskAgent", agentNamespace: "team-a", agentName: "writer" },
        ...{ agentUid: "u-1", agentRevision: "r-1", invocationId, destinationName: "echo.test" },
      },
      extraTlvs: trace === undefined ? [] : [{ type: 0xe8, value: Buffer.from(trace) }],
    });
    const secure = await tlsOver(socket, { servername: "echo.test", ca });
    const { status } = await httpOver(secure, { path, authority: "echo.test" });
    test.equal(status, 200);
    secure.destroy();
    const record = await gateway.waitForRecord(({ request }) => request.path === path);
    return { record, traceparent: upstreams.tls.requests[0]?.headers["traceparent"] };
  };
  const named = await askCaptured("/bytes/31", rootTraceparent(root));
  test.equal(named.traceparent, rootTraceparent(root));
  test.match(named.record.trace, { traceId: root.traceId, parentSpanId: root.spanId });
  const unnamed = await askCaptured("/bytes/32", undefined);
  test.equal(unnamed.traceparent, undefined, "Envoy alone cannot make one");
  test.match(unnamed.record.trace, { traceId: root.traceId, parentSpanId: root.spanId });
});

t.test("clrk run is an invocation from its begin to its exit code", async (test) => {
  const { PATH = "", HOME = "/" } = process.env;
  const program = [process.execPath, "-e", "process.exit(3)"];
  const { exitCode } = await runProcess(
    {
      command: process.execPath,
      arguments: [launcher, "run", "--quiet", "--agent", "failer", "--", ...program],
      environment: { PATH, HOME, CLRK_HOME: gateway.home },
    },
    30_000,
  );
  test.equal(exitCode, 3);
  const span = await waitUntil(
    () =>
      collector.spans().find(({ name, attributes }) => {
        const agent = attributes.find((one) => one.key === "agent.name")?.value?.stringValue;
        return name === "invocation" && agent === "failer";
      }),
    { deadlineMs: 10_000, what: "the root span of the command" },
  );
  test.match(span.status, { code: 2, message: "The command ended with exit code 3" });
  const invocationId =
    span.attributes.find((one) => one.key === "invocation.id")?.value?.stringValue ?? "";
  const events = await waitUntil(
    () => {
      const found = eventsOf({ invocationId });
      return found.length === 3 ? found : undefined;
    },
    { deadlineMs: 20_000, what: "all phases in the file" },
  );
  const root = rootOf({ invocationId });
  test.match(events, [
    { phase: "Dispatched", agent: { kind: "Process", name: "failer" }, root, exitCode: null },
    { phase: "Running", root },
    { phase: "Failed", exitCode: 3, reason: "ExitCode", trigger: { type: "CLI" } },
  ]);
});
