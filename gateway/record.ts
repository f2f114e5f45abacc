/**
 * The record of one egress transaction: a plain JSON value, complete when it is made and never changed. It holds no
 * secret: whoever makes it redacts targets and header values first (`redact.ts`).
 */
import type {
  Attempt,
  CallRouting,
  CapturedExchange,
  McpFacts,
  McpMessageFacts,
  TokenUsage,
} from "./call-facts.ts";
import type { ObjectName } from "./snapshot.ts";
import type { TraceIds } from "./trace-context.ts";

/** How far Envoy could look into the transaction. */
export type RecordKind = "http" | "tls" | "tcp";

/** Who made the transaction, as its connection proves it; unknown parts are empty. */
export interface RecordAgent {
  /** `TaskAgent`, `DaemonAgent` or `Process` */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  readonly invocationId: string;
}

/** What was asked for. Below HTTP only `host`, `port` and `bytes` are filled. */
export interface RecordRequest {
  readonly method: string;
  /** `http` or `https` */
  readonly scheme: string;
  /** As the agent sent it, with its port when it had one, without user information */
  readonly authority: string;
  /** Host alone, lower case; below HTTP the server name or address that was dialled */
  readonly host: string;
  /** 0 when unknown */
  readonly port: number;
  /** Redacted, without its query */
  readonly path: string;
  /** Redacted, without its `?`; empty when there is none, `[redacted]` when it may hold a credential of ours */
  readonly query: string;
  /** `HTTP/1.1`, `HTTP/2`, …; empty below HTTP */
  readonly protocol: string;
  readonly userAgent: string;
  /** Bytes that the agent sent: the body, or below HTTP all of them */
  readonly bytes: number;
}

/** What came back. */
export interface RecordResponse {
  /** 0 when no response was sent, and below HTTP */
  readonly status: number;
  /** Bytes that the agent received: the body, or below HTTP all of them */
  readonly bytes: number;
  /** Pieces of the body that the engine saw pass; null where it saw none of the transaction */
  readonly chunks: number | null;
  /** Envoy's response flags, short names such as `UF`, `NR` */
  readonly flags: readonly string[];
  /** Envoy's response code details, such as `via_upstream` */
  readonly details: string;
}

/** Spans of time in `ms` since the first byte of the request; null when the point was not reached. */
export interface RecordTimings {
  /** Last byte of the request received */
  readonly requestMs: number | null;
  /** Time that connecting to the upstream took, TLS included; null on a reused connection */
  readonly upstreamConnectMs: number | null;
  /** First byte of the upstream's response received */
  readonly timeToFirstByteMs: number | null;
}

/** Where the transaction was sent. */
export interface RecordUpstream {
  /** `address:port` that Envoy dialled */
  readonly address: string;
  /** Null for plain text */
  readonly tls: { readonly version: string; readonly serverName: string } | null;
}

/** The rule that decided. */
export interface RecordRoute extends ObjectName {
  /** Index within the route's rules */
  readonly rule: number;
}

/** A refusal that audit mode only recorded: what the decision would have said. */
export interface RecordRefusal {
  /** Stable word */
  readonly reason: string;
  /** Sentence that the agent would have been told, or one close to it */
  readonly message: string;
  /** Null when the gateway would have decided without a rule */
  readonly route: RecordRoute | null;
}

/** What was decided, why, and by which rule. */
export interface RecordDecision {
  readonly verdict: "allow" | "deny";
  /** Stable word; null on allow */
  readonly reason: string | null;
  /** Sentence that the agent was told; null on allow */
  readonly message: string | null;
  /** Null when the gateway decided without a rule */
  readonly route: RecordRoute | null;
  /** Present on an allow that audit mode gave in place of this refusal */
  readonly wouldDeny?: RecordRefusal;
}

/** The credential that was injected, by name only. */
export interface RecordCredential {
  /** Where it comes from: `Secret default/openai` */
  readonly name: string;
  /** Header that carries it, lower case; a query parameter as `?name` */
  readonly header: string;
}

/** Mechanism that decided: `native` is Envoy's own filters, `engine` says that the rule needs more than those. */
export type RecordTier = "native" | "engine";

/** One call of a model, in terms of the OpenTelemetry gen_ai conventions. */
export interface RecordModel {
  /** `chat`, `embeddings`, `text_completion`, … */
  readonly operation: string;
  /** Null when the request named none */
  readonly requestModel: string | null;
  readonly responseModel: string | null;
  readonly responseId: string | null;
  /** As the provider wrote them, one for each choice; empty when there were none */
  readonly finishReasons: readonly string[];
  /** The answer came as an event stream */
  readonly stream: boolean;
  /** From the request's headers to the first event with content in `ms`; null for plain answers and where none came */
  readonly timeToFirstTokenMs: number | null;
}

/** What a call under a budget was charged. */
export interface RecordCharge {
  /** Input and output */
  readonly tokens: number;
  /** USD as decimal text, such as `0.000042`; null where no price of the model is known */
  readonly cost: string | null;
  /** The provider told no count, or not all of it */
  readonly estimated: boolean;
}

/** Who served a model call, and whom else was asked. */
export interface RecordRouting extends CallRouting {
  /** In their order, the one that answered last; empty where there was one way only */
  readonly attempts: readonly Attempt[];
}

/** One egress transaction from its first byte to its last. Numbers of milliseconds may have fractions. */
export interface EgressRecord {
  /** Unique over restarts */
  readonly id: string;
  readonly kind: RecordKind;
  /** Start, ISO 8601 in UTC */
  readonly time: string;
  /** Start in whole Unix `ms` */
  readonly startUnixMs: number;
  /** Start in Unix `ns`, decimal digits: the number is beyond the safe integers */
  readonly startUnixNs: string;
  readonly durationMs: number;
  /** Null when the connection proved none */
  readonly agent: RecordAgent | null;
  readonly gateway: { readonly namespace: string; readonly name: string };
  /** How the agent's bytes came here */
  readonly listener: "explicit" | "transparent";
  /** Address of the agent without its port; empty when unknown */
  readonly clientAddress: string;
  readonly request: RecordRequest;
  readonly response: RecordResponse;
  readonly timings: RecordTimings;
  /** Null when no upstream was picked */
  readonly upstream: RecordUpstream | null;
  readonly decision: RecordDecision;
  /** Canonical name of the provider that the rule is for */
  readonly provider: string | null;
  readonly credential: RecordCredential | null;
  /** Present where the policy decided that a rollout tries on a share of agents */
  readonly side?: "canary";
  readonly tier: RecordTier;
  /** Revision of the snapshot that decided */
  readonly revision: number;
  /** Null leaves it to the exporter to make ids */
  readonly trace: TraceIds | null;
  /** Null when it was none that is known, and where no body was read */
  readonly model: RecordModel | null;
  /** Tokens of the model call; null when the answer held none */
  readonly usage: TokenUsage | null;
  /** What a call under a budget was charged; absent where none counts it */
  readonly charge?: RecordCharge;
  /**
   * USD as decimal text: what was charged, else by the price of the model; null where no price is known. Absent of what
   * is no call of a model that took tokens
   */
  readonly cost?: string | null;
  /** Who served the model call, where the engine chose it; null where it went the way that its path says, as it was */
  readonly routing: RecordRouting | null;
  /** Headers and bodies, redacted, where the policy asks for them */
  readonly capture: CapturedExchange | null;
  /** What was said to an MCP server, redacted; absent for all else */
  readonly mcp?: McpFacts;
}

/**
 * Weight of a record, by the same rule for logs and terminals: no response and 4xx warn, 5xx is an error, and so is an
 * answer that the engine's failure cut short, whatever its status was. A refused message of MCP warns: its status is 200.
 * So does what would have been refused.
 */
export function recordSeverity(record: EgressRecord): "info" | "warn" | "error" {
  const { decision, response } = record;
  const isAudited = decision.wouldDeny !== undefined;
  if (record.kind !== "http") return decision.verdict === "deny" || isAudited ? "warn" : "info";
  const { status } = response;
  if (status >= 500) return "error";
  if (status === 0 || status >= 400) return "warn";
  if (record.mcp !== undefined && decision.verdict === "deny") return "warn";
  if (decision.verdict === "deny") return "error";
  return isAudited ? "warn" : "info";
}

/**
 * Name of the transaction's span: `operation model` of a model call, `mcp method name` of a message of MCP, else
 * `METHOD host`, the path where there is no host; `egress.tcp` below HTTP.
 */
export function spanName(record: EgressRecord): string {
  if (record.kind !== "http") return "egress.tcp";
  const { model, mcp } = record;
  const [message] = mcp?.messages ?? [];
  if (mcp !== undefined && message !== undefined) return messageName(mcp.protocol, message);
  if (model !== null) {
    const { operation, requestModel } = model;
    return requestModel === null ? operation : `${operation} ${requestModel}`;
  }
  const { method, host, path } = record.request;
  return `${method || "REQUEST"} ${host || path}`;
}

/** URIs are too many for names of spans. */
function messageName(protocol: string, { method, subject, name }: McpMessageFacts): string {
  const named = subject === "tool" || subject === "prompt" ? ` ${name}` : "";
  return `${protocol} ${method || "response"}${named}`;
}

/**
 * The record in one line, the body of its log. For HTTP it is read by position: method, authority and path, status,
 * duration (`?` when unknown), then `key=value`. No field can hold a space, whatever the agent sent.
 */
export function accessLine(record: EgressRecord): string {
  return record.kind === "http" ? httpLine(record) : tcpLine(record);
}

function httpLine(record: EgressRecord): string {
  const { request, response, decision } = record;
  const target = asField((request.authority || request.host) + request.path);
  const head = `${asField(request.method || "REQUEST")} ${target} ${response.status} ${durationField(record.durationMs)}`;
  const bytes = `req=${request.bytes}B resp=${response.bytes}B`;
  return `${head} ${bytes}${modelFields(record)}${mcpFields(record)}${routeField(decision.route)}${denyField(decision)}`;
}

function modelFields({ provider, model, usage }: EgressRecord): string {
  const name = model?.requestModel ?? model?.responseModel ?? null;
  return (
    textField("provider", provider) +
    textField("model", name) +
    tokenField("input_tokens", usage?.inputTokens ?? null) +
    tokenField("output_tokens", usage?.outputTokens ?? null)
  );
}

function mcpFields({ mcp }: EgressRecord): string {
  const [message] = mcp?.messages ?? [];
  if (message === undefined) return "";
  const { method, subject, name } = message;
  return `${textField("mcp_method", method || "response")}${textField(`mcp_${subject}`, name)}`;
}

function textField(name: string, value: string | null): string {
  return value === null ? "" : ` ${name}=${asField(value)}`;
}

function tokenField(name: string, count: number | null): string {
  return count === null ? "" : ` ${name}=${count}`;
}

function tcpLine(record: EgressRecord): string {
  const { agent, request, decision } = record;
  const who = agent === null ? "-" : asField(`${agent.namespace}/${agent.name}`);
  const duration = `${Math.max(0, Math.round(record.durationMs))}ms`;
  const head = `egress.tcp agent=${who} dst=${asField(request.host)} bytes_up=${request.bytes}B dur=${duration}`;
  return `${head}${routeField(decision.route)}${denyField(decision)}`;
}

function durationField(durationMs: number): string {
  return durationMs > 0 ? `${Math.round(durationMs)}ms` : "?";
}

function routeField(route: RecordRoute | null): string {
  return route === null ? "" : ` route=${asField(`${route.namespace}/${route.name}`)}`;
}

function denyField({ verdict, reason, wouldDeny }: RecordDecision): string {
  if (wouldDeny !== undefined) return ` would_deny=${asField(wouldDeny.reason)}`;
  return verdict === "deny" ? ` deny=${asField(reason ?? "denied")}` : "";
}

// Spaces would shift the fields, control characters could forge a line or drive a terminal.
function asField(text: string): string {
  if (text === "") return "-";
  return /[^!-~]/.test(text) ? text.replace(/[^!-~]/gu, escapeField) : text;
}

function escapeField(character: string): string {
  // An unpaired surrogate has no UTF-8 form, and encodeURIComponent throws on it.
  return encodeURIComponent(character.isWellFormed() ? character : "\ufffd");
}
