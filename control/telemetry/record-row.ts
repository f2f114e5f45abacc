/** A record of ours as a row: most of it in columns, for sums and groups, the rest as the span's attributes. */
import { COMPONENTS } from "../../gateway/attributes.ts";
import { accessLine, spanName } from "../../gateway/record.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { recordAttributes } from "../../gateway/record-attributes.ts";
import { recordEvents } from "../../gateway/record-events.ts";
import { attributeColumns } from "./attribute-columns.ts";
import { withoutColumns } from "./record-columns.ts";
import { encodeTraceRow } from "./table-rows.ts";
import type { EventColumns, RecordColumns, RowAgent } from "./table-rows.ts";

const nobody: RowAgent = {
  namespace: "",
  kind: "",
  name: "",
  uid: "",
  revision: "",
  invocationId: "",
};

// Its few attributes are columns.
const noAttributes = { texts: {}, types: {} };

const scope = { name: "clrk/gateway", version: "" };

/** The rest of the row's line, as `encodeTraceRow()` gives it; undefined for text that is no record of ours. */
export function tryEncodeRecord(json: string): string | undefined {
  try {
    const record: unknown = JSON.parse(json);
    return isRecord(record) ? encodeRecord(record) : undefined;
  } catch {
    // half a line of a process that was killed, or one that somebody wrote who is not us
    return undefined;
  }
}

/** The rest of the row's line, as `encodeTraceRow()` gives it. */
export function encodeRecord(record: EgressRecord): string {
  const { agent, trace, capture } = record;
  const gateway = `${record.gateway.namespace}/${record.gateway.name}`;
  const startNs = startUnixNs(record);
  const status = statusOf(record);
  return encodeTraceRow({
    ...recordColumns(record),
    timeUnixNs: String(startNs),
    source: "gateway",
    // A record of nobody belongs to the namespace of its gateway, whose people may look at it.
    agent: agent ?? { ...nobody, namespace: record.gateway.namespace },
    gateway,
    component: COMPONENTS.egress,
    serviceName: "clrk",
    traceId: trace?.traceId ?? "",
    spanId: trace?.spanId ?? "",
    parentSpanId: trace?.parentSpanId ?? "",
    traceState: "",
    name: spanName(record),
    kind: "Server",
    durationNs: record.durationMs > 0 ? String(Math.round(record.durationMs * 1e6)) : "0",
    statusCode: status === "" ? "Unset" : "Error",
    statusMessage: status,
    resource: noAttributes,
    scope,
    attributes: attributeColumns(withoutColumns(recordAttributes(record, "span"), record.request)),
    events: capture === null ? [] : recordEvents(record, capture, startNs).map(eventColumns),
    links: [],
  });
}

function recordColumns(record: EgressRecord): RecordColumns {
  const { decision, request, response, timings, model, usage, charge, mcp } = record;
  const { route } = decision;
  const [message] = mcp?.messages ?? [];
  return {
    recordId: record.id,
    recordKind: record.kind,
    verdict: decision.wouldDeny === undefined ? decision.verdict : "audit",
    reason: decision.reason ?? decision.wouldDeny?.reason ?? "",
    route: route === null ? "" : `${route.kind}/${route.namespace}/${route.name}`,
    rule: route?.rule ?? -1,
    method: request.method,
    status: response.status,
    serverAddress: request.host,
    path: request.path,
    requestBytes: request.bytes,
    responseBytes: response.bytes,
    timeToFirstByteMs: timings.timeToFirstByteMs,
    timeToFirstTokenMs: model?.timeToFirstTokenMs ?? null,
    provider: record.provider ?? "",
    operation: model?.operation ?? "",
    requestModel: model?.requestModel ?? "",
    responseModel: model?.responseModel ?? "",
    inputTokens: usage?.inputTokens ?? 0,
    outputTokens: usage?.outputTokens ?? 0,
    cacheReadTokens: usage?.cachedInputTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
    chargedTokens: charge?.tokens ?? 0,
    cost: record.cost ?? charge?.cost ?? null,
    isCostEstimated: charge?.estimated ?? false,
    mcpMethod: message?.method ?? "",
    mcpTool: message?.subject === "tool" ? (message.name ?? "") : "",
    mcpOutcome: message?.outcome ?? "",
    accessLine: accessLine(record),
    scheme: request.scheme,
    port: request.port,
    protocolVersion: request.protocol.startsWith("HTTP/") ? request.protocol.slice(5) : "",
    userAgent: request.userAgent,
    clientAddress: record.clientAddress,
    upstreamAddress: record.upstream?.address ?? "",
    responseDetails: response.details,
    responseChunks: response.chunks ?? 0,
    responseId: model?.responseId ?? "",
    credentialName: record.credential?.name ?? "",
    listenerMode: record.listener,
    tier: record.tier,
    snapshotRevision: record.revision,
  };
}

// Healthy spans are Unset, never Ok, as the exporter has it.
function statusOf({ kind, response, decision }: EgressRecord): string {
  if (kind === "http" && response.status >= 400) return `HTTP ${response.status}`;
  if (decision.verdict === "allow" || (kind === "http" && response.status === 0)) return "";
  return `denied: ${decision.reason ?? "denied"}`;
}

function eventColumns(event: ReturnType<typeof recordEvents>[number]): EventColumns {
  return {
    timeUnixNs: String(event.timeUnixNano),
    name: event.name,
    attributes: attributeColumns(event.attributes),
  };
}

function startUnixNs(record: EgressRecord): bigint {
  if (/^\d{1,19}$/.test(record.startUnixNs)) return BigInt(record.startUnixNs);
  return BigInt(Math.max(0, Math.trunc(record.startUnixMs) || 0)) * 1_000_000n;
}

/** The file is our own; this tells it from what somebody put there by mistake. */
function isRecord(value: unknown): value is EgressRecord {
  if (typeof value !== "object" || value === null) return false;
  const parts = [
    "id",
    "kind",
    "startUnixNs",
    "gateway",
    "request",
    "response",
    "decision",
    "timings",
  ];
  return parts.every((part) => Object.hasOwn(value, part));
}
