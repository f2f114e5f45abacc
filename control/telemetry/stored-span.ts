/** A row of otel_traces as a read gives it, with its attributes in OTLP's JSON form. */
import { readAttributes } from "./attribute-columns.ts";
import type { OtlpAttribute } from "./attribute-columns.ts";
import { identityAttributes } from "./identity-attributes.ts";
import { allAttributes, columnsAsResource } from "./record-columns.ts";
import type { StoreRow } from "./store-client.ts";
import type { RowAgent, RowSource, SpanColumns } from "./table-rows.ts";

/** What spans and logs have. */
export interface StoredItem {
  /** Order of storing, decimal digits */
  readonly sequence: string;
  /** Unix `ns`, decimal digits */
  readonly timeUnixNs: string;
  readonly source: RowSource;
  readonly agent: RowAgent;
  readonly gateway: string;
  readonly component: string;
  /** Hexadecimal; empty where there is none */
  readonly traceId: string;
  /** Hexadecimal; empty where there is none */
  readonly spanId: string;
  readonly resource: readonly OtlpAttribute[];
  readonly scope: { readonly name: string; readonly version: string };
  /** By key; who sent it is among them, as it was proved */
  readonly attributes: readonly OtlpAttribute[];
}

/** One event of a span. */
export interface StoredEvent {
  readonly timeUnixNs: string;
  readonly name: string;
  readonly attributes: readonly OtlpAttribute[];
}

/** One link of a span. */
export interface StoredLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
}

/** One span. */
export interface StoredSpan extends StoredItem, SpanColumns {
  readonly events: readonly StoredEvent[];
  readonly links: readonly StoredLink[];
  /** USD, decimal text; null where none is known */
  readonly cost: string | null;
}

/** Columns of otel_traces that `toStoredSpan()` reads. */
export const spanSelection = `* EXCEPT (Timestamp, \`Events.Timestamp\`),
  toUnixTimestamp64Nano(Timestamp) AS TimeNs,
  arrayMap(moment -> toUnixTimestamp64Nano(moment), \`Events.Timestamp\`) AS EventTimes`;

/** The span of a row that was read by `spanSelection`. */
export function toStoredSpan(row: StoreRow): StoredSpan {
  return {
    ...storedItem(row, "SpanAttributes"),
    parentSpanId: text(row["ParentSpanId"]),
    traceState: text(row["TraceState"]),
    name: text(row["SpanName"]),
    kind: text(row["SpanKind"]),
    durationNs: text(row["Duration"]),
    statusCode: text(row["StatusCode"]),
    statusMessage: text(row["StatusMessage"]),
    events: toEvents(row),
    links: toLinks(row),
    cost: typeof row["Cost"] === "string" ? row["Cost"] : null,
  };
}

/** What a row of either table has; `map` is the name of its attributes' column. */
export function storedItem(row: StoreRow, map: "SpanAttributes" | "LogAttributes"): StoredItem {
  const source: RowSource = row["Source"] === "gateway" ? "gateway" : "agent";
  const types = map === "SpanAttributes" ? "SpanAttributeTypes" : "LogAttributeTypes";
  const stored = readAttributes(textMap(row[map]), textMap(row[types]));
  const agent = agentOf(row);
  return {
    sequence: text(row["Sequence"]),
    timeUnixNs: text(row["TimeNs"]),
    source,
    agent,
    gateway: text(row["EgressGateway"]),
    component: text(row["Component"]),
    traceId: text(row["TraceId"]),
    spanId: text(row["SpanId"]),
    resource: resourceOf(row, source),
    scope: { name: text(row["ScopeName"]), version: text(row["ScopeVersion"]) },
    attributes:
      source === "gateway" ? allAttributes(row, stored) : [...identityAttributes(agent), ...stored],
  };
}

/** A value as text; empty for what is no text and no number. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function resourceOf(row: StoreRow, source: RowSource): OtlpAttribute[] {
  if (source === "gateway") return columnsAsResource(row);
  return readAttributes(textMap(row["ResourceAttributes"]), textMap(row["ResourceAttributeTypes"]));
}

function agentOf(row: StoreRow): RowAgent {
  return {
    namespace: text(row["AgentNamespace"]),
    kind: text(row["AgentKind"]),
    name: text(row["AgentName"]),
    uid: text(row["AgentUid"]),
    revision: text(row["AgentRevision"]),
    invocationId: text(row["InvocationId"]),
  };
}

function toEvents(row: StoreRow): StoredEvent[] {
  const names = list(row["Events.Name"]);
  const times = list(row["EventTimes"]);
  const maps = list(row["Events.Attributes"]);
  const types = list(row["Events.AttributeTypes"]);
  return names.map((name, index) => ({
    timeUnixNs: text(times[index]),
    name: text(name),
    attributes: readAttributes(textMap(maps[index]), textMap(types[index])),
  }));
}

function toLinks(row: StoreRow): StoredLink[] {
  const spanIds = list(row["Links.SpanId"]);
  const states = list(row["Links.TraceState"]);
  return list(row["Links.TraceId"]).map((traceId, index) => ({
    traceId: text(traceId),
    spanId: text(spanIds[index]),
    traceState: text(states[index]),
  }));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  const map: Record<string, string> = Object.create(null);
  if (typeof value !== "object" || value === null) return map;
  for (const [key, item] of Object.entries(value)) map[key] = text(item);
  return map;
}
