/** Tests where bytes can go: names, verification, guard and limits of every cluster. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { UpstreamSettings } from "../snapshot.ts";
import {
  backend,
  everythingSnapshot,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "../testdata/gateway-snapshot.ts";
import { clusters, dnsCache, parseRange, unguardedDnsCache } from "./cluster.ts";

const { Cluster } = envoy.config.cluster.v3;
const upstream: UpstreamSettings = {
  lookupFamily: "V4Preferred",
  additionalTrustPem: "",
  guardedRanges: ["10.0.0.0/8", "::1/128"],
};

function clustersByName(gateway = gatewaySnapshot(), engineSockets: readonly string[] = []) {
  // Encoded and decoded: what Envoy reads, defaults included.
  const decoded = clusters(gateway, engineSockets).map((cluster) =>
    Cluster.decode(Cluster.encode(cluster).finish()),
  );
  return new Map(decoded.map((cluster) => [cluster.name, cluster]));
}

/** Options of the HTTP upstream; undefined for a cluster of raw connections. */
function httpOptions({
  typedExtensionProtocolOptions = {},
}: Pick<envoy.config.cluster.v3.ICluster, "typedExtensionProtocolOptions">) {
  const { HttpProtocolOptions } = envoy.extensions.upstreams.http.v3;
  const [packed] = Object.values(typedExtensionProtocolOptions ?? {});
  return tryUnpackAny(packed ?? {}, HttpProtocolOptions);
}

t.test("clusters() have unique names and limits that no agent reaches", async (t) => {
  const gateway = everythingSnapshot();
  t.equal(clusters(gateway, []).length, clustersByName(gateway).size);
  for (const { name, circuitBreakers, connectTimeout } of clustersByName(gateway).values()) {
    const [limits] = circuitBreakers?.thresholds ?? [];
    for (const key of [
      "maxConnections",
      "maxPendingRequests",
      "maxRequests",
      "maxRetries",
    ] as const) {
      t.equal(limits?.[key]?.value, 1_000_000, `${name} ${key}`);
    }
    t.equal(connectTimeout?.seconds, name === "clrk-engine" ? 1 : 5, name);
  }
});

t.test("clusters() verify every TLS upstream by name against the shared roots", async (t) => {
  const { UpstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
  const verified: string[] = [];
  for (const [name, { transportSocket, typedExtensionProtocolOptions }] of clustersByName(
    everythingSnapshot(),
  )) {
    const tls = tryUnpackAny(transportSocket?.typedConfig ?? {}, UpstreamTlsContext);
    if (tls === undefined) continue;
    verified.push(name);
    t.equal(tls.commonTlsContext?.validationContextSdsSecretConfig?.name, "trust/upstream", name);
    const options = httpOptions({ typedExtensionProtocolOptions })?.upstreamHttpProtocolOptions;
    t.match(options, { autoSni: true, autoSanValidation: true }, name);
  }
  for (const name of ["forward-tls", "forward-tls-http1", "forward-tls-signed"]) {
    t.ok(verified.includes(name), name);
  }
  t.ok(verified.some((name) => name.startsWith("alias-tls/")));
  t.ok(verified.some((name) => name.startsWith("alias-tls-signed/")));
  t.notOk(verified.some((name) => /plain|raw|original|named/.test(name)));
});

t.test("clusters() that resolve names carry the guard, but for named addresses", async (t) => {
  const { ClusterConfig } = envoy.extensions.clusters.dynamic_forward_proxy.v3;
  const guards = [...clustersByName(gatewaySnapshot({ upstream })).values()].flatMap((cluster) => {
    const config = tryUnpackAny(cluster.clusterType?.typedConfig ?? {}, ClusterConfig);
    const ranges = config?.dnsCacheConfig?.resolvedAddressFilter?.ranges;
    return config === undefined ? [] : [[cluster.name, ranges?.length ?? 0]];
  });
  t.same(guards, [
    ["forward-tls", 2],
    ["forward-tls-http1", 2],
    ["forward-tls-signed", 2],
    ["forward-plain", 2],
    ["forward-plain-http1", 2],
    ["forward-named-address", 0],
    ["forward-raw", 2],
  ]);
});

t.test("clusters() dial an alias by each protocol, once", async (t) => {
  const alias = { address: "10.0.0.9", port: 8443 };
  const target = backend("b.example.com", { alias });
  const gateway = gatewaySnapshot({
    hosts: [
      { ...hostPolicy("a.example.com"), alias },
      hostPolicy("b.example.com", httpRule({ action: forward({ backends: [target] }) })),
      { ...hostPolicy("c.example.com"), alias: { address: "fd00::1" } },
    ],
  });
  const addresses = [...clustersByName(gateway).values()]
    .filter(({ name }) => name.startsWith("alias-"))
    .map(({ name, loadAssignment }) => {
      const address =
        loadAssignment?.endpoints[0]?.lbEndpoints[0]?.endpoint?.address?.socketAddress;
      return [name, address?.address, address?.portValue];
    });
  t.same(addresses, [
    ["alias-tls/10.0.0.9:8443", "10.0.0.9", 8443],
    ["alias-tls-http1/10.0.0.9:8443", "10.0.0.9", 8443],
    ["alias-tls-signed/10.0.0.9:8443", "10.0.0.9", 8443],
    ["alias-plain/10.0.0.9:8443", "10.0.0.9", 8443],
    ["alias-plain-http1/10.0.0.9:8443", "10.0.0.9", 8443],
    ["alias-tls/fd00::1:443", "fd00::1", 443],
    ["alias-tls-http1/fd00::1:443", "fd00::1", 443],
    ["alias-tls-signed/fd00::1:443", "fd00::1", 443],
    ["alias-plain/fd00::1:80", "fd00::1", 80],
    ["alias-plain-http1/fd00::1:80", "fd00::1", 80],
  ]);
});

t.test("clusters() ask the engine over HTTP/2 at one endpoint a thread", async (t) => {
  const sockets = ["/run/engine-0.sock", "/run/engine-1.sock"];
  const engine = clustersByName(gatewaySnapshot(), sockets).get("clrk-engine");
  const { endpoints } = engine?.loadAssignment ?? {};
  t.equal(endpoints?.length, 1, "in one locality, so that all are asked in turn");
  t.same(
    endpoints?.[0]?.lbEndpoints?.map(({ endpoint }) => endpoint?.address?.pipe?.path),
    sockets,
  );
  t.equal(engine?.transportSocket, null, "a Unix socket in a private folder");
  const options = httpOptions(engine ?? {})?.explicitHttpConfig?.http2ProtocolOptions;
  t.equal(options?.initialStreamWindowSize?.value, 1024 * 1024);
  t.equal(options?.initialConnectionWindowSize?.value, 16 * 1024 * 1024);
});

t.test("clusters() have an engine that nobody serves where there are no threads", async (t) => {
  const [locality] = clustersByName().get("clrk-engine")?.loadAssignment?.endpoints ?? [];
  t.same(locality?.lbEndpoints, []);
});

t.test("clusters() sign the attempts of signed upstreams and of no others", async (t) => {
  const gateway = everythingSnapshot();
  const filters = new Map(
    [...clustersByName(gateway)].map(([name, cluster]) => [
      name,
      (httpOptions(cluster)?.httpFilters ?? []).map((filter) => filter.name),
    ]),
  );
  const signed = [...filters].filter(([name]) => name.includes("tls-signed"));
  t.ok(signed.length > 1, "the forward proxy's and an alias");
  for (const [name, names] of filters) {
    const wanted = name.includes("tls-signed")
      ? ["clrk.attempt", "envoy.filters.http.upstream_codec"]
      : [];
    t.same(names, wanted, name);
  }
});

t.test("clusters() have nowhere to go for what is refused", async (t) => {
  t.same(clustersByName().get("refused")?.loadAssignment?.endpoints, []);
});

const families: readonly {
  readonly family: UpstreamSettings["lookupFamily"];
  readonly want: number;
}[] = [
  { family: "Auto", want: 0 },
  { family: "V4Only", want: 1 },
  { family: "V6Only", want: 2 },
  { family: "V4Preferred", want: 3 },
  { family: "All", want: 4 },
];

for (const { family, want } of families) {
  t.test(`dnsCache() of ${family}`, async (t) => {
    t.equal(dnsCache({ ...upstream, lookupFamily: family }).dnsLookupFamily, want);
  });
}

t.test("dnsCache() has another name for other settings, as Envoy lets none change", async (t) => {
  const name = dnsCache(upstream).name ?? "";
  t.match(name, /^dns\/[0-9a-f]{12}$/);
  t.equal(dnsCache({ ...upstream, additionalTrustPem: "x" }).name, name);
  t.not(dnsCache({ ...upstream, lookupFamily: "All" }).name, name);
  t.not(dnsCache({ ...upstream, guardedRanges: ["10.0.0.0/8"] }).name, name);
  t.not(unguardedDnsCache(upstream).name, name);
  t.not(
    unguardedDnsCache({ ...upstream, lookupFamily: "All" }).name,
    unguardedDnsCache(upstream).name,
  );
});

t.test("parseRange() splits IPv4 and IPv6", async (t) => {
  t.same(parseRange("10.0.0.0/8"), { addressPrefix: "10.0.0.0", prefixLen: { value: 8 } });
  t.same(parseRange("::ffff:a00:0/104"), {
    addressPrefix: "::ffff:a00:0",
    prefixLen: { value: 104 },
  });
});
