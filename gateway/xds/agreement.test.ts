/** Tests with a real Envoy that a request must be for the host that its connection dialled. */
import t from "tap";
import { envoy } from "../proto/gen/xds.js";
import {
  openTransparent,
  openTunnel,
  plainRequest,
  readAll,
  requestOver,
  researcher,
  secureOver,
  secureRequest,
} from "../testdata/agent.ts";
import { plainUpstream, tlsUpstream } from "../testdata/echo-upstream.ts";
import { needsEnvoy, startRig } from "../testdata/envoy-rig.ts";
import { gatewaySnapshot, hostPolicy, httpRule } from "../testdata/gateway-snapshot.ts";
import type { XdsResource } from "../xds.ts";
import { TYPE_URL } from "../xds.ts";
import {
  agreementFilter,
  agreementPolicy,
  hostAgreementConfig,
  serverNameAgreementFilter,
} from "./agreement.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";

/** Hosts of model providers have a check of their own, which has to judge the same. */
const hostKinds = [
  { kind: "a host", rule: httpRule() },
  { kind: "a model host", rule: httpRule({ provider: "openai_compatible" }) },
];

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
    name: "upper case and the port said",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "A.EXAMPLE.com:443",
    agrees: true,
  },
  {
    name: "another port, said in upper case",
    dial: "A.example.com:8443",
    sni: "a.EXAMPLE.com",
    authority: "a.example.COM:8443",
    agrees: true,
  },
  {
    name: "a dot at the end of the authority",
    dial: "a.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com.",
    agrees: true,
  },
  {
    name: "another target, the port said",
    dial: "b.example.com:443",
    sni: "a.example.com",
    authority: "a.example.com:443",
    agrees: false,
  },
  {
    name: "only the target agrees",
    dial: "a.example.com:443",
    sni: "b.example.com",
    authority: "a.example.com",
    agrees: false,
  },
  {
    name: "another port on both, not the same",
    dial: "a.example.com:8443",
    sni: "a.example.com",
    authority: "a.example.com:9443",
    agrees: false,
  },
  {
    name: "the port of plain HTTP, not said",
    dial: "a.example.com:80",
    sni: "a.example.com",
    authority: "a.example.com",
    agrees: false,
  },
  {
    name: "the default port said, another dialled",
    dial: "a.example.com:8443",
    sni: "a.example.com",
    authority: "a.example.com:443",
    agrees: false,
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

for (const { kind, rule } of hostKinds) {
  const title = `agreementFilter() holds TLS requests to ${kind} against server name and target`;
  t.test(title, needsEnvoy, async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = ["a.example.com", "b.example.com"].map((host) => ({
      ...hostPolicy(host, rule),
      alias,
    }));
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { name, dial, sni, authority, agrees } of overTls) {
      const tunnel = await openTunnel(rig, dial);
      const reply = await secureOver(tunnel, dial, { sni, authority });
      t.match(reply, agrees ? { status: 200 } : mismatch, `${name}: ${reply.text}`);
    }
  });
}

const overAddress: readonly {
  readonly name: string;
  readonly port: number;
  /** Name TLV; absent: the agent's name server was never asked */
  readonly dialled?: string;
  readonly authority: string;
  readonly agrees: boolean;
}[] = [
  { name: "a bare address", port: 443, authority: "a.example.com", agrees: true },
  { name: "the port said", port: 443, authority: "a.example.com:443", agrees: true },
  { name: "upper case", port: 443, authority: "A.Example.COM", agrees: true },
  { name: "another port, said", port: 8443, authority: "a.example.com:8443", agrees: true },
  { name: "another port, not said", port: 8443, authority: "a.example.com", agrees: false },
  { name: "a port not dialled", port: 443, authority: "a.example.com:8443", agrees: false },
  { name: "another authority", port: 443, authority: "b.example.com", agrees: false },
  { name: "the sign of absence", port: 443, authority: "-", agrees: false },
  {
    name: "the name that was dialled",
    port: 443,
    dialled: "A.example.com",
    authority: "a.example.com",
    agrees: true,
  },
  {
    name: "another name dialled",
    port: 443,
    dialled: "b.example.com",
    authority: "a.example.com",
    agrees: false,
  },
  {
    name: "another name dialled and asked for",
    port: 443,
    dialled: "b.example.com",
    authority: "b.example.com",
    agrees: false,
  },
];

for (const { kind, rule } of hostKinds) {
  const title = `agreementFilter() holds captured TLS requests to ${kind} against server name, port and name TLV`;
  t.test(title, needsEnvoy, async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = ["a.example.com", "b.example.com"].map((host) => ({
      ...hostPolicy(host, rule),
      alias,
    }));
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { name, port, dialled, authority, agrees } of overAddress) {
      const tlvs = { ...researcher, ...(dialled !== undefined && { 230: dialled }) };
      const socket = await openTransparent(rig, { address: "203.0.113.7", port, tlvs });
      const reply = await secureOver(socket, "a.example.com", { authority });
      t.match(reply, agrees ? { status: 200 } : mismatch, `${name}: ${reply.text}`);
    }
  });
}

/** Each would be the usual fact, were its parts not told apart. */
const forged: readonly {
  readonly name: string;
  readonly dial: string;
  readonly authority: string;
}[] = [
  { name: "in the authority", dial: "a.example.com:8443", authority: "a.example.com|443|-" },
  {
    name: "in the target",
    dial: "b.example.com|443|a.example.com:8443",
    authority: "a.example.com",
  },
  { name: "in both", dial: "a.example.com|443|-:8443", authority: "a.example.com|443|-" },
];

t.test("agreementFilter() takes no separator for one of its own", needsEnvoy, async (t) => {
  const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
  await rig.publish(
    gatewaySnapshot({ defaultPolicy: "allow-all", hosts: [hostPolicy("*", httpRule())] }),
  );
  for (const { name, dial, authority } of forged) {
    const answer = await openTunnel(rig, dial)
      .then((tunnel) => secureOver(tunnel, "a.example.com", { authority }))
      .then(({ status }) => status)
      .catch(() => "closed");
    t.ok([400, 403, "closed"].includes(answer), `${name}: ${answer}`);
  }
  t.equal(upstream.seen.length, 0);
});

/** Listeners as they are, but for facts that nobody writes down any more. */
function without(keys: readonly string[]) {
  return (resources: XdsResource[]): XdsResource[] =>
    resources.map((resource) => {
      if (resource.typeUrl !== TYPE_URL.listener) return resource;
      const text = keys.reduce((bytes, key) => {
        // As the first field of a value that is set; an expression has the key elsewhere.
        const field = (name: string) => `\n${String.fromCharCode(name.length)}${name}`;
        return bytes.replaceAll(field(key), field(`${key.slice(0, -1)}#`));
      }, Buffer.from(resource.value).toString("latin1"));
      return { ...resource, value: Buffer.from(text, "latin1") };
    });
}

for (const { kind, rule } of hostKinds) {
  const title = `agreementFilter() denies where a fact is missing of ${kind}`;
  t.test(title, needsEnvoy, async (t) => {
    const [rig, upstream] = [await startRig(t), await tlsUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = [{ ...hostPolicy("a.example.com", rule), alias }];
    const ask = async (authority: string, keys: readonly string[]) => {
      const verdict = await rig.publish(gatewaySnapshot({ hosts }), { alter: without(keys) });
      t.equal(verdict.kind, "live");
      return await secureRequest(rig, "a.example.com", { authority });
    };
    t.match(await ask("a.example.com", []), { status: 200 });
    t.match(await ask("a.example.com", ["clrk.usual"]), { status: 200 }, "the others prove it");
    t.match(await ask("b.example.com", ["clrk.usual"]), mismatch);
    t.match(await ask("a.example.com", ["clrk.host_port"]), { status: 200 }, "the usual proves it");
    t.match(await ask("a.example.com:443", ["clrk.host_port"]), mismatch);
    t.match(await ask("a.example.com", ["clrk.usual", "clrk.dialled"]), mismatch);
    t.match(await ask("a.example.com", ["clrk.usual", "clrk.host", "clrk.host_port"]), mismatch);
  });
}

t.test("hostAgreementConfig() compares before it evaluates", async (t) => {
  const { RBACPerRoute } = envoy.extensions.filters.http.rbac.v3;
  const packed = hostAgreementConfig("tls", "a.example.com")[HTTP_FILTER.agreement];
  const { rbac } = RBACPerRoute.decode(packed?.value ?? new Uint8Array());
  // Envoy keeps policies sorted by name and takes the first that fits.
  const [first, second, ...more] = Object.entries(rbac?.rules?.policies ?? {}).sort();
  t.match(first, ["agreed", { condition: null }]);
  t.match(second, [agreementPolicy, { condition: {} }]);
  t.same(more, []);
});

for (const kind of ["tls", "plain"] as const) {
  t.test(`agreementFilter() of ${kind} reads one fact first`, async (t) => {
    const { RBAC } = envoy.extensions.filters.http.rbac.v3;
    const { rules } = RBAC.decode(agreementFilter(kind).typedConfig.value);
    t.equal(rules?.action, envoy.config.rbac.v3.RBAC.Action.ALLOW);
    t.same(Object.keys(rules?.policies ?? {}), [agreementPolicy]);
    const { condition } = rules?.policies[agreementPolicy] ?? {};
    t.equal(condition?.callExpr?.function, "_||_");
    const facts = condition?.callExpr?.args?.map((part) => [
      ...new Set(JSON.stringify(part).match(/clrk\.[a-z_]+/g)),
    ]);
    t.same(facts?.[0], ["clrk.usual"]);
    t.notOk(facts?.[1]?.includes("clrk.usual"));
  });
}

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
  { name: "8080, said", dial: "a.example.com:8080", authority: "a.example.com:8080", agrees: true },
  {
    name: "another target, the port said",
    dial: "b.example.com:80",
    authority: "a.example.com:80",
    agrees: false,
  },
  { name: "the port of TLS", dial: "a.example.com:443", authority: "a.example.com", agrees: false },
  { name: "an address dialled", dial: "203.0.113.7:80", authority: "a.example.com", agrees: false },
];

for (const { kind, rule } of hostKinds) {
  const title = `agreementFilter() holds plain requests to ${kind} against the target`;
  t.test(title, needsEnvoy, async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    const hosts = [{ ...hostPolicy("a.example.com", rule), alias }];
    await rig.publish(gatewaySnapshot({ hosts }));
    for (const { name, dial, authority, agrees } of overPlain) {
      const tunnel = await openTunnel(rig, dial);
      const reply = await requestOver(tunnel, dial, { authority });
      t.match(reply, agrees ? { status: 200 } : mismatch, `${name}: ${reply.text}`);
    }
    t.equal((await plainRequest(rig, "A.Example.com")).status, 200);
  });
}

for (const { kind, rule } of hostKinds) {
  const title = `agreementFilter() takes the port of a plain connection to the bare address of ${kind}`;
  t.test(title, needsEnvoy, async (t) => {
    const [rig, upstream] = [await startRig(t), await plainUpstream(t)];
    const alias = { address: "127.0.0.1", port: upstream.port };
    await rig.publish(
      gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", rule), alias }] }),
    );
    const ask = async (port: number, authority: string) => {
      const socket = await openTransparent(rig, { address: "203.0.113.7", port });
      return await requestOver(socket, "a.example.com", { authority });
    };
    t.match(await ask(80, "a.example.com"), { status: 200 });
    t.match(await ask(8080, "a.example.com:8080"), { status: 200 });
    t.match(await ask(8080, "a.example.com"), mismatch);
    t.match(await ask(80, "a.example.com:8080"), mismatch);
    t.match(await ask(80, "a.example.com:80"), { status: 200 });
    t.match(await ask(80, "A.Example.COM"), { status: 200 });
    t.match(await ask(443, "a.example.com"), mismatch);
    const other = { status: 403, headers: { "x-clrk-deny-reason": "default-policy" } };
    t.match(await ask(80, "b.example.com"), other, "what was not dialled by name, a rule decides");
  });
}

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
