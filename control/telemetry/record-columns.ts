/**
 * Attributes of a record that are columns of its row too: they are not stored twice, and a read puts them back. Only
 * values that say something move: an empty text, a 0 and a false stay in the map, so that nothing is made up or lost.
 */
import {
  AI_ROUTE_ATTRIBUTES,
  CAPTURE_ATTRIBUTES,
  CHARGE_ATTRIBUTES,
  COST_ATTRIBUTE,
  DECISION_ATTRIBUTES,
  GEN_AI_ATTRIBUTES,
  HTTP_ATTRIBUTES,
  IDENTITY_ATTRIBUTES,
  L4_ATTRIBUTES,
  MCP_ATTRIBUTES,
  MCP_ROUTE_ATTRIBUTES,
  providerNames,
  RESOURCE_ATTRIBUTES,
} from "../../gateway/attributes.ts";
import type { Attribute } from "../../gateway/attributes.ts";
import type { RecordRequest } from "../../gateway/record.ts";
import type { OtlpAttribute, OtlpValue } from "./attribute-columns.ts";
import type { StoreRow } from "./store-client.ts";

/** An attribute whose value is that of a column. */
interface ColumnAttribute {
  readonly key: string;
  readonly column: string;
  readonly type: "text" | "int" | "double" | "bool";
  /** Where the column has another meaning in other rows */
  readonly only?: (row: StoreRow) => boolean;
}

const isHttp = (row: StoreRow) => row["RecordKind"] === "http";
const isBelowHttp = (row: StoreRow) => !isHttp(row);

const columnAttributes: readonly ColumnAttribute[] = [
  { key: IDENTITY_ATTRIBUTES.kind, column: "AgentKind", type: "text" },
  {
    key: IDENTITY_ATTRIBUTES.namespace,
    column: "AgentNamespace",
    type: "text",
    // Of nobody's records it is the namespace of the gateway.
    only: (row) => row["AgentKind"] !== "",
  },
  { key: IDENTITY_ATTRIBUTES.name, column: "AgentName", type: "text" },
  { key: IDENTITY_ATTRIBUTES.uid, column: "AgentUid", type: "text" },
  { key: IDENTITY_ATTRIBUTES.revision, column: "AgentRevision", type: "text" },
  { key: IDENTITY_ATTRIBUTES.invocationId, column: "InvocationId", type: "text" },
  { key: HTTP_ATTRIBUTES.method, column: "HttpMethod", type: "text", only: isHttp },
  { key: HTTP_ATTRIBUTES.serverAddress, column: "ServerAddress", type: "text", only: isHttp },
  { key: HTTP_ATTRIBUTES.path, column: "UrlPath", type: "text", only: isHttp },
  { key: HTTP_ATTRIBUTES.status, column: "HttpStatus", type: "int", only: isHttp },
  { key: CAPTURE_ATTRIBUTES.requestBytes, column: "RequestBytes", type: "int", only: isHttp },
  { key: CAPTURE_ATTRIBUTES.responseBytes, column: "ResponseBytes", type: "int", only: isHttp },
  { key: L4_ATTRIBUTES.destinationName, column: "ServerAddress", type: "text", only: isBelowHttp },
  { key: L4_ATTRIBUTES.bytesUpstream, column: "RequestBytes", type: "int", only: isBelowHttp },
  { key: L4_ATTRIBUTES.bytesDownstream, column: "ResponseBytes", type: "int", only: isBelowHttp },
  { key: GEN_AI_ATTRIBUTES.operationName, column: "Operation", type: "text" },
  { key: GEN_AI_ATTRIBUTES.requestModel, column: "RequestModel", type: "text" },
  { key: GEN_AI_ATTRIBUTES.responseModel, column: "ResponseModel", type: "text" },
  { key: GEN_AI_ATTRIBUTES.inputTokens, column: "InputTokens", type: "int" },
  { key: GEN_AI_ATTRIBUTES.outputTokens, column: "OutputTokens", type: "int" },
  { key: GEN_AI_ATTRIBUTES.cacheReadTokens, column: "CacheReadTokens", type: "int" },
  { key: GEN_AI_ATTRIBUTES.cacheCreationTokens, column: "CacheWriteTokens", type: "int" },
  { key: GEN_AI_ATTRIBUTES.reasoningTokens, column: "ReasoningTokens", type: "int" },
  { key: CHARGE_ATTRIBUTES.tokens, column: "ChargedTokens", type: "int" },
  { key: COST_ATTRIBUTE, column: "Cost", type: "double" },
  { key: CHARGE_ATTRIBUTES.cost, column: "Cost", type: "double", only: isCharged },
  { key: CHARGE_ATTRIBUTES.estimated, column: "IsCostEstimated", type: "bool" },
  { key: MCP_ATTRIBUTES.method, column: "McpMethod", type: "text" },
  { key: MCP_ATTRIBUTES.methodName, column: "McpMethod", type: "text" },
  { key: MCP_ATTRIBUTES.toolName, column: "McpTool", type: "text" },
  { key: DECISION_ATTRIBUTES.route, column: "Route", type: "text" },
  { key: DECISION_ATTRIBUTES.rule, column: "RouteRule", type: "int", only: hasRule },
  { key: DECISION_ATTRIBUTES.decision, column: "Verdict", type: "text" },
  {
    key: DECISION_ATTRIBUTES.denyReason,
    column: "Reason",
    type: "text",
    only: (row) => row["Verdict"] === "deny",
  },
  {
    key: DECISION_ATTRIBUTES.wouldDenyReason,
    column: "Reason",
    type: "text",
    only: (row) => row["Verdict"] === "audit",
  },
  { key: DECISION_ATTRIBUTES.recordId, column: "RecordId", type: "text" },
  { key: HTTP_ATTRIBUTES.scheme, column: "UrlScheme", type: "text", only: isHttp },
  { key: HTTP_ATTRIBUTES.serverPort, column: "ServerPort", type: "int" },
  { key: HTTP_ATTRIBUTES.protocolVersion, column: "ProtocolVersion", type: "text", only: isHttp },
  { key: HTTP_ATTRIBUTES.userAgent, column: "UserAgent", type: "text", only: isHttp },
  { key: HTTP_ATTRIBUTES.clientAddress, column: "ClientAddress", type: "text" },
  { key: DECISION_ATTRIBUTES.upstreamAddress, column: "UpstreamAddress", type: "text" },
  { key: DECISION_ATTRIBUTES.responseDetails, column: "ResponseDetails", type: "text" },
  { key: CAPTURE_ATTRIBUTES.responseChunks, column: "ResponseChunks", type: "int" },
  { key: DECISION_ATTRIBUTES.timeToFirstByteMs, column: "TimeToFirstByteMs", type: "int" },
  { key: GEN_AI_ATTRIBUTES.responseId, column: "ResponseId", type: "text" },
  { key: DECISION_ATTRIBUTES.credentialName, column: "CredentialName", type: "text" },
  { key: DECISION_ATTRIBUTES.listenerMode, column: "ListenerMode", type: "text" },
  { key: DECISION_ATTRIBUTES.tier, column: "Tier", type: "text" },
  { key: DECISION_ATTRIBUTES.snapshotRevision, column: "SnapshotRevision", type: "int" },
];

const routeNames = {
  AIProviderRoute: AI_ROUTE_ATTRIBUTES,
  MCPRoute: MCP_ROUTE_ATTRIBUTES,
} as const;

/** Keys that follow from other columns. */
const derivedKeys: ReadonlySet<string> = new Set([
  GEN_AI_ATTRIBUTES.system,
  GEN_AI_ATTRIBUTES.providerName,
  ...Object.values(routeNames).flatMap(({ matched, name, namespace }) => [
    matched,
    name,
    namespace,
  ]),
]);

const columnKeys: ReadonlySet<string> = new Set(columnAttributes.map(({ key }) => key));

/** The attributes of a record that its columns do not hold; `request` is that of the record. */
export function withoutColumns(
  attributes: readonly Attribute[],
  request: Pick<RecordRequest, "scheme" | "host" | "path">,
): Attribute[] {
  const url = plainUrl(request.scheme, request.host, request.path);
  return attributes.filter(({ key, value }) => {
    if (derivedKeys.has(key)) return false;
    if (key === HTTP_ATTRIBUTES.full) return !("stringValue" in value && value.stringValue === url);
    return !columnKeys.has(key) || saysNothing(value);
  });
}

/** The attributes of a record's row, by key: those of its columns and those of its map. */
export function allAttributes(row: StoreRow, stored: readonly OtlpAttribute[]): OtlpAttribute[] {
  const all = new Map(columnsAsAttributes(row).map((attribute) => [attribute.key, attribute]));
  for (const attribute of stored) all.set(attribute.key, attribute);
  return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function columnsAsAttributes(row: StoreRow): OtlpAttribute[] {
  const attributes: OtlpAttribute[] = [];
  if (isHttp(row)) {
    const [scheme, host, path] = [row["UrlScheme"], row["ServerAddress"], row["UrlPath"]];
    const url = plainUrl(String(scheme), String(host), String(path));
    attributes.push({ key: HTTP_ATTRIBUTES.full, value: { stringValue: url } });
  }
  for (const { key, column, type, only } of columnAttributes) {
    if (only !== undefined && !only(row)) continue;
    const value = columnValue(row[column], type);
    if (value !== undefined) attributes.push({ key, value });
  }
  return [...attributes, ...providerAttributes(row), ...routeAttributes(row)];
}

/** The resource of a record, which its columns hold. */
export function columnsAsResource(row: StoreRow): OtlpAttribute[] {
  const { component, egressGateway, serviceName } = RESOURCE_ATTRIBUTES;
  const named = {
    [component]: "Component",
    [egressGateway]: "EgressGateway",
    [serviceName]: "ServiceName",
  };
  return Object.entries(named).map(([key, column]) => {
    return { key, value: { stringValue: String(row[column]) } };
  });
}

/** The URL of a request whose authority is its host, and that has no query. */
function plainUrl(scheme: string, host: string, path: string): string {
  return `${scheme}://${host}${path}`;
}

function saysNothing(value: Attribute["value"]): boolean {
  if ("stringValue" in value) return value.stringValue === "";
  if ("intValue" in value) return value.intValue <= 0;
  if ("doubleValue" in value) return value.doubleValue <= 0;
  return "boolValue" in value && !value.boolValue;
}

function columnValue(value: unknown, type: ColumnAttribute["type"]): OtlpValue | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  switch (type) {
    case "text":
      return { stringValue: String(value) };
    case "int":
      return Number(value) >= 0.5 ? { intValue: wholeText(value) } : undefined;
    case "double":
      return Number(value) > 0 ? { doubleValue: Number(value) } : undefined;
    case "bool":
      return value === true ? { boolValue: true } : undefined;
  }
}

// 64-bit numbers are text already.
function wholeText(value: unknown): string {
  return typeof value === "number" ? String(Math.round(value)) : String(value);
}

/** What is charged is what it cost. */
function isCharged(row: StoreRow): boolean {
  return Number(row["ChargedTokens"]) > 0;
}

function hasRule(row: StoreRow): boolean {
  return row["Route"] !== "";
}

function providerAttributes(row: StoreRow): OtlpAttribute[] {
  const provider = String(row["Provider"]);
  if (provider === "") return [];
  const names = providerNames(provider);
  return [
    { key: GEN_AI_ATTRIBUTES.system, value: { stringValue: names.system } },
    { key: GEN_AI_ATTRIBUTES.providerName, value: { stringValue: names.providerName } },
  ];
}

function routeAttributes(row: StoreRow): OtlpAttribute[] {
  const [kind, namespace = "", name = ""] = String(row["Route"]).split("/");
  if (kind !== "AIProviderRoute" && kind !== "MCPRoute") return [];
  const names = routeNames[kind];
  return [
    { key: names.matched, value: { boolValue: true } },
    { key: names.namespace, value: { stringValue: namespace } },
    { key: names.name, value: { stringValue: name } },
  ];
}
