/**
 * What happens when something of the engine fails: one test a row of `docs/engine.md`'s table, each with the answer
 * that the agent gets and the record that is made.
 */
import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import { gzipSync } from "node:zlib";
import t from "tap";
import type { Test } from "tap";
import { openEngine } from "../../extproc/server.ts";
import type { Engine } from "../../gateway/engine.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { SecretValue } from "../../gateway/secret-value.ts";
import type { EnginePlan, GatewaySnapshot } from "../../gateway/snapshot.ts";
import { openTunnel, secureRequest } from "../../gateway/testdata/agent.ts";
import type { EnvoyRig } from "../../gateway/testdata/envoy-rig.ts";
import { eventually, startRig } from "../../gateway/testdata/envoy-rig.ts";
import {
  attempt,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../../gateway/testdata/gateway-snapshot.ts";
import { testCertificatePem, testPrivateKeyPem } from "../../gateway/testdata/leaf.ts";
import type { ModelServer } from "../harness/model-server.ts";
import { startModelServer } from "../harness/model-server.ts";
import { waitUntil } from "../harness/processes.ts";
import { evaluateInWorkers } from "../harness/worker-threads.ts";

const chatPath = "/v1/chat/completions";
const chatRequest = {
  method: "POST",
  path: chatPath,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ model: "gpt-4.1", messages: [] }),
};
const chatAnswer = JSON.stringify({
  id: "chatcmpl-1",
  model: "gpt-4.1",
  choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
});

const queryUse = {
  kind: "query",
  policy: { kind: "CredentialInjectionPolicy", namespace: "default", name: "query" },
  secret: {
    secret: { kind: "Secret", namespace: "default", name: "query" },
    resource: "secret/default/query/token",
  },
  parameter: "key",
  valuePrefix: "",
} as const;
const awsCredentials = {
  "secret/default/aws/token/access_key_id": "AKIDEXAMPLE",
  "secret/default/aws/token/secret_access_key": "secret-of-aws",
};
const signedHost = "bedrock-runtime.us-east-1.amazonaws.com";

interface Stand {
  readonly rig: EnvoyRig;
  readonly engine: Engine;
  readonly upstream: ModelServer;
  /** The only record, once it is there */
  record(): Promise<EgressRecord>;
}

interface StandOptions {
  readonly threads?: number;
  readonly hungMs?: number;
  /** In place of the engine's own */
  readonly sockets?: readonly string[];
  /** What the engine is told; default the plans that Envoy has */
  readonly engineSnapshot?: GatewaySnapshot;
  readonly credentials?: Readonly<Record<string, string>>;
  readonly plan?: EnginePlan;
}

/** Envoy and engine with a route that meters, one that puts a credential into the query, and one that signs. */
async function stand(test: Test, options: StandOptions = {}): Promise<Stand> {
  const { threads = 2, hungMs, credentials = awsCredentials, plan = enginePlan() } = options;
  const upstream = await startModelServer(test, {
    certificatePem: testCertificatePem,
    privateKeyPem: testPrivateKeyPem,
  });
  upstream.answerWith((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(chatAnswer);
  });
  const rig = await startRig(test);
  const engine = await openEngine(
    {
      directory: rig.directory,
      threads,
      onFacts: (facts) => rig.addFacts(facts),
      log: silentLogger,
    },
    hungMs === undefined ? {} : { hungMs },
  );
  test.teardown(() => engine.close());
  const alias = { address: "127.0.0.1", port: upstream.port };
  const query = enginePlan({ id: "00000000000000aa", meters: false, queryCredentials: [queryUse] });
  const snapshot = gatewaySnapshot({
    hosts: [
      { ...hostPolicy("api.openai.com", httpRule({ engine: plan, provider: "openai" })), alias },
      {
        ...hostPolicy(
          "query.example.com",
          httpRule({
            ruleIndex: 1,
            engine: query,
            action: forward({ credentials: [queryUse] }),
          }),
        ),
        alias,
      },
      {
        ...hostPolicy(
          signedHost,
          httpRule({
            ruleIndex: 2,
            action: forward({ credentials: [sigv4("aws")], attempt: attempt("aws") }),
          }),
        ),
        alias,
      },
    ],
  });
  const values = Object.entries(credentials).map(
    ([name, value]) => [name, new SecretValue(value)] as const,
  );
  const known = { revision: 1, gateways: [options.engineSnapshot ?? snapshot] };
  await engine.publish(known, new Map(values));
  const verdict = await rig.publish(snapshot, { engineSockets: options.sockets ?? engine.sockets });
  test.equal(verdict.kind, "live");
  return { rig, engine, upstream, record: () => eventually(() => rig.records[0]) };
}

/** Opens a request by hand, to end it where a test wants. */
async function openRequest(rig: EnvoyRig, head: string): Promise<TLSSocket> {
  const tunnel = await openTunnel(rig, "api.openai.com:443");
  const socket = connectTls({
    socket: tunnel,
    servername: "api.openai.com",
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  socket.write(head);
  return socket;
}

/** Waits at most ten seconds. */
function seen(condition: () => boolean): Promise<boolean> {
  return waitUntil(condition, { deadlineMs: 10_000, what: "what the test waits for" });
}

/** Makes the threads that serve do something bad; `among` so many threads, reserve included. */
function strike(expression: string, among?: number): Promise<number> {
  const serves = `process.getActiveResourcesInfo().includes("PipeWrap")`;
  return evaluateInWorkers("engine", `if (${serves}) { ${expression} }`, among);
}

const streamHead = [
  `POST ${chatPath} HTTP/1.1`,
  "host: api.openai.com",
  "content-type: application/json",
  `content-length: ${chatRequest.body.length}`,
  "",
  chatRequest.body,
].join("\r\n");

t.test("engine down: refused with 503, nothing is forwarded", async (test) => {
  const { rig, upstream, record } = await stand(test, { sockets: ["/nonexistent/engine.sock"] });
  const reply = await secureRequest(rig, "api.openai.com", chatRequest);
  test.equal(reply.status, 503);
  test.equal(reply.headers["x-clrk-deny-reason"], "engine-unavailable");
  test.match(reply.json, { error: { code: "clrk_engine_unavailable" } });
  test.equal(upstream.received.length, 0);
  test.match(await record(), {
    tier: "engine",
    response: { status: 503 },
    decision: { verdict: "deny", reason: "engine-unavailable" },
    model: null,
  });
});

t.test("thread killed: costs its own request, and a reserve takes its place", async (test) => {
  const { rig, engine, upstream, record } = await stand(test, { threads: 1 });
  upstream.answerWith(() => {});
  const held = secureRequest(rig, "api.openai.com", chatRequest);
  await seen(() => upstream.received.length === 1);
  await strike("process.exit(1)");
  const lost = await held;
  test.equal(lost.status, 503);
  test.match(await record(), {
    response: { status: 503 },
    decision: { verdict: "deny", reason: "engine-failed" },
  });
  upstream.answerWith((_, response) => response.end(chatAnswer));
  await seen(() => engine.status().threads.serving === 1);
  const next = await secureRequest(rig, "api.openai.com", chatRequest);
  test.equal(next.status, 200);
  test.match(engine.status(), { replaced: 1, threads: { serving: 1, wanted: 1 } });
});

t.test("all threads killed: what rate limits have counted stays counted", async (test) => {
  const policy = { kind: "RateLimitPolicy", namespace: "default", name: "calls" };
  const limits = [{ policy, requests: 3, windowMs: 3_600_000, scope: "PerAgent" } as const];
  const { rig, engine } = await stand(test, { plan: enginePlan({ limits }) });
  const ask = async () => (await secureRequest(rig, "api.openai.com", chatRequest)).status;
  test.same([await ask(), await ask()], [200, 200]);
  await strike("process.exit(1)");
  await seen(() => engine.status().replaced === 2 && engine.status().threads.serving === 2);
  test.same([await ask(), await ask(), await ask()], [200, 429, 429]);
  test.match(engine.status().limited, { spent: 2, full: 0 });
});

t.test("one thread of two killed: no further request is lost", async (test) => {
  const { rig, engine } = await stand(test);
  await secureRequest(rig, "api.openai.com", chatRequest);
  // It is there once there was work.
  await waitUntil(async () => (await evaluateInWorkers("engine", "0")) >= 3, {
    deadlineMs: 10_000,
    what: "a thread in reserve",
    intervalMs: 200,
  });
  // Newest first: the reserve, which serves nothing, and one of the two.
  await strike("process.exit(1)", 2);
  for (let sent = 0; sent < 40; sent++) {
    const reply = await secureRequest(rig, "api.openai.com", chatRequest);
    test.equal(reply.status, 200);
  }
  await seen(() => engine.status().threads.serving === 2);
});

t.test("thread hung: it is ended and replaced, what waited for it is refused", async (test) => {
  const { rig, engine } = await stand(test, { threads: 1, hungMs: 1_000 });
  test.equal((await secureRequest(rig, "api.openai.com", chatRequest)).status, 200);
  await strike("for (;;);");
  const reply = await secureRequest(rig, "api.openai.com", chatRequest);
  test.equal(reply.status, 503);
  test.equal(reply.headers["x-clrk-deny-reason"], "engine-unavailable");
  await seen(() => engine.status().replaced === 1 && engine.status().threads.serving === 1);
  test.equal((await secureRequest(rig, "api.openai.com", chatRequest)).status, 200);
});

t.test("timeout: refused with 504 after Envoy's patience, nothing is forwarded", async (test) => {
  const { rig, upstream, record } = await stand(test, { threads: 1, hungMs: 60_000 });
  await strike("for (;;);");
  const startedMs = performance.now();
  const reply = await secureRequest(rig, "api.openai.com", chatRequest);
  test.equal(reply.status, 504);
  test.match(reply.json, { error: { code: "clrk_engine_unavailable" } });
  test.ok(performance.now() - startedMs > 4_500);
  test.equal(upstream.received.length, 0);
  test.match(await record(), { decision: { verdict: "deny", reason: "engine-unavailable" } });
});

t.test("snapshot missing: refused until the engine has the plan", async (test) => {
  const { rig, upstream, record } = await stand(test, { engineSnapshot: gatewaySnapshot() });
  const reply = await secureRequest(rig, "api.openai.com", chatRequest);
  test.equal(reply.status, 503);
  test.equal(reply.headers["x-clrk-deny-reason"], "not-ready");
  test.equal(upstream.received.length, 0);
  test.match(await record(), { decision: { verdict: "deny", reason: "not-ready" } });
});

for (const host of ["query.example.com", signedHost]) {
  t.test(`secret missing: a request to ${host} is refused`, async (test) => {
    const { rig, upstream, record } = await stand(test, { credentials: {} });
    const reply = await secureRequest(rig, host, { path: "/x" });
    test.equal(reply.status, 403);
    test.equal(reply.headers["x-clrk-deny-reason"], "credential-missing");
    test.equal(upstream.received.length, 0);
    test.match(await record(), { decision: { verdict: "deny", reason: "credential-missing" } });
  });
}

t.test("unknown route: refused by Envoy alone", async (test) => {
  const { rig, engine, record } = await stand(test);
  const reply = await secureRequest(rig, "unknown.example.com");
  test.equal(reply.status, 403);
  test.equal(reply.headers["x-clrk-deny-reason"], "default-policy");
  test.match(await record(), { tier: "native", decision: { reason: "default-policy" } });
  test.equal(engine.status().streams.total, 0, "the engine is not asked");
});

t.test("body too large: what is signed is held up to 32 MiB, more is refused", async (test) => {
  const { rig, upstream, record } = await stand(test);
  const body = "x".repeat(32 * 1024 * 1024 + 1);
  const reply = await secureRequest(rig, signedHost, { method: "POST", path: "/model", body });
  test.equal(reply.status, 413);
  test.equal(reply.headers["x-clrk-deny-reason"], "body-too-large");
  test.match(reply.json, { message: /32 MiB/ });
  test.equal(upstream.received.length, 0);
  test.match(await record(), {
    response: { status: 413 },
    decision: { verdict: "deny", reason: "body-too-large" },
  });
});

t.test("body malformed: passes, and nothing is known of the call", async (test) => {
  const { rig, upstream, record } = await stand(test);
  upstream.answerWith((_, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"error":{"message":"malformed"}}');
  });
  const reply = await secureRequest(rig, "api.openai.com", { ...chatRequest, body: '{"model":"g' });
  test.equal(reply.status, 400);
  test.match(await record(), {
    decision: { verdict: "allow" },
    model: { operation: "chat", requestModel: null },
    usage: null,
  });
});

t.test("compressed bomb: passes as it came, costs its bound, and is not believed", async (test) => {
  const { rig, engine, upstream, record } = await stand(test);
  const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
  upstream.answerWith((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(bomb);
  });
  const before = process.memoryUsage().rss;
  const reply = await secureRequest(rig, "api.openai.com", chatRequest);
  test.equal(reply.status, 200);
  test.match(await record(), { decision: { verdict: "allow" }, usage: null });
  test.ok(process.memoryUsage().rss - before < 128 * 1024 * 1024, "the bomb was not unpacked");
  test.equal(engine.status().replaced, 0);
});

t.test("reset by the client before the first byte: what was asked is recorded", async (test) => {
  const { rig, upstream, record } = await stand(test);
  upstream.answerWith(() => {});
  const socket = await openRequest(rig, streamHead);
  await seen(() => upstream.received.length === 1);
  socket.destroy();
  const found = await record();
  test.match(found, {
    response: { status: 0 },
    decision: { verdict: "allow" },
    model: { requestModel: "gpt-4.1" },
    usage: null,
  });
  test.ok(found.response.flags.includes("DC"), found.response.flags.join());
});

const events = [
  'data: {"id":"c1","model":"gpt-4.1","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n',
  'data: {"id":"c1","model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}\n\n',
];

t.test("reset by the client after the first byte: what passed is metered", async (test) => {
  const { rig, upstream, record } = await stand(test);
  upstream.answerWith((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(event);
  });
  const socket = await openRequest(rig, streamHead);
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await seen(() => text.includes("prompt_tokens"));
  socket.destroy();
  const found = await record();
  test.match(found, {
    response: { status: 200 },
    model: { stream: true, responseId: "c1" },
    usage: { inputTokens: 3, outputTokens: 1 },
  });
  test.ok(found.response.flags.includes("DC"), found.response.flags.join());
});

t.test(
  "reset by the upstream in the middle: the answer is cut, what passed is metered",
  async (test) => {
    const { rig, upstream, record } = await stand(test);
    upstream.answerWith((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of events) response.write(event);
    });
    const socket = await openRequest(rig, streamHead);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await seen(() => text.includes("prompt_tokens"));
    const ended = once(socket, "end");
    upstream.received[0]?.request.socket.destroy();
    await ended;
    test.notOk(text.endsWith("0\r\n\r\n"), "the answer has no end");
    const found = await record();
    test.match(found, {
      response: { status: 200 },
      model: { stream: true },
      usage: { inputTokens: 3 },
    });
    test.match(found.response.details, /^upstream_reset_after_response_started/);
    const flags = ["UC", "UR", "UPE"];
    test.ok(
      found.response.flags.some((flag) => flags.includes(flag)),
      found.response.flags.join(),
    );
  },
);

t.test("Envoy restarted: the engine serves the new one", async (test) => {
  const { rig, engine } = await stand(test);
  test.equal((await secureRequest(rig, "api.openai.com", chatRequest)).status, 200);
  const { pid } = rig.envoy;
  if (pid === undefined) throw new Error("Envoy has no process id");
  process.kill(pid, "SIGKILL");
  await seen(() => rig.envoy.pid !== undefined && rig.envoy.pid !== pid);
  await eventually(() => (rig.envoy.restarts > 0 ? true : undefined));
  const reply = await retried(() => secureRequest(rig, "api.openai.com", chatRequest));
  test.equal(reply.status, 200);
  test.equal(engine.status().replaced, 0);
});

/** Until the new Envoy listens; at most ten seconds. */
async function retried<Value>(ask: () => Promise<Value>): Promise<Value> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
