/**
 * What agents sent, as protobuf for a receiver of others. Who they are is what was proved: it stands on every resource, and
 * what they say of it themselves is taken out; all else is as it was sent.
 */
import { RESOURCE_ATTRIBUTES } from "../../gateway/attributes.ts";
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";
import { identityAttributes, textAttributes } from "./identity-attributes.ts";
import type { OtlpEvent, OtlpGroup, OtlpLink, OtlpLog, OtlpSpan } from "./otlp-model.ts";
import { isTheirs } from "./otlp-rows.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";

const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;
type AnyValue = opentelemetry.proto.common.v1.IAnyValue;
type KeyValue = opentelemetry.proto.common.v1.IKeyValue;
type Span = opentelemetry.proto.trace.v1.ISpan;
type LogRecord = opentelemetry.proto.logs.v1.ILogRecord;

/** An ExportTraceServiceRequest. Two of them one behind the other are one with the spans of both. */
export function encodeAgentSpans(
  groups: readonly OtlpGroup<OtlpSpan>[],
  sender: TelemetrySender,
): Uint8Array {
  const resourceSpans = groups.map((group) => {
    const { resource, scope, resourceUrl, schemaUrl } = outlineOf(group, sender);
    const scopeSpans = [{ scope, schemaUrl, spans: group.items.map(toSpan) }];
    return { resource, schemaUrl: resourceUrl, scopeSpans };
  });
  return ExportTraceServiceRequest.encode({ resourceSpans }).finish();
}

/** The same for logs: an ExportLogsServiceRequest. */
export function encodeAgentLogs(
  groups: readonly OtlpGroup<OtlpLog>[],
  sender: TelemetrySender,
): Uint8Array {
  const resourceLogs = groups.map((group) => {
    const { resource, scope, resourceUrl, schemaUrl } = outlineOf(group, sender);
    const scopeLogs = [{ scope, schemaUrl, logRecords: group.items.map(toLog) }];
    return { resource, schemaUrl: resourceUrl, scopeLogs };
  });
  return ExportLogsServiceRequest.encode({ resourceLogs }).finish();
}

function outlineOf(
  { resource, scope, schemaUrls, dropped }: Omit<OtlpGroup<unknown>, "items">,
  sender: TelemetrySender,
) {
  const { name, version, attributes = [] } = scope;
  return {
    resource: {
      attributes: [...toTheirs(resource), ...identityOf(sender)],
      droppedAttributesCount: dropped?.resource ?? 0,
    },
    scope: {
      ...{ name, version, attributes: toTheirs(attributes) },
      droppedAttributesCount: dropped?.scope ?? 0,
    },
    resourceUrl: schemaUrls?.resource ?? "",
    schemaUrl: schemaUrls?.items ?? "",
  };
}

/** Who the sender is, as stored spans have it. */
function identityOf({ agent, gateway, component }: TelemetrySender): KeyValue[] {
  const where = textAttributes([
    [RESOURCE_ATTRIBUTES.component, component],
    [RESOURCE_ATTRIBUTES.egressGateway, gateway],
  ]);
  return [...identityAttributes(agent), ...where].map(toKeyValue);
}

function toSpan(span: OtlpSpan): Span {
  const { startNs, endNs, attributes, events, links } = span;
  return {
    ...{ name: span.name, kind: span.kind, status: span.status, traceState: span.traceState },
    traceId: bytesOf(span.traceId, 16),
    spanId: bytesOf(span.spanId, 8),
    parentSpanId: bytesOf(span.parentSpanId, 8),
    flags: span.flags ?? 0,
    startTimeUnixNano: startNs,
    endTimeUnixNano: endNs,
    attributes: toTheirs(attributes),
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    events: events.map(toEvent),
    droppedEventsCount: span.droppedEventsCount ?? 0,
    links: links.map(toLink),
    droppedLinksCount: span.droppedLinksCount ?? 0,
  };
}

function toEvent({ timeNs, name, attributes, droppedAttributesCount = 0 }: OtlpEvent) {
  return {
    timeUnixNano: timeNs,
    name,
    attributes: attributes.map(toKeyValue),
    droppedAttributesCount,
  };
}

function toLink({ traceState, attributes, flags = 0, ...link }: OtlpLink) {
  return {
    traceId: bytesOf(link.traceId, 16),
    spanId: bytesOf(link.spanId, 8),
    traceState,
    flags,
    attributes: attributes.map(toKeyValue),
    droppedAttributesCount: link.droppedAttributesCount ?? 0,
  };
}

function toLog(log: OtlpLog): LogRecord {
  const { severityNumber, severityText, eventName, flags, body } = log;
  return {
    ...{ severityNumber, severityText, eventName, flags },
    timeUnixNano: log.timeNs,
    observedTimeUnixNano: log.observedNs,
    ...(body !== undefined && { body: toAnyValue(body) }),
    attributes: toTheirs(log.attributes),
    droppedAttributesCount: log.droppedAttributesCount ?? 0,
    traceId: bytesOf(log.traceId, 16),
    spanId: bytesOf(log.spanId, 8),
  };
}

function toTheirs(attributes: readonly OtlpAttribute[]): KeyValue[] {
  return attributes.filter(isTheirs).map(toKeyValue);
}

function toKeyValue({ key, value }: OtlpAttribute): KeyValue {
  return { key, value: toAnyValue(value) };
}

function toAnyValue(value: OtlpValue): AnyValue {
  if ("stringValue" in value || "boolValue" in value) return value;
  if ("intValue" in value) return { intValue: BigInt(value.intValue) };
  if ("doubleValue" in value) return { doubleValue: Number(value.doubleValue) };
  if ("bytesValue" in value) return { bytesValue: Buffer.from(value.bytesValue, "base64") };
  if ("arrayValue" in value) {
    return { arrayValue: { values: (value.arrayValue.values ?? []).map(toAnyValue) } };
  }
  return { kvlistValue: { values: (value.kvlistValue.values ?? []).map(toKeyValue) } };
}

/** An id, or none where it has another length: receivers refuse a whole request for one. */
function bytesOf(hex: string, length: number): Uint8Array {
  const bytes = Buffer.from(hex, "hex");
  return bytes.length === length ? bytes : new Uint8Array();
}
