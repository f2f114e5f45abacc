/**
 * The line that Envoy writes of one HTTP transaction: which fields, in which order. Fields are separated and the
 * line is ended by control characters that none of them can hold: Envoy refuses them in requests, and a caller
 * that holds one is not identified (`filter-state.ts`).
 */

import { FILTER_STATE, filterStateFormat } from "./filter-state.ts";

/** Between fields: ASCII "record separator"; the parts of a transparent caller use another one. */
export const fieldSeparator = "\u001e";

/**
 * Fields with their formats; `listener` and `scheme` are written as they are known when the format is made. An
 * absent value is empty.
 *
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage
 */
const fields = [
  ["listener", ""],
  ["scheme", ""],
  // Unix `ns`, decimal
  ["start", "%START_TIME(%s%9f)%"],
  // `ns` from the first byte of the request to the last of the response; empty when the transaction was cut off
  ["responseEnd", "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)%"],
  // Whole `ms` until the transaction was done or cut off
  ["duration", "%DURATION%"],
  ["requestEnd", "%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ns)%"],
  ["firstByte", "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:ns)%"],
  ["client", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"],
  ["protocol", "%PROTOCOL%"],
  ["method", "%REQ(:METHOD)%"],
  ["authority", "%REQ(:AUTHORITY)%"],
  ["target", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"],
  ["userAgent", "%REQ(USER-AGENT)%"],
  ["traceparent", "%REQ(TRACEPARENT)%"],
  ["agreedHost", filterStateFormat(FILTER_STATE.host)],
  ["port", filterStateFormat(FILTER_STATE.port)],
  ["requestBytes", "%BYTES_RECEIVED%"],
  ["status", "%RESPONSE_CODE%"],
  ["responseBytes", "%BYTES_SENT%"],
  ["flags", "%RESPONSE_FLAGS%"],
  ["details", "%RESPONSE_CODE_DETAILS%"],
  ["upstream", "%UPSTREAM_REMOTE_ADDRESS%"],
  ["cluster", "%UPSTREAM_CLUSTER%"],
  ["route", "%ROUTE_NAME%"],
  ["caller", filterStateFormat(FILTER_STATE.caller)],
] as const;

/** Name of a field. */
export type LineField = (typeof fields)[number][0];

/** Names of the fields in their order on the line. */
export const lineFields: readonly LineField[] = fields.map(([name]) => name);

/** The format of lines of one listener and scheme, with its line end. */
export function lineFormat(listener: string, scheme: string): string {
  const known = new Map<LineField, string>([
    ["listener", listener],
    ["scheme", scheme],
  ]);
  const formats = fields.map(([name, format]) => known.get(name) ?? format);
  return `${formats.join(fieldSeparator)}\n`;
}
