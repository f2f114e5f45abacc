/** Tests TLS towards agents with a real Envoy: certificates by name, refusals, ALPN and names of secrets. */
import { connect } from "node:tls";
import t from "tap";
import { openTunnel, secureRequest } from "../testdata/agent.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import type { EnvoyRig } from "../testdata/envoy-rig.ts";
import {
  bearer,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "../testdata/gateway-snapshot.ts";
import {
  handshakeTimeoutMs,
  interceptingTransportSocket,
  NO_SERVER_NAME,
} from "./downstream-tls.ts";

/** The protocol agreed on, or undefined when the handshake fails. */
async function handshake(rig: EnvoyRig, servername: string, alpn: string[] = ["http/1.1"]) {
  const tunnel = await openTunnel(rig, "203.0.113.7:443");
  const socket = connect({
    socket: tunnel,
    servername,
    rejectUnauthorized: false,
    ALPNProtocols: alpn,
  });
  return await new Promise<string | undefined>((resolve) => {
    socket.once("secureConnect", () => {
      resolve(socket.alpnProtocol || "none");
      socket.destroy();
    });
    socket.on("error", () => resolve(undefined));
    socket.once("close", () => resolve(undefined));
  });
}

t.test(
  "interceptingTransportSocket() asks for a certificate by server name",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    await rig.publish(gatewaySnapshot());
    t.equal(await handshake(rig, "a.example.com"), "http/1.1");
    t.equal(await handshake(rig, "b.example.com", ["h2", "http/1.1"]), "h2");
    t.equal(await handshake(rig, "a.example.com"), "http/1.1");
    t.same(
      rig.askedNames,
      ["a.example.com", "b.example.com"],
      "a known name is not asked for again",
    );
  },
);

t.test(
  "interceptingTransportSocket() fails the handshake of what is refused",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    await rig.publish(gatewaySnapshot());
    const start = performance.now();
    t.equal(await handshake(rig, ""), undefined, "no server name");
    t.equal(await handshake(rig, "localhost"), undefined, "a name that the provider refuses");
    t.same(rig.askedNames, [NO_SERVER_NAME, "localhost"]);
    t.ok(performance.now() - start < handshakeTimeoutMs, "no answer has to be waited for");
  },
);

t.test(
  "no server name reaches the secrets that Envoy injects or verifies with",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    const rule = httpRule({ action: forward({ credentials: [bearer("openai")] }) });
    const snapshot = gatewaySnapshot({ hosts: [hostPolicy("a.example.com", rule)] });
    const resource = "secret/default/openai/token";
    await rig.publish(snapshot, { credentials: { [resource]: "sk-1" } });
    for (const name of [resource, "trust/upstream", "upstream-trust", "otlp/default/egress/x"]) {
      t.equal(await handshake(rig, name), undefined, name);
    }
    const verdict = await rig.publish(snapshot, { credentials: { [resource]: "sk-2" } });
    t.equal(verdict.kind, "live", "the credential can still be rotated");
    t.notOk(rig.askedNames.some((name) => name.includes("/")));
    t.same(rig.logLines, []);
    t.equal((await secureRequest(rig, "b.example.com")).status, 403);
  },
);

t.test(
  "interceptingTransportSocket() offers no resumption, which the selector needs",
  async (t) => {
    const { envoy } = await import("../proto/gen/xds.js");
    const { DownstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
    const context = DownstreamTlsContext.decode(interceptingTransportSocket().typedConfig.value);
    t.ok(context.disableStatelessSessionResumption);
    t.ok(context.disableStatefulSessionResumption);
    t.same(context.commonTlsContext?.alpnProtocols, ["h2", "http/1.1"]);
  },
);
