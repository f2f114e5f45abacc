/** Values of Envoy's access log entries as records hold them. */

import { CONNECTION_KEY } from "../headers.ts";
import type { envoy, google } from "../proto/gen/accesslog.js";
import { connectionLimitFilterName, FILTER_STATE } from "../xds.ts";

type Common = envoy.data.accesslog.v3.AccessLogCommon;

/** Short names of response flags as Envoy's own log prints them, by field of the entry. */
const flagNames = {
  failedLocalHealthcheck: "LH",
  noHealthyUpstream: "UH",
  upstreamRequestTimeout: "UT",
  localReset: "LR",
  upstreamRemoteReset: "UR",
  upstreamConnectionFailure: "UF",
  upstreamConnectionTermination: "UC",
  upstreamOverflow: "UO",
  noRouteFound: "NR",
  rateLimited: "RL",
  downstreamConnectionTermination: "DC",
  upstreamRetryLimitExceeded: "URX",
  streamIdleTimeout: "SI",
  downstreamProtocolError: "DPE",
  upstreamMaxStreamDurationReached: "UMSDR",
  noFilterConfigFound: "NFCF",
  durationTimeout: "DT",
  upstreamProtocolError: "UPE",
  noClusterFound: "NC",
  overloadManager: "OM",
  dnsResolutionFailure: "DF",
  downstreamRemoteReset: "DR",
} as const;

const flagOrder: readonly string[] = [...Object.values(flagNames), "UAEX"];

const flagFields = Object.keys(flagNames) as (keyof typeof flagNames)[];

/** Flags that are set, by their short names. */
export function responseFlags(flags: Common["responseFlags"]): readonly string[] {
  if (flags === null) return [];
  const names: string[] = [];
  for (const field of flagFields) if (flags[field]) names.push(flagNames[field]);
  if (flags.unauthorizedDetails !== null) names.push("UAEX");
  return names;
}

/** Short names of flags in the order in which `responseFlags` gives them; names that it does not know come last. */
export function sortedFlags(names: readonly string[]): readonly string[] {
  return names.toSorted((left, right) => rank(left) - rank(right));
}

function rank(name: string): number {
  const index = flagOrder.indexOf(name);
  return index < 0 ? flagOrder.length : index;
}

/** Milliseconds with fraction; null when the point was not reached. */
export function durationMs(duration: google.protobuf.Duration | null): number | null {
  return duration === null ? null : duration.seconds * 1_000 + duration.nanos / 1_000_000;
}

/** `address:port`; empty for internal and absent addresses. */
export function socketText(address: envoy.config.core.v3.Address | null): string {
  const socket = address?.socketAddress;
  if (!socket) return "";
  const host = socket.address.includes(":") ? `[${socket.address}]` : socket.address;
  return `${host}:${socket.portValue ?? 0}`;
}

/** Address without port; empty for internal and absent addresses. */
export function addressText(address: envoy.config.core.v3.Address | null): string {
  return address?.socketAddress?.address ?? "";
}

/** Why the engine refused a raw connection, in the form of response code details; empty when it did not. */
export function connectionRefusal({ metadata }: Common): string {
  const fields = metadata?.filterMetadata[connectionLimitFilterName]?.fields;
  return fields?.[CONNECTION_KEY.refusal]?.stringValue ?? "";
}

/** The side of a connection whose agent another policy is tried on; nothing for all others. */
export function sideOf(common: Common): { readonly side?: string } {
  const side = filterStateText(common, FILTER_STATE.side);
  return side === "" ? {} : { side };
}

/** A string in filter state, which travels as a StringValue inside an Any; empty when absent or `-`. */
export function filterStateText(common: Common, key: string): string {
  const bytes = common.filterStateObjects[key]?.value;
  if (bytes === undefined || bytes.length < 2 || bytes[0] !== stringValueTag) return "";
  let offset = 1;
  let length = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[offset] ?? 0;
    offset++;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const text = decoder.decode(bytes.subarray(offset, offset + length));
  return text === "-" ? "" : text;
}

/** Field 1, length-delimited: the only field of google.protobuf.StringValue. */
const stringValueTag = 0x0a;

const decoder = new TextDecoder();
