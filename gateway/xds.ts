/**
 * Snapshot to xDS: every listener, cluster and route configuration that Envoy needs for one EgressGateway. Pure;
 * secrets and certificates are asked for by name and answered by the ADS server.
 */

import { packAny } from "./any.ts";
import { envoy } from "./proto/gen/xds.js";
import type { GatewaySnapshot, ListenerShape, SocketEndpoint } from "./snapshot.ts";
import { withConnectionBound } from "./xds/base-cluster.ts";
import { clusters, internalCluster } from "./xds/cluster.ts";
import type { ProxyCredential } from "./xds/explicit-proxy.ts";
import { explicitProxyListener, explicitProxyRoutes } from "./xds/explicit-proxy.ts";
import type { GatewayCanary } from "./xds/listener.ts";
import { rawTunnelListener, transparentListener, tunnelListener } from "./xds/listener.ts";
import { RESOURCE } from "./xds/resource-names.ts";
import type { RouteScope } from "./xds/route-configuration.ts";
import { routeConfiguration } from "./xds/route-configuration.ts";

export type { GatewayCanary } from "./xds/listener.ts";
export type { BootstrapOptions } from "./xds/bootstrap.ts";
export type { LineFact, LineMeasure } from "./xds/access-log-line.ts";
export { attemptLineMark, fieldSeparator, lineFields } from "./xds/access-log-line.ts";
export { bootstrap } from "./xds/bootstrap.ts";
export { connectionLimitFilterName } from "./xds/connection-limit-filter.ts";
export { NO_SERVER_NAME } from "./xds/downstream-tls.ts";
export type { ProxyCredential } from "./xds/explicit-proxy.ts";
export { proxyUserName } from "./xds/explicit-proxy.ts";
export { ENGINE_METADATA, FILTER_STATE } from "./xds/filter-state.ts";
export { RESOURCE } from "./xds/resource-names.ts";
export { credentialSecret, leafSecret, upstreamTrustSecret } from "./xds/secret.ts";

/** Facts of this process that are no policy. */
export interface Deployment {
  /** Where the explicit proxy listens; absent: there is none */
  readonly explicit?: SocketEndpoint;
  /** Where the transparent listener listens; absent: there is none */
  readonly transparent?: SocketEndpoint;
  /** FIFO that takes a line of every intercepted HTTP transaction; absent: they are streamed to the access log server */
  readonly accessLogPipe?: string;
  /** Most connections to upstreams by each cluster; absent: as many as are asked for */
  readonly maxUpstreamConnections?: number;
  /** Proxy credentials of the runs that are registered now */
  readonly runs: readonly ProxyCredential[];
  /** Unix sockets of the engine's threads; none: what needs the engine is refused */
  readonly engineSockets: readonly string[];
  /** Other forms of the gateway, of which at most one has a share of the agents; absent: none */
  readonly canaries?: readonly GatewayCanary[];
}

/** One resource as it travels: name, type URL and encoded message. */
export interface XdsResource {
  readonly name: string;
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** Type URLs of the resources that we serve, in the order in which Envoy should get them. */
export const TYPE_URL = {
  cluster: envoy.config.cluster.v3.Cluster.getTypeUrl(),
  listener: envoy.config.listener.v3.Listener.getTypeUrl(),
  route: envoy.config.route.v3.RouteConfiguration.getTypeUrl(),
  secret: envoy.extensions.transport_sockets.tls.v3.Secret.getTypeUrl(),
} as const;

/** All resources of one gateway, secrets excepted. */
export function xdsResources(gateway: GatewaySnapshot, deployment: Deployment): XdsResource[] {
  return [
    ...clusterResources(gateway, deployment),
    ...listenerResources(gateway, deployment),
    ...routeResources(gateway, deployment),
  ];
}

/**
 * Name of a cluster that two forms of a gateway would have differently, which one Envoy cannot; undefined: there is
 * none.
 */
export function sharedClusterConflict(
  gateway: GatewaySnapshot,
  other: GatewaySnapshot,
): string | undefined {
  const { Cluster } = envoy.config.cluster.v3;
  const known = new Map(
    clusters(gateway, []).map((cluster) => [
      cluster.name,
      Buffer.from(Cluster.encode(cluster).finish()),
    ]),
  );
  const differing = clusters(other, []).find(
    (cluster) => known.get(cluster.name)?.equals(Cluster.encode(cluster).finish()) === false,
  );
  return differing?.name ?? undefined;
}

function clusterResources(
  gateway: GatewaySnapshot,
  { engineSockets, maxUpstreamConnections, canaries = [] }: Deployment,
): XdsResource[] {
  const { Cluster } = envoy.config.cluster.v3;
  const all = [
    ...[gateway, ...canaries.map((it) => it.gateway)].flatMap((it) => clusters(it, engineSockets)),
    ...(plainTunnel(canaries) === RESOURCE.tunnelCluster
      ? []
      : [internalCluster(plainTunnel(canaries), RESOURCE.tunnelListener)]),
  ];
  const byName = new Map(all.map((cluster) => [cluster.name, cluster]));
  return [...byName.values()].map((cluster) => ({
    name: cluster.name ?? "",
    ...packAny(Cluster, withConnectionBound(cluster, maxUpstreamConnections)),
  }));
}

function listenerResources(
  gateway: GatewaySnapshot,
  { explicit, transparent, accessLogPipe, canaries }: Deployment,
): XdsResource[] {
  const { Listener } = envoy.config.listener.v3;
  const behaviour = { accessLogPipe, canaries };
  const listeners = [
    ...(explicit
      ? [
          tunnelListener(gateway, behaviour),
          rawTunnelListener(gateway, behaviour),
          explicitProxyListener(explicit, gateway),
        ]
      : []),
    ...(transparent ? [transparentListener(gateway, transparent, behaviour)] : []),
  ];
  return listeners.map((listener) => ({
    name: listener.name ?? "",
    ...packAny(Listener, listener),
  }));
}

function routeResources(gateway: GatewaySnapshot, deployment: Deployment): XdsResource[] {
  const { RouteConfiguration } = envoy.config.route.v3;
  const { canaries = [] } = deployment;
  const configurations = [
    ...routeScopes(gateway).map((scope) => routeConfiguration(gateway, scope)),
    ...canaries.flatMap(({ gateway: other, side }) =>
      routeScopes(other).map((scope) => routeConfiguration(other, { ...scope, side })),
    ),
    ...(deployment.explicit
      ? [explicitProxyRoutes(gateway, deployment.runs, plainTunnel(canaries))]
      : []),
  ];
  return configurations.map((configuration) => ({
    name: configuration.name ?? "",
    ...packAny(RouteConfiguration, configuration),
  }));
}

/** Cluster of plain requests to the explicit proxy: another one with each share, because connections are pooled. */
function plainTunnel(canaries: readonly GatewayCanary[]): string {
  const tried = canaries.find(({ share }) => share !== undefined);
  if (tried?.share === undefined) return RESOURCE.tunnelCluster;
  return `${RESOURCE.sidedTunnel}/${tried.side}/${tried.share.parts}`;
}

/** One for each listener whose requests are read. */
function routeScopes({ listeners }: GatewaySnapshot): RouteScope[] {
  return listeners.flatMap(({ name, shape }) => {
    const scheme = schemes[shape];
    return scheme === undefined ? [] : [{ scheme, section: name }];
  });
}

/** What agents speak on listeners of a shape, where we read it. */
const schemes: Readonly<Record<ListenerShape, RouteScope["scheme"] | undefined>> = {
  "tls-terminate": "tls",
  https: "tls",
  http: "plain",
  "tls-passthrough": undefined,
  tcp: undefined,
};
