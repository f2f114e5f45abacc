/** Tests the listeners with a real Envoy: transparent identity, raw connections by name and address, and raw ports. */
import { once } from "node:events";
import type { Socket } from "node:net";
import t from "tap";
import type { GatewaySnapshot } from "../snapshot.ts";
import {
  openTransparent,
  openTunnel,
  readAll,
  readTunnel,
  requestOver,
  researcher,
  secureOver,
} from "../testdata/agent.ts";
import { plainUpstream, rawUpstream, tlsUpstream } from "../testdata/echo-upstream.ts";
import { eventually, needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule, l4Rule } from "../testdata/gateway-snapshot.ts";
import { rawPorts, transparentListener } from "./listener.ts";

const unguarded = { lookupFamily: "V4Only", additionalTrustPem: "", guardedRanges: [] } as const;

function rawGateway(port: number, changes: Partial<GatewaySnapshot> = {}): GatewaySnapshot {
  return gatewaySnapshot({
    listeners: [
      { name: "tcp", shape: "tcp", port },
      { name: "tls", shape: "https" },
      { name: "http", shape: "http" },
    ],
    upstream: unguarded,
    ...changes,
  });
}

async function firstLine(socket: Socket): Promise<string> {
  const [chunk]: unknown[] = await once(socket, "data");
  socket.destroy();
  return String(chunk);
}

t.test(
  "rawTunnelListener() passes a server that speaks first, by name and by address",
  needsEnvoy,
  async (t) => {
    const [rig, { port }] = [await startRig(t), await rawUpstream(t)];
    const hosts = [{ kind: "exact", value: "localhost" }] as const;
    const cidrs = [{ cidr: "127.0.0.0/8", namesGuarded: true }];
    await rig.publish(
      rawGateway(port, { l4Rules: [l4Rule({ hosts }), l4Rule({ ruleIndex: 1, cidrs })] }),
    );
    t.equal(await firstLine(await openTunnel(rig, `localhost:${port}`)), "hello\n");
    t.equal(await firstLine(await openTunnel(rig, `127.0.0.1:${port}`)), "hello\n");
    const [byName, byAddress] = await eventually(() =>
      rig.records.length < 2 ? undefined : rig.records,
    );
    t.match(byName, {
      kind: "tcp",
      listener: "explicit",
      agent: { name: "run:run-alice" },
      request: { host: "localhost", port },
      decision: { verdict: "allow", route: { name: "raw", rule: 0 } },
      upstream: { address: `127.0.0.1:${port}` },
    });
    t.match(byAddress, {
      request: { host: "127.0.0.1", port },
      decision: { verdict: "allow", route: { name: "raw", rule: 1 } },
    });
  },
);

t.test(
  "rawTunnelListener() refuses what no rule allows and says so in the record",
  needsEnvoy,
  async (t) => {
    const [rig, { port }] = [await startRig(t), await rawUpstream(t)];
    await rig.publish(rawGateway(port, { defaultPolicy: "deny-all" }));
    t.equal(await readTunnel(rig, `localhost:${port}`), "");
    const record = await eventually(() => rig.records[0]);
    t.match(record, {
      kind: "tcp",
      request: { host: "localhost", port },
      decision: { verdict: "deny", reason: "default-policy" },
      upstream: null,
    });
    await t.rejects(openTunnel(rig, "a.example.com:443", { proxyAuthorization: undefined }));
    const other = await eventually(() => rig.records[1]);
    t.equal(
      other.decision.reason,
      "proxy-credential",
      "the closed tunnel made no record of its own",
    );
  },
);

t.test(
  "rawTunnelListener() never dials a guarded address by its literal",
  needsEnvoy,
  async (t) => {
    const [rig, { port }] = [await startRig(t), await rawUpstream(t)];
    await rig.publish(
      rawGateway(port, {
        defaultPolicy: "allow-all",
        l4Rules: [l4Rule()],
        upstream: { ...unguarded, guardedRanges: ["127.0.0.0/8"] },
      }),
    );
    t.equal(await readTunnel(rig, `127.0.0.1:${port}`), "");
    t.equal(await readTunnel(rig, `localhost:${port}`), "");
  },
);

t.test(
  "transparentListener() dials the name that the agent's resolver gave out",
  needsEnvoy,
  async (t) => {
    const [rig, { port }] = [await startRig(t), await rawUpstream(t)];
    await rig.publish(
      rawGateway(port, { l4Rules: [l4Rule({ hosts: [{ kind: "exact", value: "localhost" }] })] }),
    );
    const tlvs = { ...researcher, 230: "localhost" };
    const socket = await openTransparent(rig, { address: "203.0.113.7", port, tlvs });
    t.equal(await firstLine(socket), "hello\n");
    const record = await eventually(() => rig.records[0]);
    t.match(record, { listener: "transparent", request: { host: "localhost", port } });
  },
);

t.test(
  "a raw connection to a name with an alias goes to its address, guarded or not",
  needsEnvoy,
  async (t) => {
    const [rig, { port }] = [await startRig(t), await rawUpstream(t)];
    const own = { address: "127.0.0.1", port };
    const hosts = [
      { ...hostPolicy("db.example.com"), alias: { address: "127.0.0.1" } },
      { ...hostPolicy("v6.example.com"), alias: { address: "::1" } },
      { ...hostPolicy("other-port.example.com"), alias: own },
    ];
    const upstream = { ...unguarded, guardedRanges: ["127.0.0.0/8", "::1/128"] };
    const listeners = [{ name: "tcp", shape: "tcp" }] as const;
    await rig.publish(gatewaySnapshot({ listeners, hosts, l4Rules: [l4Rule()], upstream }));
    t.equal(await firstLine(await openTunnel(rig, `db.example.com:${port}`)), "hello\n");
    t.equal(await firstLine(await openTunnel(rig, "other-port.example.com:5432")), "hello\n");
    const tlvs = { ...researcher, 230: "db.example.com" };
    const captured = await openTransparent(rig, { address: "203.0.113.7", port, tlvs });
    t.equal(await firstLine(captured), "hello\n");
    t.equal(await readTunnel(rig, `v6.example.com:${port}`), "", "the IPv6 address is dialled");
    const records = await eventually(() => (rig.records.length < 4 ? undefined : rig.records));
    for (const record of records) t.match(record.decision, { verdict: "allow", reason: null });
    t.same(records.map(({ request, upstream }) => [request.host, upstream?.address]).sort(), [
      ["db.example.com", `127.0.0.1:${port}`],
      ["db.example.com", `127.0.0.1:${port}`],
      ["other-port.example.com", `127.0.0.1:${port}`],
      ["v6.example.com", `[::1]:${port}`],
    ]);
  },
);

t.test("TLS to one alias inside a tunnel to another is closed", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const hosts = ["a.example.com", "b.example.com"].map((name) => ({ ...hostPolicy(name), alias }));
  const listeners = [{ name: "pass", shape: "tls-passthrough" }] as const;
  await rig.publish(gatewaySnapshot({ listeners, hosts, l4Rules: [l4Rule()] }));
  const socket = await openTunnel(rig, "a.example.com:443");
  await t.rejects(secureOver(socket, "b.example.com"));
  const record = await eventually(() => rig.records[0]);
  t.match(record, {
    request: { host: "b.example.com", bytes: Number },
    response: { bytes: 0 },
    decision: {
      verdict: "deny",
      reason: "authority-mismatch",
      message: "Host b.example.com is not what the connection dialled (a.example.com:443)",
    },
  });
  t.same(upstream.seen, []);
});

t.test("transparentListener() dials the address where a rule names it", needsEnvoy, async (t) => {
  const [rig, { port }] = [await startRig(t), await rawUpstream(t)];
  const cidrs = [{ cidr: "127.0.0.0/8", namesGuarded: true }];
  await rig.publish(rawGateway(port, { l4Rules: [l4Rule({ cidrs })] }));
  t.equal(await firstLine(await openTransparent(rig, { address: "127.0.0.1", port })), "hello\n");
  const record = await eventually(() => rig.records[0]);
  t.match(record, {
    listener: "transparent",
    clientAddress: "10.88.0.2",
    agent: { name: ["TaskAgent", "default", "researcher", "", "", ""].join("\u001f") },
    request: { host: "127.0.0.1", port },
  });
});

const strangers: readonly {
  readonly name: string;
  readonly tlvs: Readonly<Record<number, string>>;
}[] = [
  { name: "no TLVs", tlvs: {} },
  { name: "no name", tlvs: { 224: "TaskAgent", 225: "default" } },
  { name: "an empty namespace", tlvs: { 224: "TaskAgent", 225: "", 226: "researcher" } },
];

t.test("transparentListener() closes connections without an identity", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
  await rig.publish(gatewaySnapshot({ defaultPolicy: "allow-all", upstream: unguarded }));
  for (const { name, tlvs } of strangers) {
    const socket = await openTransparent(rig, { address: "127.0.0.1", port: upstream.port, tlvs });
    const answer = readAll(socket);
    socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    t.equal(await answer, "", name);
  }
  t.equal(upstream.seen.length, 0);
  const records = await eventually(() => (rig.records.length < 3 ? undefined : rig.records));
  t.match(records[0]?.decision, { verdict: "deny", reason: "unidentified" });
});

t.test("transparentListener() requires the PROXY header", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot({ defaultPolicy: "allow-all" }));
  const { connect } = await import("node:net");
  for (const head of ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 80\r\n"]) {
    const socket = connect(rig.transparentPort, "127.0.0.1");
    const answer = readAll(socket);
    socket.end(head);
    t.equal(await answer, "");
  }
});

t.test(
  "transparentListener() intercepts TLS and serves the record's identity",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
    );
    const socket = await openTransparent(rig, { address: "203.0.113.7", port: 443 });
    t.equal((await secureOver(socket, "a.example.com")).status, 200);
    const record = await eventually(() => rig.records[0]);
    t.match(record, {
      kind: "http",
      listener: "transparent",
      clientAddress: "10.88.0.2",
      request: { scheme: "https", host: "a.example.com", port: 443, method: "GET" },
      upstream: { tls: { serverName: "a.example.com" } },
    });
  },
);

t.test(
  "tunnelListener() passes TLS through where a rule names the listener",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const hosts = [{ kind: "exact", value: "localhost" }] as const;
    await rig.publish(
      gatewaySnapshot({
        listeners: [
          { name: "https", shape: "https" },
          { name: "pass", shape: "tls-passthrough" },
        ],
        l4Rules: [l4Rule({ hosts, sections: ["pass"] })],
        upstream: unguarded,
      }),
    );
    const tunnel = await openTunnel(rig, `localhost:${upstream.port}`);
    t.equal((await secureOver(tunnel, "localhost")).status, 200);
    t.same(rig.askedNames, [], "no certificate was asked for");
    const record = await eventually(() => rig.records[0]);
    t.match(record, { kind: "tls", request: { host: "localhost", port: upstream.port } });
    const transparent = await openTransparent(rig, { address: "203.0.113.7", port: upstream.port });
    t.equal((await secureOver(transparent, "localhost")).status, 200);
  },
);

t.test("tunnelListener() answers a plain request inside CONNECT", needsEnvoy, async (t) => {
  const rig = await startRig(t);
  await rig.publish(gatewaySnapshot());
  const reply = await requestOver(await openTunnel(rig, "a.example.com:80"), "a.example.com");
  t.match(reply, { status: 403, headers: { "x-clrk-deny-reason": "default-policy" } });
});

const ports: readonly {
  readonly name: string;
  readonly listeners: GatewaySnapshot["listeners"];
  readonly want: number[];
}[] = [
  { name: "none", listeners: [], want: [] },
  { name: "TCP on every port", listeners: [{ name: "a", shape: "tcp" }], want: [] },
  { name: "TCP on a port", listeners: [{ name: "a", shape: "tcp", port: 25 }], want: [25] },
  {
    name: "a port shared with HTTP",
    listeners: [
      { name: "a", shape: "tcp", port: 80 },
      { name: "b", shape: "http", port: 80 },
    ],
    want: [],
  },
];

for (const { name, listeners, want } of ports) {
  t.test(`rawPorts() of ${name}`, async (t) => {
    t.same(rawPorts(gatewaySnapshot({ listeners })), want);
  });
}

t.test("transparentListener() sniffs on all but raw ports", async (t) => {
  const disabledOf = (...listeners: GatewaySnapshot["listeners"]) =>
    transparentListener(gatewaySnapshot({ listeners }), {
      address: "::",
      port: 1,
    }).listenerFilters?.at(-1)?.filterDisabled;
  t.equal(disabledOf(), undefined);
  t.same(disabledOf({ name: "a", shape: "tcp", port: 25 }), {
    destinationPortRange: { start: 25, end: 26 },
  });
  t.equal(
    disabledOf({ name: "a", shape: "tcp", port: 25 }, { name: "b", shape: "tcp", port: 22 })
      ?.orMatch?.rules?.length,
    2,
  );
});
