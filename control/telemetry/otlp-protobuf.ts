/**
 * Requests and answers of OTLP in protobuf. Whole numbers beyond 2^53 lose their last digits here; OTLP's JSON form
 * keeps them.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import protobuf from "protobufjs/minimal.js";
import { opentelemetry } from "../../gateway/proto/gen/otlp.js";
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";
import { defaultRequestBounds, tooManyItems } from "./otlp-bounds.ts";
import type { OtlpGroup, OtlpLog, OtlpSignal, OtlpSpan } from "./otlp-model.ts";

const { ExportTraceServiceRequest, ExportTraceServiceResponse } =
  opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest, ExportLogsServiceResponse } =
  opentelemetry.proto.collector.logs.v1;
type AnyValue = opentelemetry.proto.common.v1.IAnyValue;
type KeyValue = opentelemetry.proto.common.v1.IKeyValue;
type Counted = { readonly droppedAttributesCount?: number | null | undefined } | null | undefined;
type Scope = opentelemetry.proto.common.v1.IInstrumentationScope;

/** The spans of an ExportTraceServiceRequest. Throws an Error for malformed ones, CLRK_TOO_LARGE for too many. */
export function decodeTraces(
  bytes: Uint8Array,
  maxItems = defaultRequestBounds.maxItems,
): OtlpGroup<OtlpSpan>[] {
  const request = ExportTraceServiceRequest.decode(new CountingReader(bytes, maxItems));
  return request.resourceSpans.flatMap((group) => {
    const resource = toAttributes(group.resource?.attributes ?? []);
    return group.scopeSpans.map((part) => ({
      resource,
      scope: toScope(part.scope),
      dropped: droppedOf(group.resource, part.scope),
      schemaUrls: { resource: group.schemaUrl, items: part.schemaUrl },
      items: part.spans.map((span) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        traceState: span.traceState,
        name: span.name,
        kind: span.kind,
        flags: span.flags,
        droppedAttributesCount: span.droppedAttributesCount,
        droppedEventsCount: span.droppedEventsCount,
        droppedLinksCount: span.droppedLinksCount,
        startNs: span.startTimeUnixNano,
        endNs: span.endTimeUnixNano,
        attributes: toAttributes(span.attributes),
        events: span.events.map((event) => ({
          timeNs: event.timeUnixNano,
          name: event.name,
          attributes: toAttributes(event.attributes),
          droppedAttributesCount: event.droppedAttributesCount,
        })),
        links: span.links.map((link) => ({
          traceId: hex(link.traceId),
          spanId: hex(link.spanId),
          traceState: link.traceState,
          flags: link.flags,
          attributes: toAttributes(link.attributes),
          droppedAttributesCount: link.droppedAttributesCount,
        })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
      })),
    }));
  });
}

/** The logs of an ExportLogsServiceRequest. Throws an Error for malformed ones, CLRK_TOO_LARGE for too many. */
export function decodeLogs(
  bytes: Uint8Array,
  maxItems = defaultRequestBounds.maxItems,
): OtlpGroup<OtlpLog>[] {
  const request = ExportLogsServiceRequest.decode(new CountingReader(bytes, maxItems));
  return request.resourceLogs.flatMap((group) => {
    const resource = toAttributes(group.resource?.attributes ?? []);
    return group.scopeLogs.map((part) => ({
      resource,
      scope: toScope(part.scope),
      dropped: droppedOf(group.resource, part.scope),
      schemaUrls: { resource: group.schemaUrl, items: part.schemaUrl },
      items: part.logRecords.map((log) => ({
        timeNs: log.timeUnixNano,
        observedNs: log.observedTimeUnixNano,
        severityNumber: log.severityNumber,
        severityText: log.severityText,
        body: log.body === null ? undefined : toValue(log.body),
        attributes: toAttributes(log.attributes),
        droppedAttributesCount: log.droppedAttributesCount,
        flags: log.flags,
        traceId: hex(log.traceId),
        spanId: hex(log.spanId),
        eventName: log.eventName,
      })),
    }));
  });
}

/** Refuses messages while they are decoded, before all of them take memory. */
class CountingReader extends protobuf.BufferReader {
  /** Unknown fields would be kept, each as an object. */
  override discardUnknown = true;
  readonly #maxItems: number;
  #items = 0;

  constructor(bytes: Uint8Array, maxItems: number) {
    super(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#maxItems = maxItems;
  }

  /** Every message within another begins with its size; so do text and bytes, which are taken out beforehand. */
  override size(): number {
    this.#items++;
    if (this.#items > this.#maxItems) throw tooManyItems(this.#maxItems);
    return super.size();
  }

  override string(): string {
    this.#items--;
    return super.string();
  }

  override bytes(): ReturnType<protobuf.BufferReader["bytes"]> {
    this.#items--;
    return super.bytes();
  }
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

function droppedOf(resource: Counted, scope: Counted) {
  return {
    resource: resource?.droppedAttributesCount ?? 0,
    scope: scope?.droppedAttributesCount ?? 0,
  };
}

function toScope(scope: Scope | null | undefined) {
  const attributes = toAttributes(scope?.attributes ?? []);
  return { name: scope?.name ?? "", version: scope?.version ?? "", attributes };
}

function toAttributes(attributes: readonly KeyValue[]): OtlpAttribute[] {
  return attributes.map(({ key, value }) => ({ key: key ?? "", value: toValue(value ?? {}) }));
}

function toValue(value: AnyValue): OtlpValue {
  if (typeof value.stringValue === "string") return { stringValue: value.stringValue };
  if (typeof value.boolValue === "boolean") return { boolValue: value.boolValue };
  const { intValue: whole } = value;
  if (typeof whole === "number" || typeof whole === "bigint") return { intValue: wholeText(whole) };
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
function wholeText(value: number | bigint): string {
  return BigInt(value).toString();
}

// JSON has no number for these; protobuf's JSON form writes their names.
function jsonDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
