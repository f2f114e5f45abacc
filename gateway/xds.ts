/**
 * Snapshot to xDS: every listener, cluster and route configuration that Envoy needs for one EgressGateway. Pure;
 * secrets and certificates are asked for by name and answered by the ADS server.
 */

import { packAny } from "./any.ts";
import { envoy } from "./proto/gen/xds.js";
import type { GatewaySnapshot, HttpRule, ListenerShape, SocketEndpoint } from "./snapshot.ts";
import { withConnectionBound } from "./xds/base-cluster.ts";
import { clusters } from "./xds/cluster.ts";
import type { ProxyCredential } from "./xds/explicit-proxy.ts";
import { explicitProxyListener, explicitProxyRoutes } from "./xds/explicit-proxy.ts";
import { rawTunnelListener, transparentListener, tunnelListener } from "./xds/listener.ts";
import type { RouteScope } from "./xds/route-configuration.ts";
import { routeConfiguration } from "./xds/route-configuration.ts";

export type { BootstrapOptions } from "./xds/bootstrap.ts";
export type { LineFact, LineMeasure } from "./xds/access-log-line.ts";
export { attemptLineMark, fieldSeparator, lineFields } from "./xds/access-log-line.ts";
export { bootstrap } from "./xds/bootstrap.ts";
export { connectionLimitFilterName } from "./xds/connection-limit-filter.ts";
export { NO_SERVER_NAME } from "./xds/downstream-tls.ts";
export type { ProxyCredential } from "./xds/explicit-proxy.ts";
export { proxyUserName } from "./xds/explicit-proxy.ts";
export { ENGINE_METADATA, FILTER_STATE, identitySeparator } from "./xds/filter-state.ts";
export { callerParts } from "./xds/identity-states.ts";
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

function clusterResources(
  gateway: GatewaySnapshot,
  { engineSockets, maxUpstreamConnections }: Deployment,
): XdsResource[] {
  const { Cluster } = envoy.config.cluster.v3;
  return clusters(gateway, engineSockets).map((cluster) => ({
    name: cluster.name ?? "",
    ...packAny(Cluster, withConnectionBound(cluster, maxUpstreamConnections)),
  }));
}

function listenerResources(
  gateway: GatewaySnapshot,
  { explicit, transparent, accessLogPipe: pipe }: Deployment,
): XdsResource[] {
  const { Listener } = envoy.config.listener.v3;
  const listeners = [
    ...(explicit
      ? [
          tunnelListener(gateway, pipe),
          rawTunnelListener(gateway, pipe),
          explicitProxyListener(explicit),
        ]
      : []),
    ...(transparent ? [transparentListener(gateway, transparent, pipe)] : []),
  ];
  return listeners.map((listener) => ({
    name: listener.name ?? "",
    ...packAny(Listener, listener),
  }));
}

function routeResources(gateway: GatewaySnapshot, deployment: Deployment): XdsResource[] {
  const { RouteConfiguration } = envoy.config.route.v3;
  const configurations = [
    ...routeScopes(gateway).map((scope) => routeConfiguration(gateway, scope)),
    ...(deployment.explicit ? [explicitProxyRoutes(gateway, deployment.runs)] : []),
  ];
  return configurations.map((configuration) => ({
    name: configuration.name ?? "",
    ...packAny(RouteConfiguration, configuration),
  }));
}

/**
 * Listeners share one configuration of each scheme unless a route names a listener; a scheme that no listener speaks
 * has none.
 */
function routeScopes(gateway: GatewaySnapshot): RouteScope[] {
  const bySection = usesSections(gateway);
  const scopes = new Map<string, RouteScope>();
  for (const { name, shape } of gateway.listeners) {
    const scheme = schemes[shape];
    if (scheme === undefined) continue;
    const scope = { scheme, section: bySection ? name : undefined };
    scopes.set(`${scheme}/${scope.section ?? ""}`, scope);
  }
  return [...scopes.values()];
}

/** What agents speak on listeners of a shape, where we read it. */
const schemes: Readonly<Record<ListenerShape, RouteScope["scheme"] | undefined>> = {
  "tls-terminate": "tls",
  https: "tls",
  http: "plain",
  "tls-passthrough": undefined,
  tcp: undefined,
};

function usesSections({ hosts }: GatewaySnapshot): boolean {
  return hosts.some(({ rules }) => rules.some((rule: HttpRule) => rule.sections !== undefined));
}
