/**
 * Requests and answers of OTLP in protobuf. Whole numbers beyond 2^53 lose their last digits here; OTLP's JSON form
 * keeps them.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";
import type { OtlpGroup, OtlpLog, OtlpSignal, OtlpSpan } from "./otlp-model.ts";

const { ExportTraceServiceRequest, ExportTraceServiceResponse } =
  opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest, ExportLogsServiceResponse } =
  opentelemetry.proto.collector.logs.v1;
type AnyValue = opentelemetry.proto.common.v1.IAnyValue;
type KeyValue = opentelemetry.proto.common.v1.IKeyValue;
type Scope = opentelemetry.proto.common.v1.IInstrumentationScope;
type Resource = opentelemetry.proto.resource.v1.IResource;

/** The spans of an ExportTraceServiceRequest. Throws an Error for malformed bytes. */
export function decodeTraces(bytes: Uint8Array): OtlpGroup<OtlpSpan>[] {
  return ExportTraceServiceRequest.decode(bytes).resourceSpans.flatMap((group) =>
    group.scopeSpans.map((part) => ({
      ...origin(group.resource, part.scope),
      items: part.spans.map((span) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        traceState: span.traceState,
        name: span.name,
        kind: span.kind,
        startNs: span.startTimeUnixNano,
        endNs: span.endTimeUnixNano,
        attributes: toAttributes(span.attributes),
        events: span.events.map(({ timeUnixNano, name, attributes }) => {
          return { timeNs: timeUnixNano, name, attributes: toAttributes(attributes) };
        }),
        links: span.links.map(({ traceId, spanId, traceState, attributes }) => ({
          traceId: hex(traceId),
          spanId: hex(spanId),
          traceState,
          attributes: toAttributes(attributes),
        })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
      })),
    })),
  );
}

/** The logs of an ExportLogsServiceRequest. Throws an Error for malformed bytes. */
export function decodeLogs(bytes: Uint8Array): OtlpGroup<OtlpLog>[] {
  return ExportLogsServiceRequest.decode(bytes).resourceLogs.flatMap((group) =>
    group.scopeLogs.map((part) => ({
      ...origin(group.resource, part.scope),
      items: part.logRecords.map((log) => ({
        timeNs: log.timeUnixNano,
        observedNs: log.observedTimeUnixNano,
        severityNumber: log.severityNumber,
        severityText: log.severityText,
        body: log.body === null ? undefined : toValue(log.body),
        attributes: toAttributes(log.attributes),
        flags: log.flags,
        traceId: hex(log.traceId),
        spanId: hex(log.spanId),
        eventName: log.eventName,
      })),
    })),
  );
}

/** The answer to a request that was taken, perhaps not all of it. */
export function encodeAnswer(signal: OtlpSignal, rejected: number, message: string): Uint8Array {
  const isWhole = rejected === 0 && message === "";
  if (signal === "traces") {
    const partialSuccess = { rejectedSpans: rejected, errorMessage: message };
    return ExportTraceServiceResponse.encode(isWhole ? {} : { partialSuccess }).finish();
  }
  const partialSuccess = { rejectedLogRecords: rejected, errorMessage: message };
  return ExportLogsServiceResponse.encode(isWhole ? {} : { partialSuccess }).finish();
}

/**
 * A `google.rpc.Status` with its code (field 1) and message (field 2), which the specification wants as the body of every
 * refusal.
 */
export function encodeStatus(code: number, message: string): Uint8Array {
  const text = Buffer.from(message.slice(0, 1_000));
  return Buffer.concat([Buffer.from([0x08, code & 0x7f, 0x12, ...varint(text.length)]), text]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}

function origin(resource: Resource | null | undefined, scope: Scope | null | undefined) {
  return {
    resource: toAttributes(resource?.attributes ?? []),
    scope: { name: scope?.name ?? "", version: scope?.version ?? "" },
  };
}

function toAttributes(attributes: readonly KeyValue[]): OtlpAttribute[] {
  return attributes.map(({ key, value }) => ({ key: key ?? "", value: toValue(value ?? {}) }));
}

function toValue(value: AnyValue): OtlpValue {
  if (typeof value.stringValue === "string") return { stringValue: value.stringValue };
  if (typeof value.boolValue === "boolean") return { boolValue: value.boolValue };
  if (typeof value.intValue === "number") return { intValue: wholeText(value.intValue) };
  if (typeof value.doubleValue === "number") return { doubleValue: jsonDouble(value.doubleValue) };
  if (value.bytesValue) return { bytesValue: Buffer.from(value.bytesValue).toString("base64") };
  if (value.arrayValue) {
    return { arrayValue: { values: (value.arrayValue.values ?? []).map(toValue) } };
  }
  if (value.kvlistValue) {
    return { kvlistValue: { values: toAttributes(value.kvlistValue.values ?? []) } };
  }
  return { stringValue: "" };
}

// Without an exponent, which no whole number of JSON's 64-bit form has.
function wholeText(value: number): string {
  return BigInt(value).toString();
}

// JSON has no number for these; protobuf's JSON form writes their names.
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
