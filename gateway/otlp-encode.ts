/**
 * Records as OTLP protobuf: one span and one log each, grouped by the gateway that they passed.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/
 */
import {
  COMPONENTS,
  LINK_ATTRIBUTES,
  RESOURCE_ATTRIBUTES,
  SCHEMA_URL,
  textAttribute,
} from "./attributes.ts";
import type { Attribute } from "./attributes.ts";
import type { EndedInvocation, InvocationOutcome } from "./invocation-span.ts";
import { invocationSpan } from "./invocation-span.ts";
import { opentelemetry } from "./proto/gen/otlp.js";
import { recordAttributes } from "./record-attributes.ts";
import { recordEvents } from "./record-events.ts";
import { accessLine, recordSeverity, spanName } from "./record.ts";
import type { CapturedExchange } from "./call-facts.ts";
import type { EgressRecord, RecordModel } from "./record.ts";
import type { TraceIds } from "./trace-context.ts";

const { ExportTraceServiceRequest, ExportTraceServiceResponse } =
  opentelemetry.proto.collector.trace.v1;
const { ExportLogsServiceRequest, ExportLogsServiceResponse } =
  opentelemetry.proto.collector.logs.v1;
type Span = opentelemetry.proto.trace.v1.ISpan;
type LogRecord = opentelemetry.proto.logs.v1.ILogRecord;

/** A record with the ids that its span and log share. */
export interface TracedRecord {
  readonly record: EgressRecord;
  readonly ids: TraceIds;
  /** When the exporter was given the record, Unix `ns` */
  readonly observedUnixNs: bigint;
}

/** An invocation that is over: its root span, and no log. */
export interface TracedInvocation {
  readonly invocation: InvocationOutcome & Pick<EndedInvocation, "gateway">;
}

/** Whatever becomes a span. */
export type TracedItem = TracedRecord | TracedInvocation;

/** What the resource says about the process, beside the gateway of each record. */
export interface ProcessResource {
  /** `service.instance.id` and, on Kubernetes, the pod's name */
  readonly instanceId?: string;
  readonly podName?: string;
  /** Namespace of the pod */
  readonly namespaceName?: string;
  /** Version of this program, given as the scope's version */
  readonly version?: string;
}

/** What a receiver answered to a request that it accepted. */
export interface PartialSuccess {
  /** Spans or logs that it did not take */
  readonly rejected: number;
  /** Its reason or warning; empty when all is well */
  readonly message: string;
}

const scopeName = "clrk/gateway";
const SPAN_KIND_SERVER = 2;
const STATUS_CODE_ERROR = 2;
// https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
const SEVERITY_NUMBERS = { info: 9, warn: 13, error: 17 } as const;
const SEVERITY_TEXTS = { info: "INFO", warn: "WARN", error: "ERROR" } as const;
// W3C "sampled", and bit 8: "bit 9 is meaningful" with bit 9: "the parent is remote" (trace.proto, SpanFlags).
const FLAG_SAMPLED = 0x001;
const FLAGS_REMOTE_PARENT = 0x300;

/** An ExportTraceServiceRequest with a span for each item. */
export function encodeSpans(items: readonly TracedItem[], resource: ProcessResource): Uint8Array {
  const scope = scopeOf(resource);
  const resourceSpans = groupByGateway(items).map(({ gateway, members }) => ({
    resource: { attributes: resourceAttributes(resource, gateway) },
    schemaUrl: SCHEMA_URL,
    scopeSpans: [{ scope, schemaUrl: SCHEMA_URL, spans: members.map(spanOf) }],
  }));
  return ExportTraceServiceRequest.encode({ resourceSpans }).finish();
}

/** An ExportLogsServiceRequest with a log for each record. */
export function encodeLogs(
  records: readonly TracedRecord[],
  resource: ProcessResource,
): Uint8Array {
  const scope = scopeOf(resource);
  const resourceLogs = groupByGateway(records).map(({ gateway, members }) => ({
    resource: { attributes: resourceAttributes(resource, gateway) },
    schemaUrl: SCHEMA_URL,
    scopeLogs: [{ scope, schemaUrl: SCHEMA_URL, logRecords: members.map(toLog) }],
  }));
  return ExportLogsServiceRequest.encode({ resourceLogs }).finish();
}

/** The answer to `encodeSpans()`; throws on malformed bytes. */
export function decodeTraceResponse(bytes: Uint8Array): PartialSuccess {
  const { partialSuccess } = ExportTraceServiceResponse.decode(bytes);
  const { rejectedSpans = 0, errorMessage = "" } = partialSuccess ?? {};
  return { rejected: rejectedSpans, message: errorMessage };
}

/** The answer to `encodeLogs()`; throws on malformed bytes. */
export function decodeLogsResponse(bytes: Uint8Array): PartialSuccess {
  const { partialSuccess } = ExportLogsServiceResponse.decode(bytes);
  const { rejectedLogRecords = 0, errorMessage = "" } = partialSuccess ?? {};
  return { rejected: rejectedLogRecords, message: errorMessage };
}

/** About how many bytes the record takes in memory and in each request, for bounding queues. */
export function estimateBytes(record: EgressRecord): number {
  const { request, response, decision, capture } = record;
  // A log of short texts encodes to 1.4 KB, and the object is of that order; the texts that an agent chooses come on top, path and authority twice.
  const chosen = request.userAgent.length + request.query.length * 2 + response.details.length;
  const named = (request.path.length + request.authority.length) * 3 + request.host.length;
  const sentence = decision.message ?? decision.wouldDeny?.message ?? "";
  const told = sentence.length + modelBytes(record.model);
  return 2_000 + chosen + named + told + (capture === null ? 0 : captureBytes(capture));
}

// Each text is an attribute, and the name of the model stands in the span's name or the log's body too.
function modelBytes(model: RecordModel | null): number {
  if (model === null) return 0;
  const { operation, requestModel, responseModel, responseId, finishReasons } = model;
  const names = (requestModel?.length ?? 0) * 2 + (responseModel?.length ?? 0) * 2;
  const rest = operation.length * 2 + (responseId?.length ?? 0) + finishReasons.join("").length;
  return 600 + names + rest;
}

/** Events of a span: bodies with 300 bytes of names around them, each header with its prefix. */
function captureBytes(capture: CapturedExchange): number {
  const bodies = [capture.requestBody, capture.responseBody];
  const headers = [...capture.requestHeaders, ...capture.responseHeaders];
  return (
    bodies.reduce((sum, body) => sum + 300 + (body?.base64.length ?? 0), 0) +
    headers.reduce((sum, [name, value]) => sum + 40 + name.length + value.length, 0)
  );
}

function spanOf(item: TracedItem): Span {
  return "record" in item ? toSpan(item) : invocationSpan(item.invocation);
}

function toSpan({ record, ids }: TracedRecord): Span {
  const startTimeUnixNano = startUnixNs(record);
  const status = spanStatus(record);
  const isChild = ids.parentSpanId !== "";
  return {
    traceId: Buffer.from(ids.traceId, "hex"),
    spanId: Buffer.from(ids.spanId, "hex"),
    ...(isChild && { parentSpanId: Buffer.from(ids.parentSpanId, "hex") }),
    flags: isChild ? FLAG_SAMPLED | FLAGS_REMOTE_PARENT : FLAG_SAMPLED,
    name: spanName(record),
    kind: SPAN_KIND_SERVER,
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + durationNs(record),
    attributes: recordAttributes(record, "span"),
    ...(ids.invocation !== undefined && { links: [linkTo(ids.invocation)] }),
    ...(record.capture && { events: recordEvents(record, record.capture, startTimeUnixNano) }),
    ...(status !== undefined && { status }),
  };
}

/** The agent's own trace goes on; which invocation it belongs to is linked, because the connection proves that. */
function linkTo({ traceId, spanId }: NonNullable<TraceIds["invocation"]>) {
  return { traceId: Buffer.from(traceId, "hex"), spanId: Buffer.from(spanId, "hex") };
}

function toLog({ record, ids, observedUnixNs }: TracedRecord): LogRecord {
  const severity = recordSeverity(record);
  const attributes = recordAttributes(record, "log");
  attributes.push(
    textAttribute(LINK_ATTRIBUTES.traceId, ids.traceId),
    textAttribute(LINK_ATTRIBUTES.spanId, ids.spanId),
  );
  return {
    timeUnixNano: startUnixNs(record) + durationNs(record),
    observedTimeUnixNano: observedUnixNs,
    severityNumber: SEVERITY_NUMBERS[severity],
    severityText: SEVERITY_TEXTS[severity],
    body: { stringValue: accessLine(record) },
    attributes,
    flags: FLAG_SAMPLED,
    traceId: Buffer.from(ids.traceId, "hex"),
    spanId: Buffer.from(ids.spanId, "hex"),
  };
}

// Healthy spans are Unset, never Ok: read models count errors by `= Error`.
function spanStatus(record: EgressRecord): { code: number; message: string } | undefined {
  const { response, decision } = record;
  if (record.kind === "http") {
    if (response.status >= 400) {
      return { code: STATUS_CODE_ERROR, message: `HTTP ${response.status}` };
    }
    // Refused in the middle of an answer, whose status had gone out.
    if (response.status === 0 || decision.verdict === "allow") return undefined;
  } else if (decision.verdict === "allow") return undefined;
  return { code: STATUS_CODE_ERROR, message: `denied: ${decision.reason ?? "denied"}` };
}

// Text that is no number must not make the whole batch fail.
function startUnixNs(record: EgressRecord): bigint {
  if (/^\d{1,19}$/.test(record.startUnixNs)) return BigInt(record.startUnixNs);
  return BigInt(Math.max(0, Math.trunc(record.startUnixMs) || 0)) * 1_000_000n;
}

function durationNs(record: EgressRecord): bigint {
  return record.durationMs > 0 ? BigInt(Math.round(record.durationMs * 1e6)) : 0n;
}

interface GatewayGroup<Item> {
  readonly gateway: string;
  readonly members: Item[];
}

function groupByGateway<Item extends TracedItem>(items: readonly Item[]): GatewayGroup<Item>[] {
  const groups = new Map<string, GatewayGroup<Item>>();
  for (const item of items) {
    const { namespace, name } = "record" in item ? item.record.gateway : item.invocation.gateway;
    const gateway = `${namespace}/${name}`;
    const group = groups.get(gateway);
    if (group === undefined) groups.set(gateway, { gateway, members: [item] });
    else group.members.push(item);
  }
  return [...groups.values()];
}

function resourceAttributes(resource: ProcessResource, gateway: string): Attribute[] {
  const attributes = [
    textAttribute(RESOURCE_ATTRIBUTES.serviceName, "clrk"),
    textAttribute(RESOURCE_ATTRIBUTES.component, COMPONENTS.egress),
    textAttribute(RESOURCE_ATTRIBUTES.egressGateway, gateway),
  ];
  const optional: ReadonlyArray<[string, string | undefined]> = [
    [RESOURCE_ATTRIBUTES.serviceInstanceId, resource.instanceId ?? resource.podName],
    [RESOURCE_ATTRIBUTES.podName, resource.podName],
    [RESOURCE_ATTRIBUTES.namespaceName, resource.namespaceName],
  ];
  for (const [key, text] of optional) {
    if (text !== undefined) attributes.push(textAttribute(key, text));
  }
  return attributes;
}

function scopeOf(resource: ProcessResource): { name: string; version: string } {
  return { name: scopeName, version: resource.version ?? "" };
}
