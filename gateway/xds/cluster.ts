/** Upstream clusters: where requests and raw connections go, how they are verified and what is never dialled. */

import { createHash } from "node:crypto";
import { typedExtension } from "../any.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import type { google } from "../proto/gen/xds.js";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, HostAlias, UpstreamSettings } from "../snapshot.ts";
import { attemptFilters } from "./engine-filter.ts";
import type { UpstreamKind } from "./resource-names.ts";
import { candidateClusters } from "./candidate-cluster.ts";
import { baseCluster, unlimitedRequests } from "./base-cluster.ts";
import { aliasCluster, isPlainKind, RESOURCE } from "./resource-names.ts";

const engineConnectTimeoutMs = 1_000;

/** Names an agent can make Envoy remember; Envoy's default of 1,024 could be exhausted by one agent. */
const maxResolvedHosts = 16_384;

type Cluster = envoy.config.cluster.v3.ICluster;
type DnsCacheConfig = envoy.extensions.common.dynamic_forward_proxy.v3.IDnsCacheConfig;

/** Windows for answers of the engine and bodies towards it: one large prompt must not wait for updates of them. */
const engineStreamWindowBytes = 1024 * 1024;
const engineConnectionWindowBytes = 16 * 1024 * 1024;

/** Every cluster that the gateway's listeners and routes refer to; `engineSockets` are where the engine listens. */
export function clusters(gateway: GatewaySnapshot, engineSockets: readonly string[]): Cluster[] {
  const { upstream } = gateway;
  return [
    engineCluster(engineSockets),
    internalCluster(RESOURCE.tunnelCluster, RESOURCE.tunnelListener),
    internalCluster(RESOURCE.rawTunnelCluster, RESOURCE.rawTunnelListener),
    forwardCluster(RESOURCE.forwardTls, "tls", dnsCache(upstream)),
    forwardCluster(RESOURCE.forwardTlsHttp1, "tls-http1", dnsCache(upstream)),
    forwardCluster(RESOURCE.forwardTlsSigned, "tls-signed", dnsCache(upstream)),
    forwardCluster(RESOURCE.forwardPlain, "plain", dnsCache(upstream)),
    forwardCluster(RESOURCE.forwardPlainHttp1, "plain-http1", dnsCache(upstream)),
    forwardCluster(RESOURCE.forwardNamedAddress, "plain", unguardedDnsCache(upstream)),
    rawForwardCluster(upstream),
    originalDestinationCluster(),
    refusedCluster(),
    ...aliasClusters(gateway),
    ...candidateClusters(gateway),
  ];
}

/** DNS cache whose answers are checked against the guard: a guarded address counts as a failed resolution. */
export function dnsCache(upstream: UpstreamSettings): DnsCacheConfig {
  return {
    ...unguardedDnsCache(upstream),
    name: dnsCacheName(RESOURCE.dnsCache, upstream),
    resolvedAddressFilter: { ranges: upstream.guardedRanges.map(parseRange) },
  };
}

/** Envoy never lets a cache change: other settings are another cache, or the change would be rejected for ever. */
function dnsCacheName(kind: string, { guardedRanges, lookupFamily: family }: UpstreamSettings) {
  const settings = JSON.stringify([family, guardedRanges]);
  return `${kind}/${createHash("sha256").update(settings).digest("hex").slice(0, 12)}`;
}

/** DNS cache for hosts that a rule names by address: the rule is the exception to the guard. */
export function unguardedDnsCache(upstream: UpstreamSettings): DnsCacheConfig {
  return {
    name: dnsCacheName(RESOURCE.unguardedDnsCache, upstream),
    dnsLookupFamily: lookupFamily(upstream),
    maxHosts: uint32(maxResolvedHosts),
    dnsQueryTimeout: duration(5_000),
    dnsFailureRefreshRate: { baseInterval: duration(1_000), maxInterval: duration(10_000) },
    dnsCacheCircuitBreaker: { maxPendingRequests: uint32(unlimitedRequests) },
  };
}

/** Splits `address/length`, which `compile` has already checked. */
export function parseRange(cidr: string) {
  const slash = cidr.lastIndexOf("/");
  return {
    addressPrefix: cidr.slice(0, slash),
    prefixLen: uint32(Number(cidr.slice(slash + 1))),
  };
}

function lookupFamily({ lookupFamily: family }: UpstreamSettings) {
  const { DnsLookupFamily } = envoy.config.cluster.v3.Cluster;
  switch (family) {
    case "V4Only":
      return DnsLookupFamily.V4_ONLY;
    case "V6Only":
      return DnsLookupFamily.V6_ONLY;
    case "Auto":
      return DnsLookupFamily.AUTO;
    case "All":
      return DnsLookupFamily.ALL;
    case "V4Preferred":
      return DnsLookupFamily.V4_PREFERRED;
  }
}

function forwardCluster(name: string, kind: UpstreamKind, cache: DnsCacheConfig): Cluster {
  const { ClusterConfig } = envoy.extensions.clusters.dynamic_forward_proxy.v3;
  return {
    ...baseCluster(name),
    ...http(kind),
    lbPolicy: envoy.config.cluster.v3.Cluster.LbPolicy.CLUSTER_PROVIDED,
    clusterType: typedExtension("envoy.clusters.dynamic_forward_proxy", ClusterConfig, {
      dnsCacheConfig: cache,
    }),
  };
}

function rawForwardCluster(upstream: UpstreamSettings): Cluster {
  const { ClusterConfig } = envoy.extensions.clusters.dynamic_forward_proxy.v3;
  return {
    ...baseCluster(RESOURCE.forwardRaw),
    lbPolicy: envoy.config.cluster.v3.Cluster.LbPolicy.CLUSTER_PROVIDED,
    clusterType: typedExtension("envoy.clusters.dynamic_forward_proxy", ClusterConfig, {
      dnsCacheConfig: dnsCache(upstream),
    }),
  };
}

function originalDestinationCluster(): Cluster {
  const { DiscoveryType, LbPolicy } = envoy.config.cluster.v3.Cluster;
  return {
    ...baseCluster(RESOURCE.originalDestination),
    type: DiscoveryType.ORIGINAL_DST,
    lbPolicy: LbPolicy.CLUSTER_PROVIDED,
  };
}

/** One endpoint a thread, in turn. */
function engineCluster(sockets: readonly string[]): Cluster {
  const { HttpProtocolOptions } = envoy.extensions.upstreams.http.v3;
  const key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const http2ProtocolOptions = {
    initialStreamWindowSize: uint32(engineStreamWindowBytes),
    initialConnectionWindowSize: uint32(engineConnectionWindowBytes),
  };
  const options = { explicitHttpConfig: { http2ProtocolOptions } };
  const lbEndpoints = sockets.map((path) => ({ endpoint: { address: { pipe: { path } } } }));
  return {
    ...baseCluster(RESOURCE.engine),
    // A thread that is gone refuses at once: the next one is asked instead.
    connectTimeout: duration(engineConnectTimeoutMs),
    typedExtensionProtocolOptions: {
      [key]: typedExtension(key, HttpProtocolOptions, options).typedConfig,
    },
    loadAssignment: { clusterName: RESOURCE.engine, endpoints: [{ lbEndpoints }] },
  };
}

function refusedCluster(): Cluster {
  return { ...baseCluster(RESOURCE.refused), loadAssignment: { clusterName: RESOURCE.refused } };
}

/** The cluster that hands connections to an internal listener. */
export function internalCluster(name: string, listener: string): Cluster {
  const { InternalUpstreamTransport } = envoy.extensions.transport_sockets.internal_upstream.v3;
  const { RawBuffer } = envoy.extensions.transport_sockets.raw_buffer.v3;
  return {
    ...baseCluster(name),
    loadAssignment: endpoint(name, { envoyInternalAddress: { serverListenerName: listener } }),
    transportSocket: typedExtension(
      "envoy.transport_sockets.internal_upstream",
      InternalUpstreamTransport,
      { transportSocket: typedExtension("envoy.transport_sockets.raw_buffer", RawBuffer, {}) },
    ),
  };
}

function aliasClusters(gateway: GatewaySnapshot): Cluster[] {
  const aliases = new Map<string, Cluster>();
  for (const alias of usedAliases(gateway)) {
    for (const kind of ["tls", "tls-http1", "tls-signed", "plain", "plain-http1"] as const) {
      const name = aliasCluster(alias, kind);
      if (!aliases.has(name)) aliases.set(name, fixedCluster(name, alias, kind));
    }
  }
  return [...aliases.values()];
}

function usedAliases(gateway: GatewaySnapshot): HostAlias[] {
  return gateway.hosts.flatMap(({ alias, rules }) => [
    ...(alias === undefined ? [] : [alias]),
    ...rules.flatMap(({ action }) =>
      action.kind === "forward"
        ? action.backends.flatMap((target) => (target.alias === undefined ? [] : [target.alias]))
        : [],
    ),
  ]);
}

function fixedCluster(name: string, alias: HostAlias, kind: UpstreamKind): Cluster {
  const portValue = alias.port ?? (isPlainKind(kind) ? 80 : 443);
  return {
    ...baseCluster(name),
    ...http(kind),
    loadAssignment: endpoint(name, { socketAddress: { address: alias.address, portValue } }),
  };
}

function endpoint(clusterName: string, address: envoy.config.core.v3.IAddress) {
  return { clusterName, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] };
}

/**
 * Protocol towards the upstream. TLS: what ALPN agrees on, so that gRPC and HTTP/2 pass end to end whatever the
 * agent speaks. Upgrades need HTTP/1.1 on both sides. Plain: the agent's own protocol, as there is no ALPN.
 */
function http(kind: UpstreamKind): Cluster {
  const { HttpProtocolOptions } = envoy.extensions.upstreams.http.v3;
  // Without effect on plain clusters, but the forward proxy refuses to exist without them.
  const verified = { autoSni: true, autoSanValidation: true };
  const options = {
    upstreamHttpProtocolOptions: verified,
    ...protocolChoice(kind),
    ...(kind === "tls-signed" && { httpFilters: attemptFilters() }),
  };
  const key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const packed: google.protobuf.IAny = typedExtension(
    key,
    HttpProtocolOptions,
    options,
  ).typedConfig;
  return {
    typedExtensionProtocolOptions: { [key]: packed },
    ...(!isPlainKind(kind) && { transportSocket: upstreamTls(kind) }),
  };
}

function protocolChoice(
  kind: UpstreamKind,
): envoy.extensions.upstreams.http.v3.IHttpProtocolOptions {
  const protocols = { httpProtocolOptions: {}, http2ProtocolOptions: {} };
  switch (kind) {
    case "tls":
    case "tls-signed":
      return { autoConfig: protocols };
    case "tls-http1":
    case "plain-http1":
      return { explicitHttpConfig: { httpProtocolOptions: {} } };
    case "plain":
      return { useDownstreamProtocolConfig: protocols };
  }
}

/** Verification is always on; the roots are one SDS resource that all clusters share. */
function upstreamTls(kind: Exclude<UpstreamKind, "plain" | "plain-http1">) {
  const { UpstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
  return typedExtension("envoy.transport_sockets.tls", UpstreamTlsContext, {
    commonTlsContext: {
      alpnProtocols: kind === "tls-http1" ? ["http/1.1"] : ["h2", "http/1.1"],
      validationContextSdsSecretConfig: {
        name: RESOURCE.upstreamTrust,
        sdsConfig: { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 },
      },
    },
  });
}
