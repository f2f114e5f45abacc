/**
 * A span as people look at it: what it was, whether it went well, what it took. Invariant: reading never fails; what a
 * sender left out or got wrong counts as absent.
 */
import {
  CHARGE_ATTRIBUTES,
  COST_ATTRIBUTE,
  DECISION_ATTRIBUTES,
  GEN_AI_ATTRIBUTES,
  HTTP_ATTRIBUTES,
  L4_ATTRIBUTES,
  RESOURCE_ATTRIBUTES,
} from "../../../gateway/attributes.ts";
import { readAttributeTexts } from "./attribute-text.ts";
import type { AttributeText } from "./attribute-text.ts";
import { isJsonObject, objects } from "./otlp-document.ts";
import type { JsonObject, TelemetryItem } from "./otlp-document.ts";

/** What kind of work it is: a request to the agent, to a model, to an MCP server, to anything else; or the agent's own. */
export type Lane = "inbound" | "llm" | "mcp" | "network" | "agent";

/** How it ended; `audited`: audit mode let by what would have been refused. */
export type SpanOutcome = "ok" | "error" | "denied" | "audited";

/** One event of a span. */
export interface SpanEvent {
  readonly name: string;
  /** Unix `ns` */
  readonly timeNs: bigint;
  readonly attributes: readonly AttributeText[];
}

/** One span. Texts are as they were sent: escape them. */
export interface Span {
  /** Lower-case hexadecimal; empty where there is none */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly lane: Lane;
  readonly outcome: SpanOutcome;
  /** HTTP status; 0 where there is none */
  readonly status: number;
  /** Why it failed or was denied; empty when it did not, or nobody knows */
  readonly reason: string;
  /** Unix `ns`; the end is never before the start */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly component: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar; undefined where no price is known */
  readonly costMicroDollars: number | undefined;
  /** 1 of a call that the gateway saw take tokens, and whose price is not known; else 0 */
  readonly unpriced: number;
  readonly attributes: readonly AttributeText[];
  readonly events: readonly SpanEvent[];
  /** About how much memory it takes */
  readonly bytes: number;
}

const STATUS_CODE_ERROR = new Set<unknown>([2, "STATUS_CODE_ERROR"]);

/** Reads a span of the read API. */
export function readSpan({ item, resource }: TelemetryItem): Span {
  const attributes = readAttributeTexts(item);
  const values = new Map(attributes.map(({ key, text }) => [key, text]));
  const status = isJsonObject(item["status"]) ? item["status"] : {};
  const startNs = nanoseconds(item["startTimeUnixNano"]);
  const toldEndNs = nanoseconds(item["endTimeUnixNano"]);
  const resources = new Map(readAttributeTexts(resource).map(({ key, text }) => [key, text]));
  const name = textOf(item["name"]);
  const inputTokens = count(values.get(GEN_AI_ATTRIBUTES.inputTokens));
  const outputTokens = count(values.get(GEN_AI_ATTRIBUTES.outputTokens));
  const cost = microDollars(values.get(COST_ATTRIBUTE) ?? values.get(CHARGE_ATTRIBUTES.cost));
  const isOurs = values.has(DECISION_ATTRIBUTES.recordId);
  const events = objects(item["events"]).map(readEvent);
  return {
    traceId: textOf(item["traceId"]).toLowerCase(),
    spanId: textOf(item["spanId"]).toLowerCase(),
    parentSpanId: textOf(item["parentSpanId"]).toLowerCase(),
    name,
    lane: laneOf(name, values),
    ...outcomeOf(status, values),
    status: count(values.get(HTTP_ATTRIBUTES.status)),
    startNs,
    endNs: toldEndNs - startNs > 0n ? toldEndNs : startNs,
    component: resources.get(RESOURCE_ATTRIBUTES.component) ?? "",
    inputTokens,
    outputTokens,
    costMicroDollars: cost,
    unpriced: isOurs && cost === undefined && inputTokens + outputTokens > 0 ? 1 : 0,
    attributes,
    events,
    bytes: bytesOf(attributes) + events.reduce((sum, event) => sum + bytesOf(event.attributes), 0),
  };
}

function readEvent(event: JsonObject): SpanEvent {
  return {
    name: textOf(event["name"]),
    timeNs: nanoseconds(event["timeUnixNano"]),
    attributes: readAttributeTexts(event),
  };
}

/** Names of spans that answer whoever called the agent. */
const inboundNames: ReadonlySet<string> = new Set(["ingress.dispatch", "invocation"]);

/** Any of these says that bytes went over a network. */
const networkKeys: readonly string[] = [
  HTTP_ATTRIBUTES.serverAddress,
  HTTP_ATTRIBUTES.method,
  HTTP_ATTRIBUTES.full,
  L4_ATTRIBUTES.destinationName,
  L4_ATTRIBUTES.bytesUpstream,
  "clrk.egress.dst_addr",
  "clrk.egress.backend.addr",
  "http.host",
  "net.peer.name",
];

function laneOf(name: string, values: ReadonlyMap<string, string>): Lane {
  if (inboundNames.has(name)) return "inbound";
  const has = (start: string) => values.keys().some((key) => key.startsWith(start));
  if (has("gen_ai.")) return "llm";
  if (has("mcp.")) return "mcp";
  return networkKeys.some((key) => values.has(key)) ? "network" : "agent";
}

function outcomeOf(
  status: JsonObject,
  values: ReadonlyMap<string, string>,
): { readonly outcome: SpanOutcome; readonly reason: string } {
  const message = textOf(status["message"]);
  const decision = values.get(DECISION_ATTRIBUTES.decision);
  const denied = values.get(DECISION_ATTRIBUTES.denyReason);
  if (decision === "deny") return { outcome: "denied", reason: denied || message };
  const wouldDeny = values.get(DECISION_ATTRIBUTES.wouldDenyReason);
  if (decision === "audit") return { outcome: "audited", reason: wouldDeny || message };
  const errorType = values.get(HTTP_ATTRIBUTES.errorType) ?? "";
  // Healthy spans are unset: only an error says something.
  if (!STATUS_CODE_ERROR.has(status["code"])) return { outcome: "ok", reason: "" };
  return { outcome: "error", reason: message || errorType };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** 64-bit integers are text in OTLP's JSON form; 0 for what is none. */
function nanoseconds(value: unknown): bigint {
  const text = typeof value === "number" ? String(value) : textOf(value);
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

function count(text: string | undefined): number {
  const value = Number(text ?? 0);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function microDollars(text: string | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? Math.round(value * 1e6) : undefined;
}

function bytesOf(attributes: readonly AttributeText[]): number {
  return attributes.reduce((sum, { key, text }) => sum + key.length + text.length, 0);
}
