/**
 * Filter state keys: the facts of a connection that travel with it through Envoy, from the listener that accepted
 * it to the chain that decides and the access log; and the engine's mark on a transaction. Agents cannot write any.
 */

import { envoy } from "../proto/gen/xds.js";

/** Keys of the objects; values are strings unless said otherwise. */
export const FILTER_STATE = {
  /** Who calls: `run:<id>` of an explicit proxy credential, or the identity TLVs joined by `identitySeparator` */
  caller: "clrk.caller",
  /** What the agent is called, `kind/namespace/name`, whichever run of it calls */
  agent: "clrk.agent",
  /** Name of the policy that is tried on a share of agents, where it decides; absent everywhere else */
  side: "clrk.side",
  /** `traceparent` of the root of the invocation; absent where whoever made the connection named none */
  trace: "clrk.trace",
  /** Host that was dialled, without port: CONNECT target, absolute-form host, or the name TLV; absent on a bare address */
  dialledHost: "clrk.dialled_host",
  /** Port that was dialled, decimal */
  port: "clrk.port",
  /** `dialledHost`, or `-` where nothing was dialled by name: an expression may read it always */
  dialled: "clrk.dialled",
  /** `host|port|dialled`: all that the usual request is held against, in one string */
  usual: "clrk.usual",
  /** Server name from TLS, or the dialled host on plain HTTP */
  host: "clrk.host",
  /** `host:port` */
  hostPort: "clrk.host_port",
  /** `:port` */
  portSuffix: "clrk.port_suffix",
  /** Key of the decision on a raw connection, see `decision-key.ts` */
  decision: "clrk.decision",
} as const;

/** Dynamic metadata that the engine leaves at a transaction, for the access log; no filter of ours writes there. */
export const ENGINE_METADATA = {
  namespace: "clrk",
  /** Joins the access log's entry with the engine's facts */
  id: "id",
  /** The way that the engine picked, or `none` */
  pick: "pick",
  /** What attempts need to know of the request as the agent sent it */
  call: "call",
  /** Namespace of the order in which candidates are tried */
  order: "clrk.order",
} as const;

/** Envoy's own keys that we set. */
export const ENVOY_FILTER_STATE = {
  /** Host that the forward proxy filters resolve and dial */
  dynamicHost: "envoy.upstream.dynamic_host",
  /** Port that they dial */
  dynamicPort: "envoy.upstream.dynamic_port",
  /** `ip:port` that a cluster of original destinations dials in place of the connection's own */
  upstreamAddress: "envoy.network.transport_socket.original_dst_address",
  /** `ip:port` that the original_dst listener filter takes as the local address of an internal connection */
  originalDestination: "envoy.filters.listener.original_dst.local_ip",
} as const;

/** Read by expressions, which fail on absent values: these hold `-` for what is absent, all others stay unset. */
const connectionFactKeys: ReadonlySet<string> = new Set([
  FILTER_STATE.usual,
  FILTER_STATE.host,
  FILTER_STATE.hostPort,
  FILTER_STATE.portSuffix,
  FILTER_STATE.dialled,
]);

/**
 * Fits a caller that is identified: a run (`-` stands for an absent one), or six parts of TLVs with at least namespace
 * and name (RE2). A TLV that holds the separator would shift the parts, so that it identifies nobody; neither does
 * one that holds a line feed or the access log's own separator, and with that forges a line there.
 */
export const identifiedPattern =
  "run:[a-z0-9][a-z0-9-]*|[^\\n\\x1e\\x1f]*\\x1f[^\\x00-\\x1f]+\\x1f[^\\x00-\\x1f]+(?:\\x1f[^\\n\\x1e\\x1f]*){3}";

/** Fits what is no `traceparent` and could be more than one header (RE2). */
export const untraceablePattern = "(?s:.*)[^0-9a-f-](?s:.*)";

/** Fits a dialled host that would end a line or field of the access log: no name holds a control character (RE2). */
export const unreadablePattern = "(?s:.*)[\\x00-\\x1f\\x7f](?s:.*)";

/** Format that reads a string from filter state; Envoy prints `-` where it is absent. */
export function filterStateFormat(key: string): string {
  return `%FILTER_STATE(${key}:PLAIN)%`;
}

/**
 * Format that reads a string from filter state as JSON, for places that take no control characters, such as a header;
 * Envoy prints `-` where it is absent.
 */
export function quotedFilterStateFormat(key: string): string {
  return `%FILTER_STATE(${key}:TYPED)%`;
}

/** How far a value is seen: only on this connection, or also on connections it causes inside Envoy. */
export type FilterStateScope = "connection" | "transitive";

type FilterStateValue = envoy.extensions.filters.common.set_filter_state.v3.IFilterStateValue;

/**
 * Sets `key` to what the format gives, or leaves it unset where that is empty. Strings are hashable, so that
 * connections inside Envoy are pooled per value and one caller never rides on another's.
 */
export function setFilterState(
  key: string,
  format: string,
  scope: FilterStateScope = "connection",
): FilterStateValue {
  const ours = key.startsWith("clrk.");
  const dashes = connectionFactKeys.has(key);
  return {
    objectKey: key,
    ...(ours && { factoryKey: "envoy.hashable_string" }),
    formatString: { textFormatSource: { inlineString: format }, omitEmptyValues: !dashes },
    skipIfEmpty: true,
    ...(scope === "transitive" && {
      sharedWithUpstream:
        envoy.extensions.filters.common.set_filter_state.v3.FilterStateValue.SharedWithUpstream
          .TRANSITIVE,
    }),
  };
}
