/** Tests of how a real Envoy asks the engine: by which plan, about which parts, and what it does without an answer. */
import { createServer as createHttpServer } from "node:http";
import type { Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { EnginePlan, GatewaySnapshot, HostPolicy } from "../snapshot.ts";
import { createCapturePlan } from "../testdata/capture-plan.ts";
import { openTransparent, openTunnel, secureOver, secureRequest } from "../testdata/agent.ts";
import type { AgentRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import type { Upstream } from "../testdata/echo-upstream.ts";
import { aliceAuthorization, eventually, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import type { EnvoyRig } from "../testdata/envoy-rig.ts";
import {
  attempt,
  backend,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../testdata/gateway-snapshot.ts";
import { testCertificatePem, testPrivateKeyPem } from "../testdata/leaf.ts";
import type { EngineScript, ScriptedEngine } from "../testdata/scripted-engine.ts";
import { continueReply, headerOf, startScriptedEngine } from "../testdata/scripted-engine.ts";
import { modelCallBytes } from "./model-call-body.ts";
import {
  attemptFilters,
  attemptRouteConfig,
  candidateAttemptFilters,
  ceilingFilters,
  choiceFilter,
  choiceRouteConfig,
  engineFilter,
  engineRouteConfig,
} from "./engine-filter.ts";

const { ExternalProcessor, ExtProcPerRoute, ProcessingMode } =
  envoy.extensions.filters.http.ext_proc.v3;
const { HeaderSendMode, BodySendMode } = ProcessingMode;

const capture = createCapturePlan();

/** The filter as Envoy reads it, defaults included. */
function decoded(
  filter: envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter | undefined,
) {
  const config = tryUnpackAny(filter?.typedConfig ?? {}, ExternalProcessor);
  if (config === undefined) throw new TypeError("Cannot read filter: want ext_proc");
  return config;
}

t.test("engineFilter() is off until a route turns it on, and fails closed", async (t) => {
  const filter = engineFilter();
  t.ok(filter.disabled);
  for (const config of [decoded(filter), decoded(attemptFilters()[0])]) {
    t.equal(config.failureModeAllow, false);
    t.match(config.messageTimeout, { seconds: 5 });
    t.match(config.maxMessageTimeout, { seconds: 630 });
    t.equal(config.statusOnError?.code, 503);
    t.equal(config.grpcService?.envoyGrpc?.clusterName, "clrk-engine");
    t.same(config.metadataOptions?.receivingNamespaces?.untyped, ["clrk", "clrk.order"]);
  }
});

t.test("engineFilter() asks by gRPC metadata that no agent can write", async (t) => {
  const metadataOf = (filter: Parameters<typeof decoded>[0]) =>
    (decoded(filter).grpcService?.initialMetadata ?? []).map(({ key, value }) => [key, value]);
  t.same(metadataOf(engineFilter()), [
    ["x-clrk-extproc-role", "downstream"],
    ["x-clrk-caller", "%FILTER_STATE(clrk.caller:TYPED)%"],
  ]);
  t.same(metadataOf(attemptFilters()[0])[0], ["x-clrk-extproc-role", "upstream"]);
});

t.test("attemptFilters() hold the body for the signature and look at no answer", async (t) => {
  const [filter, codec] = attemptFilters();
  t.match(decoded(filter).processingMode, {
    requestHeaderMode: HeaderSendMode.SEND,
    requestBodyMode: BodySendMode.BUFFERED,
    responseHeaderMode: HeaderSendMode.SKIP,
    responseBodyMode: BodySendMode.NONE,
    requestTrailerMode: HeaderSendMode.SKIP,
    responseTrailerMode: HeaderSendMode.SKIP,
  });
  t.equal(codec?.name, "envoy.filters.http.upstream_codec", "always last");
});

t.test("engineRouteConfig() and attemptRouteConfig() name the plan", async (t) => {
  for (const any of [engineRouteConfig(enginePlan(), "any"), attemptRouteConfig(attempt("aws"))]) {
    const [field] = tryUnpackAny(any, ExtProcPerRoute)?.overrides?.grpcInitialMetadata ?? [];
    t.equal(field?.key, "x-clrk-plan");
    t.match(field?.value, /^0{14}(?:ee|aa)$/);
  }
});

const { SEND, SKIP } = HeaderSendMode;
const { NONE, STREAMED } = BodySendMode;
const modes: readonly {
  readonly name: string;
  readonly plan: Partial<EnginePlan>;
  readonly protocol: "any" | "upgrade";
  /** Response headers, request body, response body */
  readonly want: readonly [number, number, number];
}[] = [
  { name: "tokens", plan: {}, protocol: "any", want: [SEND, STREAMED, STREAMED] },
  { name: "tokens of an upgrade", plan: {}, protocol: "upgrade", want: [SEND, NONE, NONE] },
  {
    name: "a query credential",
    plan: { meters: false },
    protocol: "any",
    want: [SKIP, NONE, NONE],
  },
  {
    name: "captured requests",
    plan: { meters: false, capture: { ...capture, request: true } },
    protocol: "any",
    want: [SKIP, STREAMED, NONE],
  },
  {
    name: "captured responses",
    plan: { meters: false, capture: { ...capture, response: true } },
    protocol: "any",
    want: [SEND, NONE, STREAMED],
  },
];

for (const { name, plan, protocol, want } of modes) {
  t.test(`engineRouteConfig() shows what ${name} need`, async (t) => {
    const any = engineRouteConfig(enginePlan(plan), protocol);
    const mode = tryUnpackAny(any, ExtProcPerRoute)?.overrides?.processingMode;
    const [responseHeaderMode, requestBodyMode, responseBodyMode] = want;
    t.match(mode, {
      requestHeaderMode: SEND,
      responseHeaderMode,
      requestBodyMode,
      responseBodyMode,
      requestTrailerMode: SKIP,
      responseTrailerMode: SKIP,
    });
  });
}

interface Served {
  readonly hosts: (upstream: Upstream) => readonly HostPolicy[];
  readonly script?: EngineScript;
  readonly gateway?: Partial<GatewaySnapshot>;
}

async function serve(t: Test, { hosts, script, gateway }: Served) {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const engine = await startScriptedEngine(t, script);
  const snapshot = gatewaySnapshot({ hosts: hosts(upstream), ...gateway });
  const verdict = await rig.publish(snapshot, { engineSockets: [engine.socket] });
  t.equal(verdict.kind, "live", verdict.kind === "rejected" ? verdict.message : "");
  const ask = (host: string, options?: AgentRequest) => secureRequest(rig, host, options);
  return { rig, upstream, engine, ask };
}

function at(upstream: Upstream, policy: HostPolicy): HostPolicy {
  return { ...policy, alias: { address: "127.0.0.1", port: upstream.port } };
}

const planned = (plan: EnginePlan = enginePlan()) => ({
  hosts: (upstream: Upstream) => [
    at(upstream, hostPolicy("api.openai.com", httpRule({ engine: plan }))),
    at(upstream, hostPolicy("a.example.com", httpRule())),
  ],
});

const body = { method: "POST", path: "/v1?a=b", body: "a body" };
const streamsOf = ({ streams }: ScriptedEngine) => streams.map(({ phases }) => phases.join(" "));

t.test(
  "a request of a plan is shown with its plan and caller, others are not",
  needsEnvoy,
  async (t) => {
    const { engine, ask, upstream } = await serve(t, planned());
    const forged = { "x-clrk-plan": "other", "x-clrk-caller": "run:other" };
    t.equal((await ask("a.example.com")).status, 200);
    t.equal(engine.streams.length, 0);
    const reply = await ask("api.openai.com", { ...body, headers: forged });
    t.equal(reply.status, 200, reply.text);
    t.match(engine.streams[0]?.metadata, {
      "x-clrk-plan": "00000000000000ee",
      "x-clrk-extproc-role": "downstream",
      "x-clrk-caller": '"run:run-alice"',
    });
    t.match(upstream.seen[1], { url: "/v1?a=b", body: "a body" });
    const [phases] = streamsOf(engine);
    t.match(phases, /^requestHeaders requestBody\+? .*responseHeaders responseBody.*\+$/);
    const [headers] = engine.streams[0]?.messages ?? [];
    t.equal(headers && headerOf(headers, "x-clrk-plan"), undefined);
  },
);

t.test("the engine is told who calls on a captured connection", needsEnvoy, async (t) => {
  const { engine, rig } = await serve(t, planned());
  const socket = await openTransparent(rig, { address: "203.0.113.7", port: 443 });
  const reply = await secureOver(socket, "api.openai.com", body);
  t.equal(reply.status, 200, reply.text);
  const quoted = engine.streams[0]?.metadata["x-clrk-caller"] ?? "";
  t.match(quoted, /^[\x20-\x7e]+$/, "a header takes no control characters");
  t.equal(JSON.parse(quoted), "TaskAgent\u001fdefault\u001fresearcher\u001f\u001f\u001f");
});

t.test("a request without a body ends with its headers", needsEnvoy, async (t) => {
  const plan = enginePlan({ meters: false });
  const { engine, ask } = await serve(t, planned(plan));
  t.equal((await ask("api.openai.com")).status, 200);
  t.equal((await ask("api.openai.com", body)).status, 200);
  t.same(streamsOf(engine), ["requestHeaders+", "requestHeaders"], "and nothing else is shown");
});

t.test("changes of the engine reach the upstream, and its id the record", needsEnvoy, async (t) => {
  const set = (key: string, value: string) => ({
    header: { key, rawValue: Buffer.from(value) },
    appendAction: 2,
  });
  const { ask, upstream, rig } = await serve(t, {
    ...planned(enginePlan({ meters: false })),
    script: () => ({
      requestHeaders: {
        response: {
          headerMutation: {
            setHeaders: [set(":path", "/v2?key=1"), set("x-set", "s")],
            removeHeaders: ["x-gone"],
          },
        },
      },
      dynamicMetadata: {
        fields: { clrk: { structValue: { fields: { id: { stringValue: "tx-1" } } } } },
      },
    }),
  });
  const headers = { "x-gone": "1", "x-set": "own", "x-kept": "1" };
  t.equal((await ask("api.openai.com", { headers })).status, 200);
  const [seen] = upstream.seen;
  t.match(seen, { url: "/v2?key=1", headers: { "x-set": "s", "x-kept": "1" } });
  t.notOk("x-gone" in (seen?.headers ?? {}));
  t.match(await eventually(() => rig.records[0]), { tier: "engine" });
});

t.test("a refusal of the engine is what the agent gets", needsEnvoy, async (t) => {
  const { ask, upstream } = await serve(t, {
    ...planned(),
    script: () => ({
      immediateResponse: {
        status: { code: 503 },
        headers: {
          setHeaders: [
            {
              header: { key: "x-clrk-deny-reason", rawValue: Buffer.from("not-ready") },
              appendAction: 2,
            },
          ],
        },
        body: Buffer.from('{"message":"Own words"}\n'),
        details: "clrk_denied{not-ready}",
      },
    }),
  });
  const reply = await ask("api.openai.com", body);
  t.match(reply, { status: 503, json: { message: "Own words" } }, reply.text);
  t.equal(reply.headers["x-clrk-deny-reason"], "not-ready");
  t.same(upstream.seen, []);
});

const silent: readonly {
  readonly name: string;
  readonly script?: EngineScript;
  readonly isGone?: true;
}[] = [
  { name: "is not there", isGone: true },
  { name: "ends the stream", script: () => "end" },
  { name: "answers what was not asked", script: () => ({ responseBody: {} }) },
];

for (const { name, script, isGone } of silent) {
  t.test(`a request is refused when the engine ${name}`, needsEnvoy, async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const engine = await startScriptedEngine(t, script);
    const engineSockets = [isGone ? `${engine.socket}.gone` : engine.socket];
    const hosts = planned().hosts(upstream);
    t.equal((await rig.publish(gatewaySnapshot({ hosts }), { engineSockets })).kind, "live");
    const reply = await secureRequest(rig, "api.openai.com", body);
    t.equal(reply.status, 503, reply.text);
    t.equal(reply.headers["x-clrk-deny-reason"], "engine-unavailable");
    t.match(reply.json, { error: { type: "server_error", code: "clrk_engine_unavailable" } });
    t.same(upstream.seen, [], "nothing went out undecided");
    t.equal((await secureRequest(rig, "a.example.com")).status, 200, "others need no engine");
  });
}

t.test("a thread that is gone costs nothing while another one serves", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const engine = await startScriptedEngine(t);
  const engineSockets = [`${engine.socket}.gone`, engine.socket];
  await rig.publish(gatewaySnapshot({ hosts: planned().hosts(upstream) }), { engineSockets });
  for (let count = 0; count < 6; count++) {
    const reply = await secureRequest(rig, "api.openai.com", body);
    t.equal(reply.status, 200, reply.text);
  }
  t.equal(engine.streams.length, 6);
});

t.test("the plan of a backend is asked in the place of the rule's", needsEnvoy, async (t) => {
  const { engine, ask } = await serve(t, {
    hosts: (upstream) => {
      const alias = { address: "127.0.0.1", port: upstream.port };
      const own = enginePlan({ id: "000000000000000b", meters: false });
      const targets = [backend("b.example.com", { alias, engine: own })];
      const rest = [backend("c.example.com", { alias })];
      return [
        hostPolicy(
          "one.example.com",
          httpRule({ engine: enginePlan(), action: forward({ backends: targets }) }),
        ),
        hostPolicy("two.example.com", httpRule({ action: forward({ backends: targets }) })),
        hostPolicy(
          "three.example.com",
          httpRule({ engine: enginePlan(), action: forward({ backends: rest }) }),
        ),
      ];
    },
  });
  for (const host of ["one", "two", "three"]) {
    t.equal((await ask(`${host}.example.com`, body)).status, 200, host);
  }
  const plans = engine.streams.map(({ metadata }) => metadata["x-clrk-plan"]);
  t.same(plans, ["000000000000000b", "000000000000000b", "00000000000000ee"]);
  t.same(streamsOf(engine).slice(0, 2), ["requestHeaders", "requestHeaders"]);
});

const signing = (upstream: Upstream) => {
  const credentials = [sigv4("aws")];
  const signed = forward({ credentials, attempt: attempt("aws") });
  return [
    at(
      upstream,
      hostPolicy("bedrock-runtime.us-east-1.amazonaws.com", httpRule({ action: signed })),
    ),
  ];
};

/** Signs the body that it is shown, in a manner of speaking. */
const sign: EngineScript = (message, stream) => {
  const { requestHeaders, requestBody } = message;
  if (requestHeaders && !requestHeaders.endOfStream) return continueReply(message);
  const [first] = stream.messages;
  const text = `${first && headerOf(first, ":authority")} ${requestBody?.body.length ?? 0}`;
  const option = { header: { key: "authorization", rawValue: Buffer.from(text) }, appendAction: 2 };
  const response = { headerMutation: { setHeaders: [option] } };
  return requestBody ? { requestBody: { response } } : { requestHeaders: { response } };
};

t.test(
  "an attempt is signed with its whole body, after all else has changed it",
  needsEnvoy,
  async (t) => {
    const { engine, ask, upstream } = await serve(t, { hosts: signing, script: sign });
    const host = "bedrock-runtime.us-east-1.amazonaws.com";
    const long = { ...body, body: "x".repeat(modelCallBytes - 1) };
    const headers = { authorization: "Bearer own" };
    t.equal((await ask(host, { ...body, headers })).status, 200);
    t.equal((await ask(host, { headers })).status, 200);
    t.equal((await ask(host, long)).status, 200);
    t.same(
      upstream.seen.map((seen) => seen.headers["authorization"]),
      [`${host} 6`, `${host} 0`, `${host} ${modelCallBytes - 1}`],
    );
    t.ok(upstream.seen[2]?.body === long.body, "as long as it was");
    const over = await ask(host, { ...body, body: "x".repeat(modelCallBytes + 100_000) });
    t.equal(over.status, 413, over.text);
    t.equal(upstream.seen.length, 3);
    t.same(streamsOf(engine), [
      "requestHeaders requestBody+",
      "requestHeaders+",
      "requestHeaders requestBody+",
      "requestHeaders",
    ]);
    t.match(engine.streams[0]?.metadata, {
      "x-clrk-plan": "00000000000000aa",
      "x-clrk-extproc-role": "upstream",
    });
  },
);

t.test("an attempt of a captured connection is signed, too", needsEnvoy, async (t) => {
  const { rig, upstream } = await serve(t, { hosts: signing, script: sign });
  const host = "bedrock-runtime.us-east-1.amazonaws.com";
  const socket = await openTransparent(rig, { address: "203.0.113.7", port: 443 });
  const reply = await secureOver(socket, host, body);
  t.equal(reply.status, 200, reply.text);
  t.equal(upstream.seen[0]?.headers["authorization"], `${host} 6`);
});

t.test("an attempt that nobody signs never goes out", needsEnvoy, async (t) => {
  const { ask, upstream } = await serve(t, { hosts: signing, script: () => "end" });
  const reply = await ask("bedrock-runtime.us-east-1.amazonaws.com", body);
  t.equal(reply.status, 503, reply.text);
  t.equal(reply.headers["x-clrk-deny-reason"], "engine-unavailable");
  t.same(upstream.seen, []);
});

/** Switches to a protocol that says hello and sends back what it gets. */
function upgrading(server: Server): Server {
  return server.on("upgrade", (_request, socket) => {
    socket.on("error", () => {});
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    );
    socket.write("hello ");
    socket.pipe(socket);
  });
}

async function upgradeUpstream(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => upgrading(server).listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

/** Asks for an upgrade on the connection, sends `ping`, and gives what came until `until` was there or the end. */
async function upgradeOver(socket: Duplex, target: string, until: string): Promise<string> {
  const authorization = `proxy-authorization: ${aliceAuthorization}\r\n`;
  const fields = `host: api.openai.com\r\n${authorization}connection: upgrade\r\nupgrade: WebSocket\r\n`;
  socket.write(`GET ${target} HTTP/1.1\r\n${fields}\r\n`);
  let text = "";
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes("hello ") && !text.includes("ping")) socket.write("ping");
    if (text.includes(until)) break;
  }
  return text;
}

const upgrades: readonly {
  readonly name: string;
  readonly server: () => Server;
  readonly open: (rig: EnvoyRig) => Promise<Duplex>;
  readonly target: string;
}[] = [
  {
    name: "TLS",
    server: () => createHttpsServer({ cert: testCertificatePem, key: testPrivateKeyPem }),
    open: async (rig) => {
      const socket = await openTunnel(rig, "api.openai.com:443");
      return connectTls({ socket, servername: "api.openai.com", rejectUnauthorized: false });
    },
    target: "/ws",
  },
  {
    name: "plain HTTP",
    server: () => createHttpServer(),
    open: async (rig) => connect(rig.proxyPort, "127.0.0.1"),
    target: "http://api.openai.com/ws",
  },
];

for (const { name, server, open, target } of upgrades) {
  t.test(
    `an upgrade over ${name} is decided, and its bytes are not shown`,
    needsEnvoy,
    async (t) => {
      const [rig, port] = [await startRig(t), await upgradeUpstream(t, server())];
      const engine = await startScriptedEngine(t);
      const host = hostPolicy("api.openai.com", httpRule({ engine: enginePlan() }));
      const hosts = [{ ...host, alias: { address: "127.0.0.1", port } }];
      const verdict = await rig.publish(gatewaySnapshot({ hosts }), {
        engineSockets: [engine.socket],
      });
      t.equal(verdict.kind, "live");
      const text = await upgradeOver(await open(rig), target, "ping");
      t.match(text, /^HTTP\/1\.1 101 [\s\S]*hello ping$/);
      t.same(streamsOf(engine), ["requestHeaders responseHeaders"]);
    },
  );
}

t.test("an upgrade that would have to be signed is refused", needsEnvoy, async (t) => {
  const { rig, engine, upstream } = await serve(t, { hosts: signing, script: sign });
  const host = "bedrock-runtime.us-east-1.amazonaws.com";
  const headers = { connection: "upgrade", upgrade: "websocket" };
  const reply = await secureRequest(rig, host, { headers });
  t.equal(reply.status, 403, reply.text);
  t.equal(reply.headers["x-clrk-deny-reason"], "not-enforced");
  t.same([engine.streams.length, upstream.seen.length], [0, 0]);
});

t.test("choiceFilter() sees a body only after it has answered the headers", async (t) => {
  const config = decoded(choiceFilter());
  t.ok(choiceFilter().disabled);
  t.equal(config.failureModeAllow, false);
  t.equal(config.sendBodyWithoutWaitingForHeaderResponse, false);
  t.equal(decoded(engineFilter()).sendBodyWithoutWaitingForHeaderResponse, true);
  t.same(config.mutationRules?.allowEnvoy, { value: true }, "it bounds retries");
  t.equal(decoded(engineFilter()).mutationRules, null);
});

t.test("choiceRouteConfig() has the whole body shown before anything goes out", async (t) => {
  const plan = enginePlan({ routing: { rules: [], otherwise: "deny" } });
  const any = choiceRouteConfig(plan)["clrk.engine_choice"];
  const { overrides } = tryUnpackAny(any ?? {}, ExtProcPerRoute) ?? {};
  t.match(overrides?.processingMode, {
    requestBodyMode: BodySendMode.BUFFERED,
    responseHeaderMode: SEND,
    responseBodyMode: STREAMED,
  });
  t.equal(overrides?.grpcInitialMetadata[0]?.value, "00000000000000ee");
});

t.test("candidateAttemptFilters() say by which plan, of what and to whom", async (t) => {
  const [filter] = candidateAttemptFilters(attempt("aws"));
  const config = decoded(filter);
  t.equal(config.failureModeAllow, false);
  t.same(
    config.grpcService?.initialMetadata.slice(2).map(({ key, value }) => [key, value]),
    [
      ["x-clrk-plan", "00000000000000aa"],
      ["x-clrk-call", "%DYNAMIC_METADATA(clrk:call)%"],
      ["x-clrk-upstream", "%UPSTREAM_HOST%"],
    ],
  );
  t.equal(config.mutationRules?.allowAllRouting?.value, true);
});

t.test("ceilingFilters() keep a stream for each request, where there is a ceiling", async (t) => {
  const gateway = { namespace: "default", name: "egress" };
  t.same(ceilingFilters(gateway), []);
  const [filter] = ceilingFilters({ ...gateway, maxConcurrentRequests: 7 });
  t.notOk(filter?.disabled);
  const config = decoded(filter);
  t.equal(config.failureModeAllow, false);
  t.match(config.processingMode, {
    requestHeaderMode: SEND,
    responseTrailerMode: SEND,
    requestBodyMode: BodySendMode.NONE,
    responseBodyMode: BodySendMode.NONE,
  });
  t.match(config.grpcService?.initialMetadata, [
    { key: "x-clrk-extproc-role", value: "ceiling" },
    { key: "x-clrk-caller" },
    { key: "x-clrk-plan", value: "7 default/egress" },
  ]);
});
