/** Who calls on a transparent listener: identity TLVs of the PROXY v2 header, joined into one filter state value. */

import { callerParts, identitySeparator } from "../caller-parts.ts";
import type { envoy } from "../proto/gen/xds.js";
import { ENVOY_FILTER_STATE, FILTER_STATE, setFilterState } from "./filter-state.ts";

/** TLV types of our PROXY v2 headers and the names they get; values are UTF-8 text. */
export const IDENTITY_TLV = {
  kind: 0xe0,
  namespace: 0xe1,
  name: 0xe2,
  uid: 0xe3,
  revision: 0xe4,
  invocationId: 0xe5,
  /** Name that the agent's resolver gave out for the dialled address; not part of the identity */
  dialledHost: 0xe6,
  /** `traceparent` of the root of the invocation, as `InvocationTraces` makes it; not part of the identity */
  trace: 0xe8,
} as const;

const metadataNamespace = "clrk.apoxy.dev";

type Rule = envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol.IRule;
type FilterStateValue = envoy.extensions.filters.common.set_filter_state.v3.IFilterStateValue;

/** Rules that keep the TLVs as connection metadata. */
export function identityTlvRules(): Rule[] {
  return Object.entries(IDENTITY_TLV).map(([key, tlvType]) => ({
    tlvType,
    onTlvPresent: { metadataNamespace, key },
  }));
}

/** Filter state that listener filters derive from the TLVs and the restored destination address; what has no TLV stays unset. */
export function transparentStates(): FilterStateValue[] {
  const caller = callerParts.map((part) => metadataFormat(part)).join(identitySeparator);
  return [
    setFilterState(FILTER_STATE.caller, caller),
    setFilterState(FILTER_STATE.agent, ["kind", "namespace", "name"].map(metadataFormat).join("/")),
    setFilterState(FILTER_STATE.trace, metadataFormat("trace")),
    setFilterState(FILTER_STATE.dialledHost, metadataFormat("dialledHost")),
    setFilterState(ENVOY_FILTER_STATE.dynamicHost, metadataFormat("dialledHost")),
    setFilterState(FILTER_STATE.port, "%DOWNSTREAM_LOCAL_PORT%"),
  ];
}

function metadataFormat(key: string): string {
  return `%DYNAMIC_METADATA(${metadataNamespace}:${key})%`;
}
