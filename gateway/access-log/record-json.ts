/**
 * Records of one outline as JSON: what repeats is serialised once, and each record only puts its own values between,
 * none of which needs an escape. That is what `JSON.stringify()` gives of the record, at a third of its cost.
 */

import { CapturedJson } from "../captured-json.ts";
import type { TokenUsage } from "../call-facts.ts";
import type { LineText } from "../record-lines.ts";
import type { EgressRecord, RecordCharge } from "../record.ts";
import type { TraceIds } from "../trace-context.ts";
import { flatText } from "./flat-text.ts";
import type { FlatTarget, HttpOutline } from "./http-transaction.ts";

/** The parts that repeat, by what follows them. */
export interface RecordJsonParts {
  readonly toPath: string;
  readonly toRequestBytes: string;
  readonly toRequestMs: string;
  readonly toTier: string;
}

/** Serialises what repeats. */
export function recordJsonParts(outline: HttpOutline): RecordJsonParts {
  const { agent, gateway, listener, clientAddress, request, flags, details } = outline;
  const { upstream, decision, provider, credential, side } = outline;
  const { method, scheme, authority, host, port, protocol, userAgent } = request;
  const origin = inner({ agent, gateway, listener, clientAddress });
  const asked = inner({ method, scheme, authority, host, port });
  const outcome = inner({ upstream, decision, provider, credential, side });
  return {
    toPath: flatText(`,${origin},"request":{${asked},`),
    toRequestBytes: flatText(`,${inner({ protocol, userAgent })},"bytes":`),
    toRequestMs: flatText(`,${inner({ flags, details })}},"timings":{"requestMs":`),
    toTier: flatText(`},${outcome},"tier":"`),
  };
}

/** Serialises a target: `"path":…,"query":…`. */
export function targetJson({ path, query }: FlatTarget): string {
  return inner({ path, query });
}

/**
 * The JSON of a record that `completeRecord()` made of the outline of these parts, with its `targetJson()`; one line
 * without its end. Not for one whose decision is the engine's.
 */
export function recordJson(record: EgressRecord, parts: RecordJsonParts, target: string): LineText {
  const { capture } = record;
  const head = headJson(record, parts, target);
  const tail = tailJson(record);
  if (capture === null) return `${head}null${tail}`;
  const lent = capture instanceof CapturedJson ? capture.lent : undefined;
  if (lent === undefined) return `${head}${CapturedJson.of(capture).text}${tail}`;
  return { head, middle: lent, tail };
}

/** All before what was captured. */
function headJson(record: EgressRecord, parts: RecordJsonParts, target: string): string {
  const { request, response, timings, trace } = record;
  const times = `"time":"${record.time}","startUnixMs":${record.startUnixMs},"startUnixNs":"${record.startUnixNs}","durationMs":${record.durationMs}`;
  const answer = `"response":{"status":${response.status},"bytes":${response.bytes},"chunks":${response.chunks}`;
  const since = `${timings.requestMs},"upstreamConnectMs":null,"timeToFirstByteMs":${timings.timeToFirstByteMs}`;
  const ids = `{"traceId":"${trace?.traceId}","spanId":"${trace?.spanId}","parentSpanId":"${trace?.parentSpanId}"${linkJson(trace)}}`;
  return `{"id":"${record.id}","kind":"http",${times}${parts.toPath}${target}${parts.toRequestBytes}${request.bytes}},${answer}${parts.toRequestMs}${since}${parts.toTier}${record.tier}","revision":${record.revision},"trace":${ids}${engineJson(record)}`;
}

function linkJson(trace: TraceIds | null): string {
  const { invocation } = trace ?? {};
  if (invocation === undefined) return "";
  return `,"invocation":{"traceId":"${invocation.traceId}","spanId":"${invocation.spanId}"}`;
}

/** What the engine found out, which most records have nothing of. */
function engineJson({ model, usage, charge, cost, routing }: EgressRecord): string {
  const isPlain = model === null && routing === null;
  if (isPlain && charge === undefined && cost === undefined) return nothingFound;
  const charged = charge === undefined ? "" : `,"charge":${chargeJson(charge)}`;
  const costing = cost === undefined ? "" : cost === null ? ',"cost":null' : `,"cost":"${cost}"`;
  return `,"model":${JSON.stringify(model)},"usage":${usageJson(usage)}${charged}${costing},"routing":${JSON.stringify(routing)},"capture":`;
}

const nothingFound = ',"model":null,"usage":null,"routing":null,"capture":';

/** All behind what was captured. */
function tailJson({ mcp }: EgressRecord): string {
  return mcp === undefined ? "}" : `,"mcp":${JSON.stringify(mcp)}}`;
}

/** Neither counts nor decimals need an escape. */
function chargeJson({ tokens, cost, estimated }: RecordCharge): string {
  return `{"tokens":${tokens},"cost":${cost === null ? "null" : `"${cost}"`},"estimated":${estimated}}`;
}

/** Counts need no escape; null is what a template makes of it. */
function usageJson(usage: TokenUsage | null): string {
  if (usage === null) return "null";
  return `{"inputTokens":${usage.inputTokens},"outputTokens":${usage.outputTokens},"cachedInputTokens":${usage.cachedInputTokens},"cacheWriteTokens":${usage.cacheWriteTokens},"reasoningTokens":${usage.reasoningTokens}}`;
}

/** The JSON of an object without its braces. */
function inner(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}
