/** Tests the HTTP side of interception: order of filters, strictness towards agents, and Envoy's own replies. */
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot } from "../snapshot.ts";
import {
  openTransparent,
  openTunnel,
  plainRequest,
  readAll,
  requestOver,
  researcher,
  secureRequest,
} from "../testdata/agent.ts";
import { rootTraceparent } from "../invocation-trace.ts";
import { plainUpstream, tlsUpstream } from "../testdata/echo-upstream.ts";
import { alice, eventually, freePort, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import type { EnvoyRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { IDENTITY_TLV } from "./identity-states.ts";
import { interceptingConnectionManager, strictHttp } from "./http-connection-manager.ts";
import { misdirectedReply } from "./placeholder-watch.ts";
import {
  bodyTooLargeReply,
  engineReply,
  guardedReply,
  unreachableReply,
} from "./upstream-failure.ts";

function filtersOf(gateway: GatewaySnapshot, scheme: "tls" | "plain"): string[] {
  const { HttpConnectionManager } = envoy.extensions.filters.network.http_connection_manager.v3;
  const packed = interceptingConnectionManager(
    gateway,
    { scheme, section: "any" },
    { name: "explicit" },
  );
  const manager = tryUnpackAny(packed.typedConfig, HttpConnectionManager);
  return (manager?.httpFilters ?? []).map(
    ({ name, disabled }) => `${disabled ? "-" : ""}${name?.split(".").at(-1)}`,
  );
}

t.test(
  "interceptingConnectionManager() checks agreement, asks the engine, then injects",
  async (t) => {
    const gateway = gatewaySnapshot();
    const plain = filtersOf(gateway, "plain");
    t.same(plain, [
      "rbac",
      "ambiguous_path",
      "-body_size_of_rule",
      "-engine",
      "-engine_choice",
      "-placeholder_watch",
      "header_mutation",
      "-swap",
      "dynamic_forward_proxy",
      "-named_address_forward_proxy",
      "router",
    ]);
    const tls = plain.filter((name) => name !== "-named_address_forward_proxy");
    t.same(filtersOf(gateway, "tls"), tls, "an address is named by plain requests only");
  },
);

t.test("strictHttp() lets nothing that an agent sends steer Envoy", async (t) => {
  t.match(strictHttp(), {
    normalizePath: { value: true },
    stripTrailingHostDot: true,
    skipXffAppend: true,
    httpProtocolOptions: { acceptHttp_10: true },
    http2ProtocolOptions: { allowConnect: false },
  });
});

const steering = {
  "x-envoy-upstream-rq-timeout-ms": "1",
  "x-envoy-retry-on": "5xx",
  "x-envoy-original-dst-host": "127.0.0.1:1",
  "X-Envoy-Decorator-Operation": "x",
  "x-clrk-llm-rule": "other",
  "X-CLRK-Deny-Reason": "none",
};

t.test(
  "no header of an agent that is ours or Envoy's reaches the upstream",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
    );
    t.equal((await secureRequest(rig, "a.example.com", { headers: steering })).status, 200);
    t.same(Object.keys(upstream.seen[0]?.headers ?? {}), ["host", "traceparent"]);
  },
);

const unreachable = [
  { host: "a.example.com", type: "gateway_error" },
  { host: "api.openai.com", type: "server_error" },
  { host: "api.anthropic.com", type: "api_error" },
] as const;

t.test(
  "a failure to reach the upstream has the shape of the caller's SDK",
  needsEnvoy,
  async (t) => {
    const [rig, port] = [await startRig(t), await freePort()];
    const alias = { address: "127.0.0.1", port };
    const hosts = unreachable.map(({ host }) => ({ ...hostPolicy(host, httpRule()), alias }));
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { host, type } of unreachable) {
      const reply = await secureRequest(rig, host);
      t.equal(reply.status, 503);
      t.equal(reply.headers["x-clrk-deny-reason"], "unreachable");
      t.match(reply.json, { error: { type, message: /^Cannot reach / } });
    }
  },
);

const unmatched: readonly {
  readonly host: string;
  readonly pattern?: string;
  readonly shape: (message: string) => object;
}[] = [
  {
    host: "api.openai.com",
    shape: (message) => ({
      error: { message, type: "permission_error", param: null, code: "clrk_no_rule" },
    }),
  },
  {
    host: "api.anthropic.com",
    shape: (message) => ({ type: "error", error: { type: "permission_error", message } }),
  },
  {
    host: "mine.openai.azure.com",
    pattern: "*.azure.com",
    shape: (message) => ({ error: { code: "clrk_no_rule", message, type: "permission_error" } }),
  },
  {
    host: "generativelanguage.googleapis.com",
    shape: (message) => ({ error: { code: 403, message, status: "PERMISSION_DENIED" } }),
  },
  {
    host: "a.example.com",
    shape: (message) => ({
      error: { message, type: "permission_error", code: "clrk_no_rule" },
      message,
    }),
  },
  {
    host: "any.example.org",
    pattern: "*",
    shape: (message) => ({
      error: { message, type: "permission_error", code: "clrk_no_rule" },
      message,
    }),
  },
];

const posting = { match: { method: "POST", path: { kind: "exact", value: "/v1" } } } as const;

t.test(
  "what no rule of a host matches is refused in the shape of the caller's SDK, and recorded",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({
        hosts: unmatched.map(({ host, pattern = host }) => ({
          ...hostPolicy(pattern, httpRule(posting)),
          alias,
        })),
      }),
    );
    for (const [index, { host, shape }] of unmatched.entries()) {
      const reply = await secureRequest(rig, host, { path: "/v1?key=hidden" });
      t.equal(reply.status, 403, host);
      t.equal(reply.headers["x-clrk-deny-reason"], "no-rule");
      t.equal(reply.headers["content-type"], "application/json");
      const message = `No rule for host ${host} allows GET /v1 (EgressGateway default/egress, defaultPolicy deny-all)`;
      t.same(reply.json, shape(message), host);
      const record = await eventually(() => rig.records[index]);
      t.match(record, {
        request: { host, path: "/v1", method: "GET" },
        response: { status: 403, flags: ["NR"], details: "route_not_found" },
        upstream: null,
        credential: null,
        decision: {
          verdict: "deny",
          reason: "no-rule",
          message: `no rule for host ${host} allows this method and path`,
          route: null,
        },
      });
    }
    t.equal(upstream.seen.length, 0);
    for (const authority of ["api.openai.com:443", "API.OpenAI.com"]) {
      const sni = "api.openai.com";
      const reply = await secureRequest(rig, sni, { authority });
      t.match(reply, { status: 403, json: { error: { code: "clrk_no_rule" } } }, authority);
    }
    const allowed = await secureRequest(rig, "api.openai.com", { method: "POST", path: "/v1" });
    t.equal(allowed.status, 200);
  },
);

t.test("what no rule matches is refused on plain HTTP, for every method", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot({ hosts: [hostPolicy("a.example.com", httpRule(posting))] }));
  const noRule = { status: 403, headers: { "x-clrk-deny-reason": "no-rule" } };
  for (const method of ["GET", "HEAD", "PUT", "OPTIONS", "TRACE", "PROPFIND"]) {
    t.match(await plainRequest(rig, "a.example.com", { method, path: "/v1" }), noRule, method);
  }
  const upgrade = { connection: "upgrade", upgrade: "websocket" };
  t.match(await plainRequest(rig, "a.example.com", { headers: upgrade }), noRule, "an upgrade");
  const tunnel = await openTunnel(rig, "a.example.com:80");
  const asterisk = await requestOver(tunnel, "a.example.com", { method: "OPTIONS", path: "*" });
  t.equal(asterisk.status, 404, "Envoy refuses what is no path before any route is asked");
});

/** One gRPC call over HTTP/2, ended by whatever comes back. */
async function grpcCall(t: Test, rig: EnvoyRig, host: string) {
  const socket = connectTls({
    socket: await openTunnel(rig, `${host}:443`),
    servername: host,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve).once("error", reject);
  });
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  session.on("error", () => {});
  t.teardown(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": "/clrk.Test/Call",
    "content-type": "application/grpc",
    te: "trailers",
  });
  const answer = new Promise<{ headers: Record<string, unknown>; ended: boolean }>((resolve) => {
    stream.once("response", (headers, flags) => {
      resolve({ headers: { ...headers }, ended: (flags & 1) === 1 });
    });
  });
  stream.on("error", () => {});
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  return await answer;
}

const grpcRefusals = [
  { name: "no rule", host: "a.example.com", reason: "no-rule", says: "No rule for host" },
  { name: "no route", host: "b.example.com", reason: "default-policy", says: "No route of" },
  { name: "a rule that denies", host: "c.example.com", reason: "deny-policy", says: "Not here" },
] as const;

t.test("gRPC is told of a refusal by a status and no body", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const action = { kind: "deny", status: 403, reason: "deny-policy", message: "Not here" } as const;
  await rig.publish(
    gatewaySnapshot({
      hosts: [
        hostPolicy("a.example.com", httpRule(posting)),
        hostPolicy("c.example.com", httpRule({ action })),
      ],
    }),
  );
  for (const { name, host, reason, says } of grpcRefusals) {
    const { headers, ended } = await grpcCall(t, rig, host);
    t.ok(ended, `${name}: trailers only`);
    t.equal(headers[":status"], 200, name);
    t.equal(headers["grpc-status"], "7", `${name}: PERMISSION_DENIED`);
    t.equal(headers["content-type"], "application/grpc", name);
    t.equal(headers["x-clrk-deny-reason"], reason, name);
    t.ok(decodeURIComponent(String(headers["grpc-message"])).includes(says), name);
    const record = await eventually(() => rig.records.find(({ request }) => request.host === host));
    t.match(record.decision, { verdict: "deny", reason }, name);
  }
});

t.test(
  "interceptingConnectionManager() takes the ambiguous path before the disagreement",
  async (t) => {
    const { HttpConnectionManager } = envoy.extensions.filters.network.http_connection_manager.v3;
    const { ExpressionFilter } = envoy.extensions.access_loggers.filters.cel.v3;
    const scope = { scheme: "tls", section: "any" } as const;
    const packed = interceptingConnectionManager(gatewaySnapshot(), scope, { name: "explicit" });
    const { mappers = [] } =
      tryUnpackAny(packed.typedConfig, HttpConnectionManager)?.localReplyConfig ?? {};
    const expressions = (mappers ?? []).map(({ filter }) => {
      const { typedConfig } = filter?.extensionFilter ?? {};
      return typedConfig ? (tryUnpackAny(typedConfig, ExpressionFilter)?.expression ?? "") : "";
    });
    const kinds = expressions.map((text) => text.split(" && (")[0] ?? "");
    t.same(
      [...new Set(kinds)],
      [
        "response.code_details.contains('[ambiguous-path]')",
        "response.code_details.startsWith('rbac_access_denied')",
        "response.code_details == 'route_not_found'",
        misdirectedReply.when,
        guardedReply.when,
        engineReply.when,
        bodyTooLargeReply.when,
        unreachableReply.when,
      ],
    );
    for (const [index, text] of expressions.entries()) {
      const isRest = text === kinds[index];
      const isLast = kinds[index] !== kinds[index + 1];
      t.equal(isRest, isLast, `unknown hosts come after those of providers: ${text}`);
      const status = mappers?.[index]?.statusCode?.value;
      const keepsEnvoys = text.startsWith(engineReply.when) || text.includes("response.code >=");
      const own = text.startsWith(bodyTooLargeReply.when) ? 413 : 403;
      t.equal(status, keepsEnvoys ? undefined : own, kinds[index] ?? "");
    }
  },
);

t.test("an upstream's own errors pass as they are", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  await rig.publish(
    gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
  );
  const reply = await secureRequest(rig, "a.example.com", { path: "/status/503" });
  t.equal(reply.status, 503);
  t.match(reply.json, { url: "/status/503" });
  t.notOk("x-clrk-deny-reason" in reply.headers);
});

t.test("an upstream with a certificate for another name is not trusted", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  await rig.publish(
    gatewaySnapshot({ hosts: [{ ...hostPolicy("a.other.test", httpRule()), alias }] }),
  );
  const reply = await secureRequest(rig, "a.other.test");
  t.equal(reply.status, 503);
  t.match(reply.json, {
    message: "Cannot reach a.other.test: its TLS certificate cannot be verified for this name",
  });
  t.equal(upstream.seen.length, 0);
  const record = await eventually(() => rig.records[0]);
  t.match(record.response.details, /CERTIFICATE_VERIFY_FAILED/);
});

const smuggling: readonly { readonly name: string; readonly head: string }[] = [
  {
    name: "both lengths",
    head: "POST / HTTP/1.1\r\nhost: a.example.com\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  },
  {
    name: "two hosts",
    head: "GET / HTTP/1.1\r\nhost: a.example.com\r\nhost: b.example.com\r\n\r\n",
  },
  {
    name: "a line feed in a header",
    head: "GET / HTTP/1.1\r\nhost: a.example.com\r\nx: a\rb\r\n\r\n",
  },
  {
    name: "two lengths",
    head: "POST / HTTP/1.1\r\nhost: a.example.com\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
  },
  { name: "no host", head: "GET / HTTP/1.1\r\n\r\n" },
];

t.test("requests that could be read in two ways are refused", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot({ defaultPolicy: "allow-all" }));
  for (const { name, head } of smuggling) {
    const tunnel = await openTunnel(rig, "a.example.com:80");
    const answer = readAll(tunnel);
    tunnel.end(head);
    t.match(await answer, /^HTTP\/1\.1 4\d\d |^$/, name);
  }
  t.equal((await plainRequest(rig, "b.example.com", { authority: "c.example.com" })).status, 503);
  connect(rig.proxyPort).destroy();
});

t.test(
  "a request without a trace is told its invocation's, by whoever made the connection",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
    );
    const ask = async (tlvs: Readonly<Record<number, string>>, headers = {}) => {
      const socket = await openTransparent(rig, { address: "203.0.113.7", port: 80, tlvs });
      const { status } = await requestOver(socket, "a.example.com", { headers });
      return status === 200 ? upstream.seen.at(-1)?.headers["traceparent"] : status;
    };
    const named = { ...researcher, [IDENTITY_TLV.dialledHost]: "a.example.com" };
    const traceparent = rootTraceparent(alice.root);
    const own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const traced = { ...named, [IDENTITY_TLV.trace]: traceparent };
    t.equal(await ask(traced), traceparent);
    t.equal(await ask(traced, { traceparent: own }), own, "the agent's own goes on");
    t.equal(await ask(named), undefined, "nobody named one");
    t.equal(await ask(named, { traceparent: own }), own);
    t.equal((await plainRequest(rig, "a.example.com")).status, 200);
    t.equal(upstream.seen.at(-1)?.headers["traceparent"], traceparent, "of the run");
    const asked = upstream.seen.length;
    for (const trace of ["00-1\r\nx-injected: 1", "x y", `${traceparent}\u0000`, "\u00e9"]) {
      await t.rejects(ask({ ...named, [IDENTITY_TLV.trace]: trace }), "closed");
    }
    t.equal(upstream.seen.length, asked, "what could be more than one header reaches nobody");
  },
);
