/** Names of clusters, listeners and route configurations; also seen in Envoy's statistics and dumps. */

import type { BackendTarget, HostAlias } from "../snapshot.ts";

/** Names that exist once in every Envoy of ours. */
export const RESOURCE = {
  /** Static cluster of the bootstrap: our ADS and access log server */
  control: "clrk-control",
  explicitListener: "explicit-proxy",
  transparentListener: "transparent",
  /** Internal listener behind CONNECT; looks at the first bytes to tell TLS and HTTP */
  tunnelListener: "tunnel",
  /** The same for ports that a route names as TCP: does not wait for first bytes */
  rawTunnelListener: "raw-tunnel",
  tunnelCluster: "tunnel",
  /** First part of the same cluster for plain requests while a policy is tried: no pooled connection of before is used */
  sidedTunnel: "tunnel-plain",
  rawTunnelCluster: "raw-tunnel",
  /** Resolves the request's host; TLS upstream */
  forwardTls: "forward-tls",
  /** TLS upstream that speaks HTTP/1.1 only, for upgrades */
  forwardTlsHttp1: "forward-tls-http1",
  /** TLS upstream whose requests the engine signs, attempt by attempt */
  forwardTlsSigned: "forward-tls-signed",
  forwardPlain: "forward-plain",
  /** The same for backends, which are spoken to by HTTP/1.1 whatever the agent speaks */
  forwardPlainHttp1: "forward-plain-http1",
  /** Resolves without the address guard, for hosts that a rule names by address */
  forwardNamedAddress: "forward-named-address",
  /** Dials the address that the agent dialled */
  originalDestination: "original-destination",
  /** Resolves the server name or dialled name of a raw connection */
  forwardRaw: "forward-raw",
  /** Threads of the engine, an endpoint each */
  engine: "clrk-engine",
  /** Has no endpoint: connections sent there are closed */
  refused: "refused",
  explicitRoutes: "explicit-proxy",
  /** With a slash, like the names of credentials: server names with one are refused before they are asked for */
  upstreamTrust: "trust/upstream",
  /** First part of the name of a DNS cache with the guard */
  dnsCache: "dns",
  /** The same without it */
  unguardedDnsCache: "dns-named-address",
} as const;

/**
 * How a cluster speaks to its upstream; `tls-signed` is `tls` with a signature on each attempt, `plain` speaks what the
 * agent does.
 */
export type UpstreamKind = "tls" | "tls-http1" | "tls-signed" | "plain" | "plain-http1";

/** Whether nothing is encrypted on the way. */
export function isPlainKind(kind: UpstreamKind): kind is "plain" | "plain-http1" {
  return kind === "plain" || kind === "plain-http1";
}

/** Cluster that dials a fixed address for a host. */
export function aliasCluster(alias: HostAlias, kind: UpstreamKind): string {
  const port = alias.port ?? (isPlainKind(kind) ? 80 : 443);
  return `alias-${kind}/${alias.address}:${port}`;
}

/** Names a policy that is, or was, tried on a share of agents beside the one that all others have: `[a-z0-9-]+`. */
export type GatewaySide = string;

/**
 * Route configuration of the chains of one listener: of each listener its own, whether or not a route names one, so that the
 * first route that does changes no chain.
 */
export function routeConfigurationName(
  kind: "tls" | "plain",
  section: string,
  side?: GatewaySide,
): string {
  const name = `${kind}/${section}`;
  return side === undefined ? name : `${side}:${name}`;
}

/** `host:port` of a backend as it stands in `:authority`: the default port of its scheme is left out. */
export function backendAuthority(target: Pick<BackendTarget, "host" | "port" | "isPlain">): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  return target.port === (target.isPlain ? 80 : 443) ? host : `${host}:${target.port}`;
}
