/**
 * Listeners: the transparent one that sandboxes are captured into, and the internal ones behind the explicit proxy.
 * All share one plan of filter chains.
 */

import { typedExtension } from "../any.ts";
import type { CanaryShare } from "../canary-share.ts";
import { duration, uint32 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, SocketEndpoint } from "../snapshot.ts";
import type { AccessLogName } from "./access-log.ts";
import type { ChainPlan } from "./chain-matcher.ts";
import { planChains } from "./chain-matcher.ts";
import { filterChain } from "./filter-chain.ts";
import { ENVOY_FILTER_STATE, setFilterState } from "./filter-state.ts";
import { firstMatch, isInShare } from "./match-predicate.ts";
import { identityTlvRules, transparentStates } from "./identity-states.ts";
import type { GatewaySide } from "./resource-names.ts";
import { RESOURCE } from "./resource-names.ts";

/** A peer that has said nothing for this long speaks a protocol in which the server speaks first. */
const sniffTimeoutMs = 300;

/** The same where no listener is for such protocols: an agent on a busy machine may be slow to say hello. */
const helloTimeoutMs = 3_000;

/** Bytes held for one connection; bodies stream through, so this bounds memory and not body size. */
const connectionBufferBytes = 1024 * 1024;

/** Another form of a gateway beside the one that is served. */
export interface GatewayCanary {
  /** Unique among all that one Envoy ever has */
  readonly side: GatewaySide;
  readonly gateway: GatewaySnapshot;
  /** The agents that have it; absent: none any more, but connections that were made before */
  readonly share?: CanaryShare;
}

/** How listeners differ that intercept. */
export interface ListenerBehaviour {
  /** FIFO that takes a line of every HTTP transaction; absent: they are streamed */
  readonly accessLogPipe?: string | undefined;
  /** Absent: all agents have the gateway */
  readonly canaries?: readonly GatewayCanary[] | undefined;
}

type Listener = envoy.config.listener.v3.IListener;
type ListenerFilter = envoy.config.listener.v3.IListenerFilter;

/** Listener that requires PROXY protocol v2 with identity TLVs in front of every connection. */
export function transparentListener(
  gateway: GatewaySnapshot,
  bind: SocketEndpoint,
  behaviour: ListenerBehaviour = {},
): Listener {
  const ports = rawPorts(gateway);
  return {
    ...interceptingListener(gateway, "transparent", behaviour),
    name: RESOURCE.transparentListener,
    address: { socketAddress: { address: bind.address, portValue: bind.port } },
    // Or any process of this user could listen there too and be sent some of the connections.
    enableReusePort: { value: false },
    listenerFilters: [
      proxyProtocolFilter(),
      stateFilter(),
      ...sniffers().map((sniffer) => ({ ...sniffer, ...unlessPort(ports) })),
    ],
  };
}

/** Internal listener behind CONNECT and absolute-form requests. */
export function tunnelListener(
  gateway: GatewaySnapshot,
  behaviour: ListenerBehaviour = {},
): Listener {
  return {
    ...interceptingListener(gateway, "explicit", behaviour),
    name: RESOURCE.tunnelListener,
    internalListener: {},
    listenerFilters: [originalDestinationFilter(), ...sniffers()],
  };
}

/** The same without waiting for first bytes, for ports that a route or listener names as TCP. */
export function rawTunnelListener(
  gateway: GatewaySnapshot,
  behaviour: ListenerBehaviour = {},
): Listener {
  return {
    ...interceptingListener(gateway, "explicit", behaviour),
    name: RESOURCE.rawTunnelListener,
    internalListener: {},
    listenerFilters: [originalDestinationFilter()],
  };
}

/**
 * Ports on which bytes are not sniffed, because only a TCP listener serves them: a server that speaks first is let
 * through at once there.
 */
export function rawPorts({ listeners }: GatewaySnapshot): readonly number[] {
  const claimed = new Set(
    listeners.flatMap(({ shape, port }) => (shape !== "tcp" && port !== undefined ? [port] : [])),
  );
  return listeners.flatMap(({ shape, port }) =>
    shape === "tcp" && port !== undefined && !claimed.has(port) ? [port] : [],
  );
}

function interceptingListener(
  gateway: GatewaySnapshot,
  name: AccessLogName,
  { accessLogPipe: pipe, canaries = [] }: ListenerBehaviour,
): Listener {
  const log = { name, pipe };
  const plan: ChainPlan = planChains(gateway);
  return {
    statPrefix: name,
    filterChainMatcher: sidedMatcher(plan, canaries),
    filterChains: [
      ...plan.treatments.map((treatment) => filterChain(gateway, treatment, log)),
      ...canaries.flatMap(({ side, gateway: tried }) =>
        planChains(tried, side).treatments.map((treatment) =>
          filterChain(tried, treatment, { ...log, side }),
        ),
      ),
    ],
    listenerFiltersTimeout: duration(
      letsServersSpeakFirst(gateway) ? sniffTimeoutMs : helloTimeoutMs,
    ),
    continueOnListenerFiltersTimeout: true,
    perConnectionBufferLimitBytes: uint32(connectionBufferBytes),
    trafficDirection: envoy.config.core.v3.TrafficDirection.OUTBOUND,
  };
}

/** Without a share all connections have the plan; the chains of the other stay for those that are open on them. */
function sidedMatcher(plan: ChainPlan, canaries: readonly GatewayCanary[]): ChainPlan["matcher"] {
  const cases = canaries.flatMap(({ side, gateway, share }) => {
    if (share === undefined) return [];
    return [{ when: isInShare(share), use: { matcher: planChains(gateway, side).matcher } }];
  });
  return firstMatch(cases, { matcher: plan.matcher }).matcher ?? plan.matcher;
}

function letsServersSpeakFirst(gateway: GatewaySnapshot): boolean {
  const unsniffed = rawPorts(gateway);
  return gateway.listeners.some(
    ({ shape, port }) => shape === "tcp" && (port === undefined || !unsniffed.includes(port)),
  );
}

function proxyProtocolFilter(): ListenerFilter {
  const { ProxyProtocol } = envoy.extensions.filters.listener.proxy_protocol.v3;
  const { Version } = envoy.config.core.v3.ProxyProtocolConfig;
  return typedExtension("envoy.filters.listener.proxy_protocol", ProxyProtocol, {
    rules: identityTlvRules(),
    disallowedVersions: [Version.V1],
  });
}

function stateFilter(): ListenerFilter {
  const { Config } = envoy.extensions.filters.listener.set_filter_state.v3;
  return typedExtension("envoy.filters.listener.set_filter_state", Config, {
    onAccept: [
      ...transparentStates(),
      setFilterState(ENVOY_FILTER_STATE.dynamicPort, "%DOWNSTREAM_LOCAL_PORT%"),
    ],
  });
}

function originalDestinationFilter(): ListenerFilter {
  const { OriginalDst } = envoy.extensions.filters.listener.original_dst.v3;
  return typedExtension("envoy.filters.listener.original_dst", OriginalDst, {});
}

function sniffers(): ListenerFilter[] {
  const { TlsInspector } = envoy.extensions.filters.listener.tls_inspector.v3;
  const { HttpInspector } = envoy.extensions.filters.listener.http_inspector.v3;
  return [
    typedExtension("envoy.filters.listener.tls_inspector", TlsInspector, {}),
    typedExtension("envoy.filters.listener.http_inspector", HttpInspector, {}),
  ];
}

function unlessPort(ports: readonly number[]): ListenerFilter {
  if (ports.length === 0) return {};
  const rules = ports.map((port) => ({ destinationPortRange: { start: port, end: port + 1 } }));
  const [only] = rules;
  return { filterDisabled: rules.length === 1 && only ? only : { orMatch: { rules } } };
}
