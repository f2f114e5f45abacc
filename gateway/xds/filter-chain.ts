/**
 * The filter chains behind the listeners: one for each way in which a connection can be treated. Which of them a
 * connection gets is decided by `chain-matcher.ts`, before any byte is sent upstream.
 */

import { typedExtension } from "../any.ts";
import { duration } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, HostAlias } from "../snapshot.ts";
import type { AccessLogSink } from "./access-log.ts";
import { tcpAccessLog } from "./access-log.ts";
import { serverNameAgreementFilter } from "./agreement.ts";
import { aliasText } from "./alias-names.ts";
import { dnsCache } from "./cluster.ts";
import type { HostSource } from "./connection-facts.ts";
import { connectionLimitFilter } from "./connection-limit-filter.ts";
import { connectionFacts } from "./connection-facts.ts";
import { handshakeTimeoutMs, interceptingTransportSocket } from "./downstream-tls.ts";
import {
  ENVOY_FILTER_STATE,
  FILTER_STATE,
  filterStateFormat,
  setFilterState,
} from "./filter-state.ts";
import { interceptingConnectionManager } from "./http-connection-manager.ts";
import type { GatewaySide } from "./resource-names.ts";
import { RESOURCE } from "./resource-names.ts";

/** A connection whose bytes are passed on. */
export interface PassedConnection {
  readonly decision: string;
  /** Id of all that lets it by (`connection-terms.ts`): by others it is another chain, so that no connection outlives them */
  readonly terms: string;
  /** Id of the plan by which the engine is asked about it first; absent: it is not asked */
  readonly plan?: string;
}

/** A connection whose requests are read. */
export interface ListenedConnection {
  /** Listener whose routes decide */
  readonly section: string;
  /** Port of the listener, where it names one: at another port, it is another chain, so that no connection outlives it */
  readonly port?: number;
  /**
   * Ports that other listeners took from this one, where rules are of single listeners: once there is one more, it is
   * another chain, so that no connection goes on by rules that are not for its port any more
   */
  readonly lostPorts?: readonly number[];
}

/** How a connection is treated; `chainName` gives each its name. */
export type ConnectionTreatment =
  | ({ readonly kind: "intercept-tls" | "plain-http" } & ListenedConnection)
  /** Encrypted bytes to the server name */
  | ({ readonly kind: "pass-server-name" } & PassedConnection)
  /** Bytes to the name that was dialled */
  | ({ readonly kind: "pass-dialled-name" } & PassedConnection)
  /** Bytes to the fixed address of the server name, or of the name that was dialled */
  | ({
      readonly kind: "pass-alias";
      readonly by: HostSource;
      readonly alias: HostAlias;
    } & PassedConnection)
  /** Bytes to the address that was dialled */
  | ({ readonly kind: "pass-address" } & PassedConnection)
  | { readonly kind: "refuse"; readonly decision: string };

type FilterChain = envoy.config.listener.v3.IFilterChain;

/** Idle raw connections are closed after this; protocols with keep-alives of their own never are. */
const rawIdleMs = 60 * 60_000;

/** Unique name of the chain that treats connections this way. */
export function chainName(treatment: ConnectionTreatment, side?: GatewaySide): string {
  const name = treatmentName(treatment);
  return side === undefined ? name : `${side}:${name}`;
}

function treatmentName(treatment: ConnectionTreatment): string {
  switch (treatment.kind) {
    case "intercept-tls":
    case "plain-http":
      return `${treatment.kind}/${treatment.section}${portSuffix(treatment)}`;
    case "pass-alias":
      return `pass-alias/${treatment.by}/${aliasText(treatment.alias)}:${treatment.decision}#${treatment.terms}`;
    case "refuse":
      return `refuse:${treatment.decision}`;
    default:
      return `${treatment.kind}:${treatment.decision}#${treatment.terms}`;
  }
}

function portSuffix({ port, lostPorts = [] }: ListenedConnection): string {
  if (port !== undefined) return `:${port}`;
  return lostPorts.length === 0 ? "" : `!${lostPorts.join(",")}`;
}

/** The chain of one treatment. */
export function filterChain(
  gateway: GatewaySnapshot,
  treatment: ConnectionTreatment,
  { side, ...log }: AccessLogSink & { readonly side?: GatewaySide | undefined },
): FilterChain {
  const name = chainName(treatment, side);
  const { filters, ...chain } = treatmentChain(gateway, treatment, { log, side });
  return { ...chain, name, filters: [...sideFacts(side), ...filters] };
}

function sideFacts(side: GatewaySide | undefined) {
  if (side === undefined) return [];
  const { Config } = envoy.extensions.filters.network.set_filter_state.v3;
  return [
    typedExtension("envoy.filters.network.set_filter_state", Config, {
      onNewConnection: [setFilterState(FILTER_STATE.side, side)],
    }),
  ];
}

function treatmentChain(
  gateway: GatewaySnapshot,
  treatment: ConnectionTreatment,
  { log, side }: { readonly log: AccessLogSink; readonly side: GatewaySide | undefined },
) {
  switch (treatment.kind) {
    case "intercept-tls":
      return {
        transportSocket: interceptingTransportSocket(),
        transportSocketConnectTimeout: duration(handshakeTimeoutMs),
        filters: [
          connectionFacts("server-name"),
          interceptingConnectionManager(gateway, { ...treatment, scheme: "tls", side }, log),
        ],
      };
    case "plain-http":
      return {
        filters: [
          connectionFacts("dialled"),
          interceptingConnectionManager(gateway, { ...treatment, scheme: "plain", side }, log),
        ],
      };
    case "pass-server-name":
      return {
        filters: [
          connectionFacts("server-name", treatment.decision),
          serverNameAgreementFilter(),
          ...limitFilters(treatment),
          forwardProxy(gateway),
          tcpProxy(RESOURCE.forwardRaw, log),
        ],
      };
    case "pass-dialled-name":
      return {
        filters: [
          connectionFacts("dialled", treatment.decision),
          ...limitFilters(treatment),
          forwardProxy(gateway),
          tcpProxy(RESOURCE.forwardRaw, log),
        ],
      };
    case "pass-alias":
      return {
        filters: [
          connectionFacts(treatment.by, treatment.decision),
          ...(treatment.by === "server-name" ? [serverNameAgreementFilter()] : []),
          ...limitFilters(treatment),
          aliasAddress(treatment.alias),
          tcpProxy(RESOURCE.originalDestination, log),
        ],
      };
    case "pass-address":
      return {
        filters: [
          connectionFacts("dialled", treatment.decision),
          ...limitFilters(treatment),
          tcpProxy(RESOURCE.originalDestination, log),
        ],
      };
    case "refuse":
      return {
        filters: [connectionFacts("dialled", treatment.decision), tcpProxy(RESOURCE.refused, log)],
      };
  }
}

function limitFilters({ plan }: PassedConnection) {
  return plan === undefined ? [] : [connectionLimitFilter(plan)];
}

/** Resolves the dynamic host of filter state, else the server name, on the port that was dialled. */
function forwardProxy(gateway: GatewaySnapshot) {
  const { FilterConfig } = envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3;
  return typedExtension("envoy.filters.network.sni_dynamic_forward_proxy", FilterConfig, {
    dnsCacheConfig: dnsCache(gateway.upstream),
    portValue: 443,
  });
}

/**
 * Replaces the address that was dialled. One cluster for all aliases: the port of an alias that names none is the one
 * that was dialled, which no fixed endpoint could know.
 */
function aliasAddress(alias: HostAlias) {
  const { Config } = envoy.extensions.filters.network.set_filter_state.v3;
  const address = aliasText(alias, filterStateFormat(FILTER_STATE.port));
  return typedExtension("envoy.filters.network.set_filter_state", Config, {
    onNewConnection: [setFilterState(ENVOY_FILTER_STATE.upstreamAddress, address)],
  });
}

function tcpProxy(cluster: string, log: AccessLogSink) {
  const { TcpProxy } = envoy.extensions.filters.network.tcp_proxy.v3;
  return typedExtension("envoy.filters.network.tcp_proxy", TcpProxy, {
    statPrefix: "raw",
    cluster,
    idleTimeout: duration(rawIdleMs),
    accessLog: [tcpAccessLog(log.name)],
  });
}
