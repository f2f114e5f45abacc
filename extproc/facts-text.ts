/**
 * Facts as one text a batch, the way they go from a thread to the process: a structured clone or JSON names every field of
 * every object again, and costs three times as much as writing and reading these lines.
 */

import type {
  AuditedDenial,
  CallFacts,
  McpFacts,
  ModelCall,
  TokenUsage,
} from "../gateway/call-facts.ts";

/** What few facts have, as JSON, which holds no control character. */
interface Rest {
  readonly capture: CallFacts["capture"];
  readonly denial: CallFacts["denial"];
  readonly target: CallFacts["target"];
  readonly routing: CallFacts["routing"];
  readonly mcp?: McpFacts;
  /** Only in audit mode */
  readonly wouldDeny?: AuditedDenial;
  /** Only of a call under a budget */
  readonly charge?: NonNullable<CallFacts["charge"]>;
  /** Only a model call whose texts hold control characters */
  readonly model?: ModelCall;
}

// Control characters of ASCII, for what they were made.
const lineEnd = "\n";
const fieldEnd = "\u001f";
const listEnd = "\u001d";
/** Stands for null, and for an absent part. */
const none = "\u0000";

/** Fields of a line: id, trace ids, count, model call, rest. */
const fieldCount = 5 + 13 + 1;

/** A line for each. */
export function encodeFacts(batch: readonly CallFacts[]): string {
  let text = "";
  for (const facts of batch) text += encodeLine(facts);
  return text;
}

/** What `encodeFacts()` wrote, in its order. Throws a SyntaxError for anything else. */
export function decodeFacts(text: string): CallFacts[] {
  const batch: CallFacts[] = [];
  let start = 0;
  for (let end = text.indexOf(lineEnd); end >= 0; end = text.indexOf(lineEnd, start)) {
    batch.push(decodeLine(text.slice(start, end).split(fieldEnd)));
    start = end + 1;
  }
  return batch;
}

function encodeLine(facts: CallFacts): string {
  const { id, trace, responseChunks, model, capture, denial, target, routing } = facts;
  const { charge, mcp, wouldDeny } = facts;
  const ids =
    trace === null
      ? `${id}${fieldEnd}${none}${fieldEnd}${none}${fieldEnd}${none}`
      : `${id}${fieldEnd}${trace.traceId}${fieldEnd}${trace.spanId}${fieldEnd}${trace.parentSpanId}`;
  const isReadable = model === null || isWritable(model);
  const call = isReadable ? encodeModel(model) : encodeModel(null);
  const isCommon = capture === null && denial === null && target === null && routing === null;
  const isBare = isCommon && mcp === undefined && charge === undefined && wouldDeny === undefined;
  const rest =
    isReadable && isBare
      ? none
      : JSON.stringify({
          capture,
          denial,
          target,
          routing,
          ...(mcp !== undefined && { mcp }),
          ...(charge !== undefined && { charge }),
          ...(wouldDeny !== undefined && { wouldDeny }),
          ...(!isReadable && { model }),
        } satisfies Rest);
  return `${ids}${fieldEnd}${responseChunks}${fieldEnd}${call}${fieldEnd}${rest}${lineEnd}`;
}

function decodeLine(fields: readonly string[]): CallFacts {
  const [id = "", traceId = none, spanId = "", parentSpanId = "", chunks] = fields;
  if (fields.length !== fieldCount) {
    throw new SyntaxError(`Cannot read facts: ${fields.length} fields, wanted ${fieldCount}`);
  }
  const text = fields[fieldCount - 1] ?? none;
  const rest: Rest =
    text === none ? { capture: null, denial: null, target: null, routing: null } : JSON.parse(text);
  return {
    id,
    trace: traceId === none ? null : { traceId, spanId, parentSpanId },
    model: rest.model ?? decodeModel(fields),
    capture: rest.capture,
    denial: rest.denial,
    target: rest.target,
    routing: rest.routing,
    ...(rest.charge !== undefined && { charge: rest.charge }),
    responseChunks: Number(chunks),
    ...(rest.mcp !== undefined && { mcp: rest.mcp }),
    ...(rest.wouldDeny !== undefined && { wouldDeny: rest.wouldDeny }),
  };
}

function encodeModel(model: ModelCall | null): string {
  if (model === null) return noModel;
  const { operation, requestModel, responseModel, responseId, finishReasons, usage } = model;
  const texts = `${operation}${fieldEnd}${requestModel ?? none}${fieldEnd}${responseModel ?? none}`;
  const reasons = finishReasons.length === 0 ? none : finishReasons.join(listEnd);
  const answer = `${responseId ?? none}${fieldEnd}${reasons}${fieldEnd}${model.isStream ? 1 : 0}`;
  const time = model.timeToFirstTokenMs ?? none;
  return `${texts}${fieldEnd}${answer}${fieldEnd}${time}${fieldEnd}${encodeUsage(usage)}`;
}

function encodeUsage(usage: TokenUsage | null): string {
  if (usage === null) return noUsage;
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const total = `1${fieldEnd}${inputTokens ?? none}${fieldEnd}${outputTokens ?? none}`;
  const cache = `${cachedInputTokens ?? none}${fieldEnd}${cacheWriteTokens ?? none}`;
  return `${total}${fieldEnd}${cache}${fieldEnd}${reasoningTokens ?? none}`;
}

const noUsage = Array.from({ length: 6 }, () => none).join(fieldEnd);
const noModel = Array.from({ length: 13 }, () => none).join(fieldEnd);

function decodeModel(fields: readonly string[]): ModelCall | null {
  const operation = fields[5] ?? none;
  if (operation === none) return null;
  const reasons = fields[9] ?? none;
  return {
    operation,
    requestModel: textOf(fields[6]),
    responseModel: textOf(fields[7]),
    responseId: textOf(fields[8]),
    finishReasons: reasons === none ? [] : reasons.split(listEnd),
    isStream: fields[10] === "1",
    timeToFirstTokenMs: numberOf(fields[11]),
    usage:
      fields[12] === none
        ? null
        : {
            inputTokens: numberOf(fields[13]),
            outputTokens: numberOf(fields[14]),
            cachedInputTokens: numberOf(fields[15]),
            cacheWriteTokens: numberOf(fields[16]),
            reasoningTokens: numberOf(fields[17]),
          },
  };
}

function textOf(field: string | undefined): string | null {
  return field === undefined || field === none ? null : field;
}

function numberOf(field: string | undefined): number | null {
  return field === undefined || field === none ? null : Number(field);
}

/** Whether no text of the call would be taken for something else. */
function isWritable({
  operation,
  requestModel,
  responseModel,
  responseId,
  finishReasons,
}: ModelCall) {
  return (
    isClean(operation) &&
    isClean(requestModel) &&
    isClean(responseModel) &&
    isClean(responseId) &&
    finishReasons.every(isClean)
  );
}

function isClean(text: string | null): boolean {
  if (text === null) return true;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 0x20) return false;
  return true;
}
