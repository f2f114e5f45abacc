/** Tests what agents are told when an upstream cannot be reached, with a real Envoy and upstreams that fail. */
import { createServer } from "node:net";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { engineFailureDetails } from "../engine-failure.ts";
import { plainRequest, secureRequest } from "../testdata/agent.ts";
import type { Reply } from "../testdata/agent.ts";
import { tlsUpstream } from "../testdata/echo-upstream.ts";
import { eventually, freePort, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import type { EnvoyRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { engineReply, guardedReply, unreachableReply } from "./upstream-failure.ts";

/** An upstream that treats each connection in a way of its own. */
async function failingUpstream(t: Test, onData: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("data", () => onData(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

interface Failure {
  readonly name: string;
  readonly port: (t: Test) => Promise<number>;
  readonly ask: (rig: EnvoyRig) => Promise<Reply>;
  readonly status: number;
  readonly says: string;
  /** Bytes of the request reached somebody */
  readonly isSent?: true;
  /** What the record keeps of Envoy's words */
  readonly details: RegExp;
}

const host = "a.other.test";
const overTls = (rig: EnvoyRig) => secureRequest(rig, host);
const plainly = (rig: EnvoyRig) => plainRequest(rig, host);

const failures: readonly Failure[] = [
  {
    name: "a closed port",
    port: () => freePort(),
    ask: overTls,
    status: 503,
    says: "it refuses connections",
    details: /Connection_refused/,
  },
  {
    name: "a certificate for another name",
    port: async (t) => (await tlsUpstream(t)).port,
    ask: overTls,
    status: 503,
    says: "its TLS certificate cannot be verified for this name",
    details: /CERTIFICATE_VERIFY_FAILED/,
  },
  {
    name: "no TLS",
    port: (t) => failingUpstream(t, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    ask: overTls,
    status: 503,
    says: "the TLS handshake with it failed",
    details: /TLS_error/,
  },
  {
    name: "silence",
    port: (t) => failingUpstream(t, () => {}),
    ask: plainly,
    status: 504,
    says: "it sent no response headers in time",
    isSent: true,
    details: /upstream_per_try_timeout/,
  },
  {
    name: "a close without answer",
    port: (t) => failingUpstream(t, (socket) => socket.end()),
    ask: plainly,
    status: 503,
    says: "it closed the connection before it answered",
    isSent: true,
    details: /connection_termination/,
  },
  {
    name: "what is no HTTP",
    port: (t) => failingUpstream(t, (socket) => socket.end("220 mail.test ready\r\n")),
    ask: plainly,
    status: 502,
    says: "it does not answer with valid HTTP",
    isSent: true,
    details: /protocol_error/,
  },
];

for (const { name, port, ask, status, says, isSent, details } of failures) {
  t.test(`unreachableReply speaks of ${name} in words of ours`, needsEnvoy, async (t) => {
    const [rig, address] = [await startRig(t), "127.0.0.1"];
    const alias = { address, port: await port(t) };
    const hosts = [{ ...hostPolicy(host, httpRule()), alias }];
    await rig.publish(gatewaySnapshot({ hosts, requestTimeoutMs: 500 }));
    const reply = await ask(rig);
    const message = `Cannot reach ${host}: ${says}`;
    t.equal(reply.status, status);
    t.match(reply.json, { message, error: { message, code: "clrk_unreachable" } });
    t.equal(reply.headers["x-clrk-deny-reason"], "unreachable");
    t.equal(reply.headers["x-clrk-unsent"], isSent === true ? undefined : "true");
    const record = await eventually(() => rig.records[0]);
    t.match(record, { response: { status, details }, decision: { verdict: "allow" } });
  });
}

t.test("a name without address, and one inside, are told apart", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot({ defaultPolicy: "allow-all" }));
  const unknown = await plainRequest(rig, "nothing.invalid");
  t.equal(unknown.status, 503);
  t.match(unknown.json, {
    message: "Cannot reach nothing.invalid: its name has no address in DNS",
  });
  t.equal(unknown.headers["x-clrk-unsent"], "true");
  const inside = await plainRequest(rig, "127.0.0.1:8080");
  t.equal(inside.status, 403);
  t.equal(inside.headers["x-clrk-deny-reason"], "guarded-address");
  t.match(inside.json, {
    error: { type: "permission_error", code: "clrk_guarded_address" },
    message:
      "Host 127.0.0.1:8080 leads to an address that is never dialled unless a route names it",
  });
  const records = await eventually(() => (rig.records.length < 2 ? undefined : rig.records));
  t.match(records[1]?.decision, { verdict: "deny", reason: "guarded-address" });
});

t.test(
  "engineReply fits every way in which Envoy gives up on the engine, and no other",
  async (t) => {
    const quoted = [...engineReply.when.matchAll(/startsWith\('([^']*)'\)/g)].map(
      ([, sign]) => sign,
    );
    t.same(quoted, engineFailureDetails);
    t.equal(
      engineReply.when.split(" || ").length,
      engineFailureDetails.length,
      "nothing else than these is asked",
    );
    t.match(engineReply.when, /^\(.*\)$/, "holds together when hosts are added with &&");
    t.match(engineReply.facts, { status: 503, reason: "engine-unavailable" });
    for (const sign of engineFailureDetails) {
      t.match(sign, /^[a-z_]+$/, "nothing that would end the expression's text");
      t.notOk("clrk_denied".startsWith(sign), "a refusal of the engine itself stays as it is");
    }
  },
);

t.test("the formats hold nothing that ends them early", async (t) => {
  t.match(unreachableReply.facts.message, /^[^%]*%REQ\(:AUTHORITY\)%: %CEL\([^%]*\)%$/);
  t.equal(unreachableReply.facts.message.split(")%").length, 3);
  t.notMatch(guardedReply.facts.message.replace("%REQ(:AUTHORITY)%", ""), /%/);
  t.notMatch(engineReply.facts.message, /%/);
});
