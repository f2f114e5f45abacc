/**
 * The line that Envoy writes of one HTTP transaction: which fields, in which order. Fields are separated and the
 * line is ended by control characters that none of them can hold: Envoy refuses them in requests, and a caller
 * that holds one is not identified (`filter-state.ts`).
 */

import { ENGINE_METADATA, FILTER_STATE, filterStateFormat } from "./filter-state.ts";

/** Between fields: ASCII "record separator"; the parts of a transparent caller use another one. */
export const fieldSeparator = "\u001e";

/** Begins the line of an attempt, where one of a transaction has a digit. */
export const attemptLineMark = "\u001d";

/** The format of lines of attempts. Upstreams may write what they like into a header: it comes last. */
export function attemptLineFormat(): string {
  const fields = [
    "%REQ(TRACEPARENT)%",
    "%UPSTREAM_CLUSTER_RAW%",
    "%START_TIME(%s%3f)%",
    "%DURATION%",
    "%RESPONSE_CODE%",
    "%RESPONSE_FLAGS%",
    "%RESP(RETRY-AFTER)%",
  ];
  return `${attemptLineMark}${fields.join(fieldSeparator)}\n`;
}

/** What is new in each transaction comes first: the rest of a line is often the same as before, see `pipe-line.ts`. */
const measures = [
  // Unix `ns`, decimal
  ["start", "%START_TIME(%s%9f)%"],
  // `ns` since the start, like the next ones that are not said to be otherwise; empty when it was not reached
  ["responseEnd", "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)%"],
  // Whole `ms` until the transaction was done or cut off
  ["duration", "%DURATION%"],
  ["requestEnd", "%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ns)%"],
  // Last byte of the request to the upstream
  ["sent", "%COMMON_DURATION(DS_RX_BEG:US_TX_END:ns)%"],
  ["firstByte", "%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:ns)%"],
  ["requestBytes", "%BYTES_RECEIVED%"],
  ["status", "%RESPONSE_CODE%"],
  ["responseBytes", "%BYTES_SENT%"],
  // Written by the engine, which agents cannot; empty where it saw nothing of the transaction
  ["engineId", `%DYNAMIC_METADATA(${ENGINE_METADATA.namespace}:${ENGINE_METADATA.id})%`],
  ["traceparent", "%REQ(TRACEPARENT)%"],
  ["target", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"],
] as const;

/** `listener` and `scheme` are written as they are known when the format is made. */
const facts = [
  ["listener", ""],
  ["scheme", ""],
  ["client", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"],
  ["protocol", "%PROTOCOL%"],
  ["method", "%REQ(:METHOD)%"],
  ["authority", "%REQ(:AUTHORITY)%"],
  ["userAgent", "%REQ(USER-AGENT)%"],
  ["agreedHost", filterStateFormat(FILTER_STATE.host)],
  ["port", filterStateFormat(FILTER_STATE.port)],
  ["flags", "%RESPONSE_FLAGS%"],
  ["details", "%RESPONSE_CODE_DETAILS%"],
  ["upstream", "%UPSTREAM_REMOTE_ADDRESS%"],
  // Stands for the address where no connection was made
  ["upstreamHost", "%UPSTREAM_HOST%"],
  ["cluster", "%UPSTREAM_CLUSTER%"],
  ["route", "%ROUTE_NAME%"],
  ["caller", filterStateFormat(FILTER_STATE.caller)],
  ["side", filterStateFormat(FILTER_STATE.side)],
] as const;

/** Names of the fields of a line in their order: first the measures, then the facts. */
export const lineFields = {
  measures: measures.map(([name]) => name),
  facts: facts.map(([name]) => name),
} as const;

/** Name of a measure. */
export type LineMeasure = (typeof measures)[number][0];

/** Name of a fact. */
export type LineFact = (typeof facts)[number][0];

/** The format of lines of one listener and scheme, with its line end. */
export function lineFormat(listener: string, scheme: string): string {
  const known = new Map<string, string>([
    ["listener", listener],
    ["scheme", scheme],
  ]);
  const formats = [...measures, ...facts].map(([name, format]) => known.get(name) ?? format);
  return `${formats.join(fieldSeparator)}\n`;
}
