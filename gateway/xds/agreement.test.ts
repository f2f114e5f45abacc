/** Tests with a real Envoy that a request must be for the host that its connection dialled. */
import t from "tap";
import {
  openTransparent,
  openTunnel,
  plainRequest,
  readAll,
  requestOver,
  secureOver,
  secureRequest,
} from "../testdata/agent.ts";
import { plainUpstream, tlsUpstream } from "../testdata/echo-upstream.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import { agreementFilter, agreementPolicy, serverNameAgreementFilter } from "./agreement.ts";

const mismatch = { status: 403, headers: { "x-clrk-deny-reason": "authority-mismatch" } };

const overTls: readonly {
  readonly name: string;
  readonly dial: string;
  readonly sni: string;
  readonly authority: string;
  readonly agrees: boolean;
}[] = [
  {
    name: "all the same",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com",
    agrees: true,
  },
  {
    name: "the port said",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com:443",
    agrees: true,
  },
  {
    name: "another port, said",
    dial: "a.example.com:8443",
    sni: "a.example.com",
    authority: "a.example.com:8443",
    agrees: true,
  },
  {
    name: "upper case",
    dial: "A.Example.COM:443",
    sni: "A.Example.COM",
    authority: "A.Example.COM",
    agrees: true,
  },
  {
    name: "another port, not said",
    dial: "a.example.com:8443",
    sni: "a.example.com",
    authority: "a.example.com",
    agrees: false,
  },
  {
    name: "a port that was not dialled",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com:8443",
    agrees: false,
  },
  {
    name: "another authority",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "b.example.com",
    agrees: false,
  },
  {
    name: "another server name",
    dial: "b.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com",
    agrees: false,
  },
  {
    name: "an authority that begins alike",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com.evil.test",
    agrees: false,
  },
  {
    name: "an address dialled",
    dial: "203.0.113.7:443",
    sni: "a.example.com",
    authority: "a.example.com",
    agrees: false,
  },
];

t.test(
  "agreementFilter() holds TLS requests against server name and target",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = ["a.example.com", "b.example.com"].map((host) => ({
      ...hostPolicy(host, httpRule()),
      alias,
    }));
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { name, dial, sni, authority, agrees } of overTls) {
      const tunnel = await openTunnel(rig, dial);
      const reply = await secureOver(tunnel, dial, { sni, authority });
      t.match(reply, agrees ? { status: 200 } : mismatch, `${name}: ${reply.text}`);
    }
  },
);

const overPlain: readonly {
  readonly name: string;
  readonly dial: string;
  readonly authority: string;
  readonly agrees: boolean;
}[] = [
  { name: "the same", dial: "a.example.com:80", authority: "a.example.com", agrees: true },
  { name: "the port said", dial: "a.example.com:80", authority: "a.example.com:80", agrees: true },
  { name: "upper case", dial: "A.example.com:80", authority: "a.EXAMPLE.com", agrees: true },
  { name: "another host", dial: "b.example.com:80", authority: "a.example.com", agrees: false },
  {
    name: "another port",
    dial: "a.example.com:80",
    authority: "a.example.com:8080",
    agrees: false,
  },
  {
    name: "a port not said",
    dial: "a.example.com:8080",
    authority: "a.example.com",
    agrees: false,
  },
];

t.test("agreementFilter() holds plain requests against the target", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
  const alias = { address: "127.0.0.1", port: upstream.port };
  const hosts = [{ ...hostPolicy("a.example.com", httpRule()), alias }];
  await rig.publish(gatewaySnapshot({ hosts }));
  for (const { name, dial, authority, agrees } of overPlain) {
    const tunnel = await openTunnel(rig, dial);
    const reply = await requestOver(tunnel, dial, { authority });
    t.match(reply, agrees ? { status: 200 } : mismatch, `${name}: ${reply.text}`);
  }
  t.equal((await plainRequest(rig, "A.Example.com")).status, 200);
});

t.test(
  "agreementFilter() takes the port of a plain connection to a bare address",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
    );
    const ask = async (port: number, authority: string) => {
      const socket = await openTransparent(rig, { address: "203.0.113.7", port });
      return await requestOver(socket, "a.example.com", { authority });
    };
    t.match(await ask(80, "a.example.com"), { status: 200 });
    t.match(await ask(8080, "a.example.com:8080"), { status: 200 });
    t.match(await ask(8080, "a.example.com"), mismatch);
    t.match(await ask(80, "a.example.com:8080"), mismatch);
  },
);

t.test(
  "serverNameAgreementFilter() closes a connection that names another server",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    await rig.publish(
      gatewaySnapshot({
        defaultPolicy: "allow-all",
        listeners: [{ name: "pass", shape: "tls-passthrough" }],
        upstream: { lookupFamily: "V4Only", additionalTrustPem: "", guardedRanges: [] },
      }),
    );
    const tunnel = await openTunnel(rig, `localhost:${upstream.port}`);
    const closed = readAll(tunnel);
    await t.rejects(secureOver(tunnel, "localhost", { sni: "a.example.com" }));
    await closed;
    t.equal(upstream.seen.length, 0);
    const agreed = await openTunnel(rig, `localhost:${upstream.port}`);
    t.equal((await secureOver(agreed, "localhost")).status, 200);
  },
);

t.test("agreement filters say by name which policy denied", async (t) => {
  t.equal(agreementPolicy, "agreement");
  for (const filter of [
    agreementFilter("tls"),
    agreementFilter("plain"),
    serverNameAgreementFilter(),
  ]) {
    t.match(Buffer.from(filter?.typedConfig.value ?? []).toString("latin1"), /agreement/);
  }
  t.equal(serverNameAgreementFilter().name, "envoy.filters.network.rbac");
});

t.test(
  "secure requests to one host never share a connection with another caller's",
  needsEnvoy,
  async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
    );
    t.equal((await secureRequest(rig, "a.example.com")).status, 200);
    await t.rejects(
      secureRequest(rig, "a.example.com", { proxyAuthorization: undefined }),
      /CONNECT answered 407/,
    );
  },
);
