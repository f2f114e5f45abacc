/**
 * What was captured of a record as the events of its span: headers and bodies of both directions, each at the time at
 * which Envoy had seen the last of it. Everything in a capture is redacted already.
 */
import {
  BODY_ATTRIBUTES,
  CAPTURE_EVENTS,
  flagAttribute,
  HEADER_ATTRIBUTE_PREFIXES,
  intAttribute,
  textAttribute,
} from "./attributes.ts";
import type { Attribute } from "./attributes.ts";
import type { CapturedBody, CapturedExchange } from "./call-facts.ts";
import type { EgressRecord } from "./record.ts";

/** One OTLP span event. */
export interface RecordEvent {
  readonly name: string;
  readonly timeUnixNano: bigint;
  readonly attributes: Attribute[];
}

/** The events of the capture, in order of time; headers and bodies that were not captured have none. */
export function recordEvents(
  { durationMs, timings }: EgressRecord,
  capture: CapturedExchange,
  startUnixNs: bigint,
): RecordEvent[] {
  const events: RecordEvent[] = [];
  const at = (sinceMs: number | null) => startUnixNs + BigInt(nanoseconds(sinceMs ?? durationMs));
  const { requestHeaders, requestBody, responseHeaders, responseBody } = capture;
  if (requestHeaders.length > 0) {
    const attributes = headerAttributes(requestHeaders, HEADER_ATTRIBUTE_PREFIXES.request);
    events.push({ name: CAPTURE_EVENTS.requestHeaders, timeUnixNano: startUnixNs, attributes });
  }
  if (requestBody !== null) {
    const timeUnixNano = at(timings.requestMs);
    const attributes = bodyAttributes(requestBody);
    events.push({ name: CAPTURE_EVENTS.requestBody, timeUnixNano, attributes });
  }
  if (responseHeaders.length > 0) {
    const timeUnixNano = at(timings.timeToFirstByteMs);
    const attributes = headerAttributes(responseHeaders, HEADER_ATTRIBUTE_PREFIXES.response);
    events.push({ name: CAPTURE_EVENTS.responseHeaders, timeUnixNano, attributes });
  }
  if (responseBody !== null) {
    const attributes = bodyAttributes(responseBody);
    events.push({ name: CAPTURE_EVENTS.responseBody, timeUnixNano: at(null), attributes });
  }
  return events;
}

function nanoseconds(ms: number): number {
  return ms > 0 ? Math.round(ms * 1e6) : 0;
}

// An attribute's key must not come twice: values of a repeated header are joined as a proxy may join them (RFC 9110, 5.3).
function headerAttributes(
  headers: readonly (readonly [name: string, value: string])[],
  prefix: string,
): Attribute[] {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const known = values.get(name);
    values.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  return [...values].map(([name, value]) => textAttribute(prefix + name, value));
}

function bodyAttributes({
  base64,
  bytes,
  isTruncated,
  contentEncoding,
}: CapturedBody): Attribute[] {
  const attributes = [
    intAttribute(BODY_ATTRIBUTES.bytes, bytes),
    flagAttribute(BODY_ATTRIBUTES.truncated, isTruncated),
    textAttribute(BODY_ATTRIBUTES.base64, base64),
  ];
  if (contentEncoding !== "") {
    attributes.push(textAttribute(BODY_ATTRIBUTES.contentEncoding, contentEncoding));
  }
  return attributes;
}
