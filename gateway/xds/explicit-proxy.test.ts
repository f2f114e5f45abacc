/** Tests the explicit proxy with a real Envoy: who gets in, what is refused in front of the tunnel, and its records. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import t from "tap";
import {
  openTunnel,
  plainRequest,
  readTunnel,
  requestOver,
  secureRequest,
} from "../testdata/agent.ts";
import { plainUpstream } from "../testdata/echo-upstream.ts";
import {
  alice,
  aliceAuthorization,
  eventually,
  needsEnvoy,
  startRig,
} from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { explicitProxyListener, explicitProxyRoutes, proxyUserName } from "./explicit-proxy.ts";
import type { ProxyCredential } from "./explicit-proxy.ts";

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

const strangers: readonly { readonly name: string; readonly authorization: string | undefined }[] =
  [
    { name: "none", authorization: undefined },
    { name: "an empty one", authorization: "" },
    { name: "another scheme", authorization: "Bearer secret" },
    { name: "a wrong password", authorization: basic(proxyUserName(alice), "Secret") },
    { name: "no password", authorization: basic(proxyUserName(alice), "") },
    { name: "the run alone", authorization: basic("run-alice", "secret") },
    {
      name: "another trace",
      authorization: basic(
        proxyUserName({ ...alice, root: { ...alice.root, spanId: "1".repeat(16) } }),
        "secret",
      ),
    },
    { name: "another user", authorization: basic("run-bob", "secret") },
    { name: "the user that nobody is", authorization: basic("nobody", "") },
    {
      name: "the hash in place of the password",
      authorization: basic(proxyUserName(alice), alice.passwordHash),
    },
    {
      name: "no colon",
      authorization: `Basic ${Buffer.from(proxyUserName(alice)).toString("base64")}`,
    },
    { name: "no Base64", authorization: "Basic ***" },
  ];

t.test("explicitProxyListener() answers 407 to every other credential", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const hosts = [{ ...hostPolicy("a.example.com", httpRule()), alias }];
  await rig.publish(gatewaySnapshot({ hosts }));
  for (const { name, authorization } of strangers) {
    const reply = await plainRequest(rig, "a.example.com", { proxyAuthorization: authorization });
    t.equal(reply.status, 407, `${name} on HTTP`);
    t.equal(reply.headers["proxy-authenticate"], 'Basic realm="clrk"');
    t.match(reply.text, /^Proxy credential missing or wrong: start the command with `clrk run/);
    const tunnel = openTunnel(rig, "a.example.com:443", { proxyAuthorization: authorization });
    await t.rejects(tunnel, { message: "CONNECT answered 407" }, `${name} on CONNECT`);
  }
  t.equal(upstream.seen.length, 0);
  const records = await eventually(() =>
    rig.records.length < strangers.length * 2 ? undefined : rig.records,
  );
  for (const { decision, agent, listener } of records) {
    t.match(decision, { verdict: "deny", reason: "proxy-credential" });
    t.match([agent?.name ?? "", listener], ["", "explicit"]);
  }
});

t.test(
  "explicitProxyListener() takes the caller from the credential and never from a header",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = [{ ...hostPolicy("a.example.com", httpRule()), alias }];
    await rig.publish(gatewaySnapshot({ hosts }));
    const headers = { "x-clrk-run": "run-bob", "X-Clrk-Other": "1", "x-envoy-original-path": "/x" };
    t.equal((await plainRequest(rig, "a.example.com", { headers })).status, 200);
    t.notMatch(JSON.stringify(upstream.seen), /x-clrk|x-envoy|proxy-|run-alice|run-bob/i);
    const record = await eventually(() => rig.records[0]);
    t.equal(record.agent?.name, "run:run-alice");
  },
);

t.test(
  "explicitProxyListener() leaves one record of each request and tunnel",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = [{ ...hostPolicy("a.example.com", httpRule()), alias }];
    await rig.publish(
      gatewaySnapshot({
        hosts,
        listeners: [
          { name: "h", shape: "http" },
          { name: "t", shape: "https" },
        ],
      }),
    );
    t.equal((await plainRequest(rig, "a.example.com")).status, 200);
    t.equal((await plainRequest(rig, "b.example.com")).status, 403);
    t.equal((await secureRequest(rig, "c.example.com")).status, 403);
    t.equal(
      (await plainRequest(rig, "d.example.com", { proxyAuthorization: undefined })).status,
      407,
    );
    const records = await eventually(() => (rig.records.length < 4 ? undefined : rig.records));
    const seen = records.map(({ request, decision }) => [request.host, decision.reason]).sort();
    t.same(seen, [
      ["a.example.com", null],
      ["b.example.com", "default-policy"],
      ["c.example.com", "default-policy"],
      ["d.example.com", "proxy-credential"],
    ]);
  },
);

t.test("explicitProxyRoutes() follow the runs that are registered", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  const bob: ProxyCredential = {
    runId: "run-bob",
    agent: "bob",
    root: { traceId: "b0b".padEnd(32, "0"), spanId: "b0b".padEnd(16, "0") },
    passwordHash: `{SHA}${createHash("sha1").update("bob-token").digest("base64")}`,
  };
  const statusOf = async (authorization: string) =>
    (await plainRequest(rig, "a.example.com", { proxyAuthorization: authorization })).status;
  const asBob = basic(proxyUserName(bob), "bob-token");
  await rig.publish(gatewaySnapshot(), { runs: [] });
  t.same([await statusOf(aliceAuthorization), await statusOf(asBob)], [407, 407]);
  await rig.publish(gatewaySnapshot(), { runs: [alice, bob] });
  t.same([await statusOf(aliceAuthorization), await statusOf(asBob)], [403, 403]);
  await rig.publish(gatewaySnapshot(), { runs: [bob] });
  t.same([await statusOf(aliceAuthorization), await statusOf(asBob)], [407, 403]);
});

t.test(
  "explicitProxyListener() serves CONNECT with HTTP/1.0, as Python sends it",
  needsEnvoy,
  async (t) => {
    const rig = await startRig(t);
    await rig.publish(gatewaySnapshot());
    const socket = connect(rig.proxyPort, "127.0.0.1");
    socket.write(
      `CONNECT a.example.com:80 HTTP/1.0\r\nProxy-Authorization: ${aliceAuthorization}\r\n\r\n`,
    );
    const [head]: unknown[] = await once(socket, "data");
    t.match(String(head), /^HTTP\/1\.[01] 200 /);
    t.equal((await requestOver(socket, "a.example.com")).status, 403);
  },
);

const targets: readonly {
  readonly target: string;
  readonly host: string;
  readonly port: number;
}[] = [
  { target: "a.example.com:443", host: "a.example.com", port: 443 },
  { target: "a.example.com:8443", host: "a.example.com", port: 8443 },
  { target: "203.0.113.7:25", host: "203.0.113.7", port: 25 },
  { target: "[2001:db8::7]:25", host: "2001:db8::7", port: 25 },
];

t.test("explicitProxyListener() splits the target of a tunnel", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot({ listeners: [{ name: "tcp", shape: "tcp" }] }));
  for (const { target, host, port } of targets) {
    const before = rig.records.length;
    const tunnel = readTunnel(rig, target);
    const record = await eventually(() => rig.records[before]);
    t.match(record, {
      kind: "tcp",
      request: { host, port },
      decision: { reason: "default-policy" },
    });
    t.equal(await tunnel, "");
  }
});

t.test("explicitProxyRoutes() send raw ports to the tunnel that does not sniff", async (t) => {
  const gateway = gatewaySnapshot({ listeners: [{ name: "smtp", shape: "tcp", port: 25 }] });
  const [host] = explicitProxyRoutes(gateway, []).virtualHosts ?? [];
  const [first, second] = host?.routes ?? [];
  t.equal(first?.route?.cluster, "raw-tunnel");
  t.equal(first?.match?.headers?.[0]?.stringMatch?.suffix, ":25");
  t.equal(second?.route?.cluster, "tunnel");
});

t.test("explicitProxyRoutes() hold hashes and no token", async (t) => {
  const routes = explicitProxyRoutes(gatewaySnapshot(), [alice]);
  const [users] = Object.values(routes.typedPerFilterConfig ?? {});
  const text = Buffer.from(users?.value ?? []).toString("latin1");
  t.match(text, /run-alice_alice-a11ce0{27}-a11ce0{11}:\{SHA\}5en6G6MezRroT3XKqkdPOmY\/BfQ=/);
  t.notMatch(text, /secret/);
});

t.test("explicitProxyListener() binds where it is told", async (t) => {
  const { address } = explicitProxyListener(
    { address: "::1", port: 8080 },
    { namespace: "default" },
  );
  t.same(address, { socketAddress: { address: "::1", portValue: 8080 } });
});
