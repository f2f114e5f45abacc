/**
 * Clusters of backends that are tried one after another: one for each candidate of a rule, with its address, trust,
 * credential and the engine in its upstream filters, because Envoy walks from cluster to cluster with one request.
 */

import { readAddress } from "../../crds/cidr.ts";
import { credentialHeaderNames } from "../../providers/registry.ts";
import { packAny, typedExtension } from "../any.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type {
  AttemptPlan,
  BackendTarget,
  GatewaySnapshot,
  HttpAction,
  UpstreamSettings,
} from "../snapshot.ts";
import { candidateCluster, unresolvedAddress } from "../routing-plan.ts";
import { baseCluster } from "./base-cluster.ts";
import { candidateAttemptFilters } from "./engine-filter.ts";
import { injectionFilter, removalFilter } from "./header-injection.ts";
import { RESOURCE } from "./resource-names.ts";

type Cluster = envoy.config.cluster.v3.ICluster;
type ForwardAction = Extract<HttpAction, { readonly kind: "forward" }>;
type Target = BackendTarget & { readonly attempt: AttemptPlan };

const optionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The clusters of all rules that fall back. */
export function candidateClusters({ hosts, upstream }: GatewaySnapshot): Cluster[] {
  const clusters = new Map<string, Cluster>();
  for (const { action } of hosts.flatMap(({ rules }) => rules)) {
    if (action.kind !== "forward" || action.fallback === undefined) continue;
    for (const target of action.backends) {
      if (!isAttempt(target)) continue;
      const cluster = candidate(target, action, upstream);
      clusters.set(cluster.name ?? "", cluster);
    }
  }
  return [...clusters.values()];
}

function nameOf({ attempt }: Target): string {
  const { rule, candidate = -1 } = attempt.fallback ?? {};
  return candidateCluster(rule?.fallback ?? { pick: "" }, rule?.candidates[candidate]?.pick ?? "");
}

function isAttempt(target: BackendTarget): target is Target {
  return target.attempt !== undefined;
}

function candidate(target: Target, action: ForwardAction, upstream: UpstreamSettings): Cluster {
  const { HttpProtocolOptions } = envoy.extensions.upstreams.http.v3;
  const { fallback } = action;
  const name = nameOf(target);
  const headers = injectedHeaders(action);
  const options = {
    ...protocols(target),
    httpFilters: [
      removalFilter(headers),
      ...candidateAttemptFilters(target.attempt),
      ...injectionFilter(target.credentials),
      upstreamCodec(),
    ],
  };
  return {
    ...baseCluster(name),
    ...discovery(target, upstream),
    ...(fallback && { connectTimeout: duration(fallback.connectTimeoutMs) }),
    loadAssignment: { clusterName: name, endpoints: endpoints(target) },
    typedExtensionProtocolOptions: {
      [optionsKey]: packAny(HttpProtocolOptions, options),
    },
    ...(target.isPlain !== true && { transportSocket: upstreamTls(target.host) }),
  };
}

/** Every header that any attempt may bring, and what agents are known by: none of it may reach the next candidate. */
function injectedHeaders({ backends }: ForwardAction): string[] {
  const uses = backends.flatMap(({ credentials }) => credentials);
  return [
    ...new Set([
      ...uses.flatMap((use) => (use.kind === "header" ? [use.header] : [])),
      ...credentialHeaderNames(),
    ]),
  ];
}

/** Envoy tries nobody else when a cluster is empty: where the name has no address, an attempt is to fail instead. */
function endpoints(target: Target): envoy.config.endpoint.v3.ILocalityLbEndpoints[] {
  const { alias, host, port } = target;
  const own = endpoint(host, alias?.address ?? host, alias?.port ?? port);
  if (isFixed(target)) return [own];
  const colon = unresolvedAddress.lastIndexOf(":");
  const [address, portText] = [
    unresolvedAddress.slice(0, colon),
    unresolvedAddress.slice(colon + 1),
  ];
  return [own, { ...endpoint(host, address, Number(portText)), priority: 1 }];
}

function endpoint(hostname: string, address: string, portValue: number) {
  return {
    lbEndpoints: [{ endpoint: { hostname, address: { socketAddress: { address, portValue } } } }],
  };
}

function isFixed({ alias, host }: Target): boolean {
  return alias !== undefined || readAddress(host).kind === "valid";
}

/** A name is asked of DNS; an early failure must not leave the cluster empty until the next regular refresh. */
function discovery(target: Target, upstream: UpstreamSettings): Partial<Cluster> {
  if (isFixed(target)) return {};
  const { DnsCluster } = envoy.extensions.clusters.dns.v3;
  return {
    clusterType: typedExtension("envoy.cluster.dns", DnsCluster, {
      respectDnsTtl: true,
      dnsFailureRefreshRate: { baseInterval: duration(1_000), maxInterval: duration(10_000) },
      dnsLookupFamily: lookupFamily(upstream),
    }),
  };
}

function lookupFamily({ lookupFamily: family }: UpstreamSettings) {
  const { DnsLookupFamily } = envoy.extensions.clusters.common.dns.v3;
  const families = {
    V4Only: DnsLookupFamily.V4_ONLY,
    V6Only: DnsLookupFamily.V6_ONLY,
    V4Preferred: DnsLookupFamily.V4_PREFERRED,
    Auto: DnsLookupFamily.AUTO,
    All: DnsLookupFamily.ALL,
  } as const;
  return families[family];
}

function protocols({ isPlain }: Target): envoy.extensions.upstreams.http.v3.IHttpProtocolOptions {
  if (isPlain === true) return { explicitHttpConfig: { httpProtocolOptions: {} } };
  return { autoConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} } };
}

function upstreamCodec() {
  const { UpstreamCodec } = envoy.extensions.filters.http.upstream_codec.v3;
  return typedExtension("envoy.filters.http.upstream_codec", UpstreamCodec, {});
}

/** The name is the candidate's own, whatever `:authority` says: attempts before it had another one. */
function upstreamTls(host: string) {
  const { UpstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
  const isAddress = readAddress(host).kind === "valid";
  const trust = {
    name: RESOURCE.upstreamTrust,
    sdsConfig: { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 },
  };
  const alpnProtocols = ["h2", "http/1.1"];
  return typedExtension("envoy.transport_sockets.tls", UpstreamTlsContext, {
    ...(isAddress
      ? {
          commonTlsContext: { alpnProtocols, combinedValidationContext: addressTrust(host, trust) },
        }
      : {
          sni: host,
          autoSniSanValidation: true,
          commonTlsContext: { alpnProtocols, validationContextSdsSecretConfig: trust },
        }),
    maxSessionKeys: uint32(8),
  });
}

function addressTrust(
  host: string,
  trust: envoy.extensions.transport_sockets.tls.v3.ISdsSecretConfig,
) {
  const { SubjectAltNameMatcher } = envoy.extensions.transport_sockets.tls.v3;
  const sanType = SubjectAltNameMatcher.SanType.IP_ADDRESS;
  return {
    defaultValidationContext: {
      matchTypedSubjectAltNames: [{ sanType, matcher: { exact: host } }],
    },
    validationContextSdsSecretConfig: trust,
  };
}
