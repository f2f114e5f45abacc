/** Tests forwarding as a real Envoy does it: credentials, header changes, backends, aliases and timeouts. */
import t from "tap";
import type { Test } from "tap";
import { secureRequest, plainRequest } from "../testdata/agent.ts";
import { plainUpstream, tlsUpstream } from "../testdata/echo-upstream.ts";
import type { Upstream } from "../testdata/echo-upstream.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import type { EnvoyRig } from "../testdata/envoy-rig.ts";
import {
  attempt,
  backend,
  bearer,
  enginePlan,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../testdata/gateway-snapshot.ts";
import type { HostPolicy, HttpAction, HttpRule } from "../snapshot.ts";
import { modelCallBytes } from "./model-call-body.ts";
import {
  forwardRoutes,
  isSigned,
  pickedRoute,
  servedHeader,
  streamIdleMs,
  upgradeMatch,
} from "./forward-route.ts";

const credentials = {
  "secret/default/openai/token": "sk-openai",
  "secret/default/first/token": "sk-first",
  "secret/default/all/token": "sk-all",
};

/** A host that is dialled at an upstream of the test. */
function at(upstream: Upstream, policy: HostPolicy): HostPolicy {
  return { ...policy, alias: { address: "127.0.0.1", port: upstream.port } };
}

async function publish(t: Test, rig: EnvoyRig, hosts: readonly HostPolicy[]): Promise<void> {
  const verdict = await rig.publish(gatewaySnapshot({ hosts }), { credentials });
  t.equal(verdict.kind, "live", "Envoy takes the configuration");
}

t.test(
  "forwardRoutes() puts the credential in the place of what the agent sent",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const action = forward({ credentials: [bearer("openai")] });
    await publish(t, rig, [at(upstream, hostPolicy("api.openai.com", httpRule({ action })))]);
    const reply = await secureRequest(rig, "api.openai.com", {
      headers: {
        authorization: "Bearer agent-key",
        "x-api-key": "agent-key",
        "api-key": "agent-key",
        "x-goog-api-key": "agent-key",
        "x-clrk-run": "run-other",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-forwarded-proto": "http",
      },
    });
    t.equal(reply.status, 200, reply.text);
    const headers = upstream.seen[0]?.headers ?? {};
    t.equal(headers["authorization"], "Bearer sk-openai");
    t.notMatch(JSON.stringify(headers), /agent-key|x-clrk-|x-envoy-|x-forwarded|x-request-id/);
  },
);

t.test(
  "forwardRoutes() gives a backend its own credential and no other's",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const target = backend("a.example.com", { alias, credentials: [bearer("first")] });
    const idle = backend("b.example.com", { alias, weight: 0, credentials: [bearer("openai")] });
    const rule = httpRule({ action: forward({ backends: [idle, target] }) });
    await publish(t, rig, [hostPolicy("api.openai.com", rule)]);
    const reply = await secureRequest(rig, "api.openai.com", {
      headers: { authorization: "Bearer agent-key" },
    });
    t.equal(reply.status, 200, reply.text);
    const headers = upstream.seen[0]?.headers ?? {};
    t.equal(headers["authorization"], "Bearer sk-first");
    t.equal(headers["host"], "a.example.com");
  },
);

t.test(
  "forwardRoutes() prefers the credential of the backend to that of the rule",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const target = backend("a.example.com", { alias, port: 8443, credentials: [bearer("first")] });
    const action = forward({ backends: [target], credentials: [bearer("all")] });
    await publish(t, rig, [hostPolicy("api.openai.com", httpRule({ action }))]);
    const reply = await secureRequest(rig, "api.openai.com");
    t.equal(reply.status, 200, reply.text);
    t.equal(upstream.seen[0]?.headers["authorization"], "Bearer sk-first");
    t.equal(upstream.seen[0]?.headers["host"], "a.example.com:8443");
  },
);

t.test(
  "forwardRoutes() writes header values as they stand in the object",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const rewrite = {
      set: [{ name: "x-set", value: "100% %REQ(authorization)% %%" }],
      add: [{ name: "x-add", value: "%START_TIME%" }],
      remove: ["x-upstream", "x-remove"],
    };
    const action = forward({ requestHeaders: rewrite, responseHeaders: rewrite });
    await publish(t, rig, [at(upstream, hostPolicy("api.example.com", httpRule({ action })))]);
    const reply = await secureRequest(rig, "api.example.com", {
      headers: { authorization: "Bearer own", "x-set": "old", "x-add": "old", "x-remove": "1" },
    });
    const headers = upstream.seen[0]?.headers ?? {};
    t.equal(headers["authorization"], "Bearer own", "without injection the agent's own stays");
    t.equal(headers["x-set"], "100% %REQ(authorization)% %%");
    t.equal(headers["x-add"], "old, %START_TIME%");
    t.equal(headers["x-remove"], undefined);
    t.equal(reply.headers["x-set"], "100% %REQ(authorization)% %%");
    t.equal(reply.headers["x-upstream"], undefined);
  },
);

t.test(
  "forwardRoutes() follows a credential that changes, goes and comes back",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const action = forward({ credentials: [bearer("openai")] });
    const hosts = [at(upstream, hostPolicy("api.openai.com", httpRule({ action })))];
    const snapshot = gatewaySnapshot({ hosts });
    const resource = "secret/default/openai/token";
    const values: string[] = [];
    for (const value of ["sk-1", "sk-2", undefined, "sk-3", "sk-4"]) {
      await rig.publish(snapshot, {
        credentials: value === undefined ? {} : { [resource]: value },
      });
      if (value === undefined) continue;
      await secureRequest(rig, "api.openai.com");
      values.push(upstream.seen.at(-1)?.headers["authorization"] ?? "");
    }
    t.same(values, ["Bearer sk-1", "Bearer sk-2", "Bearer sk-3", "Bearer sk-4"]);
  },
);

t.test(
  "forwardRoutes() sends plain requests in plain, to aliases and to named addresses",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    await publish(t, rig, [
      at(upstream, hostPolicy("api.example.com", httpRule())),
      hostPolicy("127.0.0.1", httpRule()),
    ]);
    t.equal((await plainRequest(rig, "api.example.com", { path: "/a?b=c" })).status, 200);
    t.match(upstream.seen[0], { url: "/a?b=c", headers: { host: "api.example.com" } });
    t.notOk("proxy-authorization" in (upstream.seen[0]?.headers ?? {}));
    t.equal((await plainRequest(rig, "127.0.0.1", { port: upstream.port })).status, 200);
    t.equal(upstream.seen.length, 2);
  },
);

/** Spellings of one address; those that need no guard are names that DNS does not have. */
const inside = [
  { host: "127.0.0.1", status: 403, reason: "guarded-address" },
  { host: "localhost", status: 403, reason: "guarded-address" },
  { host: "2130706433", status: 503, reason: "unreachable" },
  { host: "0x7f.1", status: 503, reason: "unreachable" },
  { host: "127.1", status: 503, reason: "unreachable" },
];

t.test(
  "forwardRoutes() never dials a guarded address that no rule names",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const verdict = await rig.publish(gatewaySnapshot({ defaultPolicy: "allow-all" }));
    t.equal(verdict.kind, "live");
    for (const { host, status, reason } of inside) {
      const reply = await plainRequest(rig, host, { port: upstream.port });
      const want = { status, headers: { "x-clrk-deny-reason": reason } };
      t.match(reply, want, `${host}: ${reply.text}`);
    }
    t.equal(upstream.seen.length, 0);
  },
);

t.test(
  "forwardRoutes() ends a request without response headers after the bound",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const hosts = [at(upstream, hostPolicy("api.openai.com", httpRule()))];
    await rig.publish(gatewaySnapshot({ hosts, requestTimeoutMs: 100 }));
    const reply = await secureRequest(rig, "api.openai.com", { path: "/silent" });
    t.equal(reply.status, 504);
    t.match(reply.json, { error: { type: "server_error", code: "clrk_unreachable" } });
    t.equal(reply.headers["x-clrk-deny-reason"], "unreachable");
  },
);

t.test("forwardRoutes() ends a silent request whatever route it took", needsEnvoy, async (t) => {
  const [rig, upstream, plain] = [await startRig(t), await tlsUpstream(t), await plainUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const backends = [backend("a.example.com", { alias })];
  const match = { path: { kind: "prefix", value: "/" } } as const;
  const hosts = [
    hostPolicy("backend.example.com", httpRule({ action: forward({ backends }) })),
    at(upstream, hostPolicy("path.example.com", httpRule({ match }))),
    at(upstream, hostPolicy("default.example.com")),
    at(plain, hostPolicy("plain.example.com", httpRule())),
  ];
  const snapshot = gatewaySnapshot({ hosts, requestTimeoutMs: 100, defaultPolicy: "allow-all" });
  t.equal((await rig.publish(snapshot)).kind, "live");
  for (const { host } of hosts) {
    const ask = host.value === "plain.example.com" ? plainRequest : secureRequest;
    const reply = await ask(rig, host.value, { path: "/silent" });
    t.match(reply, { status: 504, json: { error: { code: "clrk_unreachable" } } }, host.value);
  }
  t.equal(upstream.seen.length + plain.seen.length, hosts.length, "nothing is sent twice");
});

t.test("forwardRoutes() leave the time to headers to their virtual host", async (t) => {
  for (const action of [forward(), forward({ backends: [backend("a.example.com")] })]) {
    for (const { route } of routesOf(action)) {
      t.notOk(route && "retryPolicy" in route);
      t.match(route, { timeout: { seconds: 0 } }, "an event stream is never cut");
    }
  }
});

function routesOf(
  action: HttpAction,
  changes: Partial<Pick<HttpRule, "engine"> & { scheme: "tls" | "plain" }> = {},
) {
  if (action.kind !== "forward") throw new TypeError("Cannot make routes: want a forward action");
  return forwardRoutes({
    name: "allow/x",
    match: { prefix: "/" },
    scheme: changes.scheme ?? "tls",
    host: hostPolicy("api.example.com"),
    action,
    provider: undefined,
    requestTimeoutMs: 1_000,
    engine: changes.engine,
  });
}

t.test("forwardRoutes() adds a route for WebSocket where the upstream speaks TLS", async (t) => {
  const [upgrade, plain] = routesOf(forward());
  t.equal(upgrade?.route?.cluster, "forward-tls-http1");
  t.equal(upgrade?.match?.headers?.[0]?.name, "upgrade");
  t.equal(plain?.route?.cluster, "forward-tls");
  const only = routesOf(forward(), { scheme: "plain" });
  t.same(
    only.map(({ route }) => route?.cluster),
    ["forward-plain"],
  );
  const asked = routesOf(forward(), { scheme: "plain", engine: enginePlan() });
  t.same(
    asked.map(({ match, route }) => [match?.headers?.[0]?.name, route?.cluster]),
    [
      ["upgrade", "forward-plain"],
      [undefined, "forward-plain"],
    ],
    "the engine is shown other parts of it",
  );
});

/** What the filters of the engine are told by the route and by each of its backends, by protocol. */
function engineConfigOf({ typedPerFilterConfig, route }: ReturnType<typeof routesOf>[number]) {
  const named = (config: typeof typedPerFilterConfig) =>
    Object.keys(config ?? {}).filter((name) => name.startsWith("clrk."));
  return [named(typedPerFilterConfig), ...backendsOf(route).map(named)];
}

function backendsOf(route: ReturnType<typeof routesOf>[number]["route"]) {
  const clusters = route?.weightedClusters?.clusters ?? [];
  return clusters.map(({ typedPerFilterConfig }) => typedPerFilterConfig);
}

t.test(
  "forwardRoutes() asks the engine by the plans of rule and backends, and no other",
  async (t) => {
    const own = backend("a.example.com", { engine: enginePlan({ id: "b" }) });
    const signed = backend("b.example.com", {
      credentials: [sigv4("aws")],
      attempt: attempt("aws"),
    });
    const action = forward({ backends: [own, backend("c.example.com"), signed] });
    const [only, none] = routesOf(action, { engine: enginePlan() });
    t.equal(none, undefined, "an upgrade of it is refused");
    t.same(only && engineConfigOf(only), [["clrk.engine"], ["clrk.engine"], [], ["clrk.attempt"]]);
    t.same(routesOf(forward()).flatMap(engineConfigOf), [[], []]);
    const [direct] = routesOf(forward({ credentials: [sigv4("aws")], attempt: attempt("aws") }));
    t.same(direct && engineConfigOf(direct), [["clrk.attempt"]]);
  },
);

t.test(
  "forwardRoutes() signs at a cluster of its own, with the body held on the way",
  async (t) => {
    const alias = { address: "10.0.0.9" };
    const signed = { credentials: [sigv4("aws")], attempt: attempt("aws") };
    const [direct] = routesOf(forward(signed));
    t.equal(direct?.route?.cluster, "forward-tls-signed");
    t.same(direct?.requestBodyBufferLimit, { value: modelCallBytes });
    const backends = [
      backend("a.example.com", signed),
      backend("b.example.com", { ...signed, alias }),
      backend("c.example.com"),
    ];
    const [weighted] = routesOf(forward({ backends }));
    t.same(
      weighted?.route?.weightedClusters?.clusters?.map(({ name }) => name),
      ["forward-tls-signed", "alias-tls-signed/10.0.0.9:443", "forward-tls"],
    );
    t.same(weighted?.requestBodyBufferLimit, { value: modelCallBytes });
    const [, unsigned] = routesOf(forward());
    t.notOk("requestBodyBufferLimit" in (unsigned ?? {}), "all others pass piece by piece");
  },
);

t.test("isSigned() says whether any attempt is", async (t) => {
  t.notOk(isSigned(forward()));
  t.notOk(isSigned(forward({ backends: [backend("a.example.com")] })));
  t.ok(isSigned(forward({ attempt: attempt("aws") })));
  const signed = backend("b.example.com", { attempt: attempt("aws") });
  t.ok(isSigned(forward({ backends: [backend("a.example.com"), signed] })));
});

t.test("upgradeMatch() adds to what the rule matches", async (t) => {
  const method = { name: ":method", stringMatch: { exact: "GET" } };
  const match = upgradeMatch({ prefix: "/", headers: [method] });
  t.equal(match.prefix, "/");
  t.same(
    match.headers?.map(({ name }) => name),
    [":method", "upgrade"],
  );
  t.match(match.headers?.[1], { stringMatch: { exact: "websocket", ignoreCase: true } });
});

t.test("forwardRoutes() sends TLS to a host named by address over TLS", async (t) => {
  const routes = forwardRoutes({
    name: "allow/x",
    match: { prefix: "/" },
    scheme: "tls",
    host: hostPolicy("10.0.0.5"),
    action: forward(),
    provider: undefined,
    requestTimeoutMs: 1_000,
  });
  t.same(
    routes.map(({ route }) => route?.cluster),
    ["forward-tls-http1", "forward-tls"],
  );
});

const idle: readonly { readonly timeoutMs: number; readonly idleMs: number }[] = [
  { timeoutMs: 0, idleMs: 900_000 },
  { timeoutMs: 840_000, idleMs: 900_000 },
  { timeoutMs: 3_600_000, idleMs: 3_660_000 },
];

for (const { timeoutMs, idleMs } of idle) {
  t.test(`streamIdleMs() of a bound of ${timeoutMs} ms is ${idleMs} ms`, async (t) => {
    t.equal(streamIdleMs(timeoutMs), idleMs);
  });
}

const pickedOptions = {
  name: "allow/x",
  match: { prefix: "/" },
  scheme: "tls",
  host: hostPolicy("api.openai.com"),
  provider: undefined,
  requestTimeoutMs: 1_000,
} as const;

t.test(
  "pickedRoute() asks the engine nothing again, neither at its end nor an attempt",
  async (t) => {
    const signed = { credentials: [sigv4("aws")], attempt: attempt("aws") };
    const target = backend("a.example.com", { ...signed, engine: enginePlan() });
    const engine = enginePlan();
    const weighted = pickedRoute({
      ...pickedOptions,
      engine,
      action: forward({ backends: [target] }),
    });
    t.same(engineConfigOf(weighted), [[], []]);
    t.equal(weighted.route?.weightedClusters?.clusters?.[0]?.name, "forward-tls");
    const direct = pickedRoute({ ...pickedOptions, engine, action: forward(signed) });
    t.same(engineConfigOf(direct), [[]]);
    t.equal(direct.route?.cluster, "forward-tls");
  },
);

t.test("pickedRoute() holds the whole body, and says who answered", async (t) => {
  const route = pickedRoute({ ...pickedOptions, action: forward() });
  t.same(route.requestBodyBufferLimit, { value: modelCallBytes });
  t.same(route.responseHeadersToAdd, [servedHeader()]);
  t.match(servedHeader(), { header: { key: "x-clrk-served", value: "%UPSTREAM_CLUSTER_RAW%" } });
});

t.test("servedHeader() takes the place of what an upstream wrote", async (t) => {
  t.equal(servedHeader().appendAction, 2, "OVERWRITE_IF_EXISTS_OR_ADD");
});
