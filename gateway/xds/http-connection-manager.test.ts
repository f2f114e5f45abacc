/** Tests the HTTP side of interception: order of filters, strictness towards agents, and Envoy's own replies. */
import { connect } from "node:net";
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot } from "../snapshot.ts";
import { openTunnel, plainRequest, readAll, secureRequest } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { freePort, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import {
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
  sigv4,
} from "../testdata/gateway-snapshot.ts";
import { interceptingConnectionManager, strictHttp } from "./http-connection-manager.ts";

function filtersOf(gateway: GatewaySnapshot, scheme: "tls" | "plain"): string[] {
  const { HttpConnectionManager } = envoy.extensions.filters.network.http_connection_manager.v3;
  const packed = interceptingConnectionManager(
    gateway,
    { scheme, section: undefined },
    { name: "explicit" },
  );
  const manager = tryUnpackAny(packed.typedConfig, HttpConnectionManager);
  return (manager?.httpFilters ?? []).map(
    ({ name, disabled }) => `${disabled ? "-" : ""}${name?.split(".").at(-1)}`,
  );
}

t.test("interceptingConnectionManager() checks agreement first and signs last", async (t) => {
  const signed = httpRule({ action: forward({ credentials: [sigv4("aws")] }) });
  const gateway = gatewaySnapshot({
    hosts: [hostPolicy("a.example.com", signed), hostPolicy("10.0.0.5")],
  });
  const plain = filtersOf(gateway, "plain");
  t.same(plain.slice(-5), [
    "header_mutation",
    "dynamic_forward_proxy",
    "-named_address_forward_proxy",
    "-aws_request_signing",
    "router",
  ]);
  t.same(plain.slice(0, 2), ["rbac", "ambiguous_path"]);
  t.notOk(filtersOf(gateway, "tls").includes("-named_address_forward_proxy"));
  t.notOk(filtersOf(gatewaySnapshot(), "tls").includes("-aws_request_signing"));
});

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
    t.same(Object.keys(upstream.seen[0]?.headers ?? {}), ["host"]);
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
  t.match(reply.text, /CERTIFICATE_VERIFY_FAILED/);
  t.equal(upstream.seen.length, 0);
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
