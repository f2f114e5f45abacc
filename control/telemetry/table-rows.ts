/**
 * Rows of the store's tables as lines of JSONCompactEachRow, without their first column: the writer puts the sequence in
 * front. Columns are only ever added at the end, so that lines of an older program still fit with fewer columns.
 */
import type { AttributeColumns } from "./attribute-columns.ts";

/** Tables that rows are written to. */
export type TelemetryTable = "otel_traces" | "otel_logs";

/** Who it is about, as it was proved; unknown parts are empty. */
export interface RowAgent {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  readonly invocationId: string;
}

/** `gateway`: a record of ours, `agent`: what an agent sent by itself. */
export type RowSource = "gateway" | "agent";

/** What rows of both tables have. */
export interface CommonRow {
  /** Unix `ns` in decimal digits */
  readonly timeUnixNs: string;
  readonly source: RowSource;
  readonly agent: RowAgent;
  /** `namespace/name` */
  readonly gateway: string;
  readonly component: string;
  readonly serviceName: string;
  /** Hexadecimal, or empty */
  readonly traceId: string;
  /** Hexadecimal, or empty */
  readonly spanId: string;
  readonly resource: AttributeColumns;
  readonly scope: { readonly name: string; readonly version: string };
  readonly attributes: AttributeColumns;
}

/** One event of a span. */
export interface EventColumns {
  readonly timeUnixNs: string;
  readonly name: string;
  readonly attributes: AttributeColumns;
}

/** One link of a span. */
export interface LinkColumns {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: AttributeColumns;
}

/** What a record of ours says in columns, for reads that add up and group. */
export interface RecordColumns {
  readonly recordId: string;
  readonly recordKind: string;
  /** `allow`, `deny` or `audit` */
  readonly verdict: string;
  readonly reason: string;
  /** `Kind/namespace/name`; empty where there is none */
  readonly route: string;
  /** -1 where there is none */
  readonly rule: number;
  readonly method: string;
  readonly status: number;
  readonly serverAddress: string;
  readonly path: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly timeToFirstByteMs: number | null;
  readonly timeToFirstTokenMs: number | null;
  readonly provider: string;
  readonly operation: string;
  readonly requestModel: string;
  readonly responseModel: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
  readonly chargedTokens: number;
  /** USD as decimal text; null where none is known */
  readonly cost: string | null;
  readonly isCostEstimated: boolean;
  readonly mcpMethod: string;
  readonly mcpTool: string;
  readonly mcpOutcome: string;
  readonly accessLine: string;
  readonly scheme: string;
  /** 0 where it is unknown */
  readonly port: number;
  readonly protocolVersion: string;
  readonly userAgent: string;
  readonly clientAddress: string;
  readonly upstreamAddress: string;
  readonly responseDetails: string;
  readonly responseChunks: number;
  readonly responseId: string;
  readonly credentialName: string;
  readonly listenerMode: string;
  readonly tier: string;
  readonly snapshotRevision: number;
}

/** What only spans have, beside events and links. */
export interface SpanColumns {
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** `Internal`, `Server`, `Client`, `Producer`, `Consumer` or `Unspecified` */
  readonly kind: string;
  /** `ns` in decimal digits */
  readonly durationNs: string;
  /** `Unset`, `Ok` or `Error` */
  readonly statusCode: string;
  readonly statusMessage: string;
}

/** One span. */
export interface TraceRow extends CommonRow, RecordColumns, SpanColumns {
  readonly events: readonly EventColumns[];
  readonly links: readonly LinkColumns[];
}

/** One log record. */
export interface LogRow extends CommonRow {
  readonly ioStream: string;
  readonly flags: number;
  readonly severityText: string;
  readonly severityNumber: number;
  readonly body: string;
  readonly bodyType: string;
  readonly eventName: string;
}

/** Columns of otel_traces in the order of its lines; the first is the writer's. */
export const traceColumns: readonly string[] = [
  ...["Sequence", "Timestamp", "Source", "AgentNamespace", "AgentKind", "AgentName", "AgentUid"],
  ...["AgentRevision", "InvocationId", "EgressGateway", "Component", "ServiceName", "TraceId"],
  ...["SpanId", "ParentSpanId", "TraceState", "SpanName", "SpanKind", "Duration", "StatusCode"],
  ...["StatusMessage", "ResourceAttributes", "ResourceAttributeTypes", "ScopeName", "ScopeVersion"],
  ...["SpanAttributes", "SpanAttributeTypes", "`Events.Timestamp`", "`Events.Name`"],
  ...["`Events.Attributes`", "`Events.AttributeTypes`", "`Links.TraceId`", "`Links.SpanId`"],
  ...["`Links.TraceState`", "`Links.Attributes`", "RecordId", "RecordKind", "Verdict", "Reason"],
  ...["Route", "RouteRule", "HttpMethod", "HttpStatus", "ServerAddress", "UrlPath"],
  ...["RequestBytes", "ResponseBytes", "TimeToFirstByteMs", "TimeToFirstTokenMs", "Provider"],
  ...["Operation", "RequestModel", "ResponseModel", "InputTokens", "OutputTokens"],
  ...["CacheReadTokens", "CacheWriteTokens", "ReasoningTokens", "ChargedTokens", "Cost"],
  ...["IsCostEstimated", "McpMethod", "McpTool", "McpOutcome", "AccessLine", "UrlScheme"],
  ...["ServerPort", "ProtocolVersion", "UserAgent", "ClientAddress", "UpstreamAddress"],
  ...["ResponseDetails", "ResponseChunks", "ResponseId", "CredentialName", "ListenerMode"],
  ...["Tier", "SnapshotRevision"],
];

/** Columns of otel_logs in the order of its lines; the first is the writer's. */
export const logColumns: readonly string[] = [
  ...["Sequence", "Timestamp", "Source", "AgentNamespace", "AgentKind", "AgentName", "AgentUid"],
  ...["AgentRevision", "InvocationId", "EgressGateway", "Component", "ServiceName", "IoStream"],
  ...["TraceId", "SpanId", "TraceFlags", "SeverityText", "SeverityNumber", "Body", "BodyType"],
  ...["EventName", "ResourceAttributes", "ResourceAttributeTypes", "ScopeName", "ScopeVersion"],
  ...["LogAttributes", "LogAttributeTypes"],
];

/** The order of a line for each table, with which an INSERT names its columns. */
export const tableColumns: Readonly<Record<TelemetryTable, readonly string[]>> = {
  otel_traces: traceColumns,
  otel_logs: logColumns,
};

/** What is not a record of ours has in these columns. */
export const noRecord: RecordColumns = {
  recordId: "",
  recordKind: "",
  verdict: "",
  reason: "",
  route: "",
  rule: -1,
  method: "",
  status: 0,
  serverAddress: "",
  path: "",
  requestBytes: 0,
  responseBytes: 0,
  timeToFirstByteMs: null,
  timeToFirstTokenMs: null,
  provider: "",
  operation: "",
  requestModel: "",
  responseModel: "",
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  chargedTokens: 0,
  cost: null,
  isCostEstimated: false,
  mcpMethod: "",
  mcpTool: "",
  mcpOutcome: "",
  accessLine: "",
  scheme: "",
  port: 0,
  protocolVersion: "",
  userAgent: "",
  clientAddress: "",
  upstreamAddress: "",
  responseDetails: "",
  responseChunks: 0,
  responseId: "",
  credentialName: "",
  listenerMode: "",
  tier: "",
  snapshotRevision: 0,
};

/** The rest of a line of otel_traces: what follows the sequence and its comma, without a line feed. */
export function encodeTraceRow(row: TraceRow): string {
  const { agent, resource, scope, attributes, events, links } = row;
  return encode([
    ...[row.timeUnixNs, row.source, agent.namespace, agent.kind, agent.name, agent.uid],
    ...[agent.revision, agent.invocationId, row.gateway, row.component, row.serviceName],
    ...[row.traceId, row.spanId, row.parentSpanId, row.traceState, row.name, row.kind],
    ...[row.durationNs, row.statusCode, row.statusMessage, resource.texts, resource.types],
    ...[scope.name, scope.version, attributes.texts, attributes.types],
    events.map(({ timeUnixNs }) => timeUnixNs),
    events.map(({ name }) => name),
    events.map((event) => event.attributes.texts),
    events.map((event) => event.attributes.types),
    links.map(({ traceId }) => traceId),
    links.map(({ spanId }) => spanId),
    links.map(({ traceState }) => traceState),
    links.map((link) => link.attributes.texts),
    ...[row.recordId, row.recordKind, row.verdict, row.reason, row.route, row.rule, row.method],
    ...[row.status, row.serverAddress, row.path, row.requestBytes, row.responseBytes],
    ...[row.timeToFirstByteMs, row.timeToFirstTokenMs, row.provider, row.operation],
    ...[row.requestModel, row.responseModel, row.inputTokens, row.outputTokens],
    ...[row.cacheReadTokens, row.cacheWriteTokens, row.reasoningTokens, row.chargedTokens],
    ...[row.cost, row.isCostEstimated, row.mcpMethod, row.mcpTool, row.mcpOutcome, row.accessLine],
    ...[row.scheme, row.port, row.protocolVersion, row.userAgent, row.clientAddress],
    ...[row.upstreamAddress, row.responseDetails, row.responseChunks, row.responseId],
    ...[row.credentialName, row.listenerMode, row.tier, row.snapshotRevision],
  ]);
}

/** The rest of a line of otel_logs: what follows the sequence and its comma, without a line feed. */
export function encodeLogRow(row: LogRow): string {
  const { agent, resource, scope, attributes } = row;
  return encode([
    ...[row.timeUnixNs, row.source, agent.namespace, agent.kind, agent.name, agent.uid],
    ...[agent.revision, agent.invocationId, row.gateway, row.component, row.serviceName],
    ...[row.ioStream, row.traceId, row.spanId, row.flags, row.severityText],
    ...[row.severityNumber, row.body, row.bodyType, row.eventName],
    ...[resource.texts, resource.types, scope.name, scope.version],
    ...[attributes.texts, attributes.types],
  ]);
}

/** The whole line of a row. */
export function rowLine(sequence: bigint, rest: string): string {
  return `["${sequence}",${rest}\n`;
}

function encode(values: readonly unknown[]): string {
  const text = JSON.stringify(values).slice(1);
  // ClickHouse refuses the whole INSERT for half a surrogate pair, which JSON.stringify() writes as an escape.
  return text.includes("\\ud") ? replaceLoneSurrogates(text) : text;
}

const backslash = 0x5c;

// In place and without a match for each escape: there may be millions, of which each would take memory.
function replaceLoneSurrogates(text: string): string {
  const bytes = Buffer.from(text);
  for (let at = bytes.indexOf(backslash); at !== -1 && at < bytes.length; at++) {
    if (bytes[at] !== backslash) continue;
    // "ud": other characters that are written in hexadecimal begin with "u0".
    if (bytes[at + 1] === 0x75 && bytes[at + 2] === 0x64) bytes.write("fffd", at + 2);
    at++;
  }
  return bytes.toString();
}
