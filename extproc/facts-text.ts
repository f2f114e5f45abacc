/**
 * Facts as one text a batch, the way they go from a thread to the process: a structured clone or JSON names every field of
 * every object again, and costs three times as much as writing and reading these lines. What was captured is beside the
 * text, as bytes that nobody reads on their way to the record.
 */

import { CapturedJson } from "../gateway/captured-json.ts";
import type {
  AuditedDenial,
  CallCharge,
  CallFacts,
  McpFacts,
  ModelCall,
  TokenUsage,
} from "../gateway/call-facts.ts";
import type { CaptureReader, NewChunk } from "./capture-memory.ts";
import { CaptureWriter } from "./capture-memory.ts";

/** What few facts have, as JSON, which holds no control character. */
interface Rest {
  readonly denial: CallFacts["denial"];
  readonly target: CallFacts["target"];
  readonly routing: CallFacts["routing"];
  readonly mcp?: McpFacts;
  /** Only in audit mode */
  readonly wouldDeny?: AuditedDenial;
  /** Only a model call whose texts hold control characters */
  readonly model?: ModelCall;
}

// Control characters of ASCII, for what they were made.
const lineEnd = "\n";
const fieldEnd = "\u001f";
const listEnd = "\u001d";
/** Stands for null, and for an absent part. */
const none = "\u0000";
/** In the place of where a capture is: it is a text of its own. */
const isLong = "long";

/** Fields of a line: id, trace ids, count, model call, charge, rest, place of its capture. */
const fieldCount = 5 + 13 + 3 + 1 + 1;

/** A batch on its way. */
export interface EncodedFacts {
  /** A line for each */
  readonly text: string;
  /** In which captures are that no batch before was in */
  readonly chunks: readonly NewChunk[];
  /** JSON of captures that are in no chunk, in their order */
  readonly long: readonly string[];
}

/** Encodes facts as they come: objects and captures that waited for others would be moved by each collection. */
export class FactsEncoder {
  readonly #writer = new CaptureWriter();
  #text = "";
  #long: string[] = [];

  add(facts: CallFacts): void {
    this.#text += encodeLine(facts, encodeCapture(facts.capture, this.#writer, this.#long));
  }

  /** What was added since it was last asked. */
  take(): EncodedFacts {
    const encoded = { text: this.#text, chunks: this.#writer.takeNew(), long: this.#long };
    this.#text = "";
    this.#long = [];
    return encoded;
  }
}

/**
 * What a `FactsEncoder` was given, in its order; `reader` is of its memory. Throws a SyntaxError or a RangeError for
 * anything else.
 */
export function decodeFacts(
  { text, chunks, long }: EncodedFacts,
  reader: CaptureReader,
): CallFacts[] {
  reader.add(chunks);
  const batch: CallFacts[] = [];
  let longs = 0;
  let start = 0;
  for (let end = text.indexOf(lineEnd); end >= 0; end = text.indexOf(lineEnd, start)) {
    const fields = text.slice(start, end).split(fieldEnd);
    const facts = decodeLine(fields, decodeCapture(fields, reader, long[longs]));
    if (fields[fieldCount - 1] === isLong) longs++;
    batch.push(facts);
    start = end + 1;
  }
  return batch;
}

/** Where the capture is: chunk and bytes of it. */
function encodeCapture(
  capture: CallFacts["capture"],
  writer: CaptureWriter,
  long: string[],
): string {
  if (capture === null) return none;
  const json = CapturedJson.of(capture);
  const place = writer.place(json.pieces, json.length);
  if (place !== undefined) return `${place.chunk}${listEnd}${place.start}${listEnd}${place.end}`;
  long.push(json.text);
  return isLong;
}

function decodeCapture(
  fields: readonly string[],
  reader: CaptureReader,
  long: string | undefined,
): CapturedJson | null {
  const field = fields[fieldCount - 1] ?? none;
  if (field === none) return null;
  if (field === isLong && long !== undefined) return new CapturedJson(long);
  const [chunk, start, end] = field.split(listEnd).map(Number);
  return new CapturedJson(reader.lease({ chunk: chunk ?? -1, start: start ?? 0, end: end ?? 0 }));
}

function encodeLine(facts: CallFacts, capture: string): string {
  const { id, trace, responseChunks, model, denial, target, routing } = facts;
  const { charge, mcp, wouldDeny } = facts;
  const ids =
    trace === null
      ? `${id}${fieldEnd}${none}${fieldEnd}${none}${fieldEnd}${none}`
      : `${id}${fieldEnd}${trace.traceId}${fieldEnd}${trace.spanId}${fieldEnd}${trace.parentSpanId}`;
  const isReadable = model === null || isWritable(model);
  const call = isReadable ? encodeModel(model) : encodeModel(null);
  const isCommon = denial === null && target === null && routing === null;
  const isBare = isCommon && mcp === undefined && wouldDeny === undefined;
  const rest =
    isReadable && isBare
      ? none
      : JSON.stringify({
          denial,
          target,
          routing,
          ...(mcp !== undefined && { mcp }),
          ...(wouldDeny !== undefined && { wouldDeny }),
          ...(!isReadable && { model }),
        } satisfies Rest);
  const body = `${responseChunks}${fieldEnd}${call}${fieldEnd}${encodeCharge(charge)}`;
  return `${ids}${fieldEnd}${body}${fieldEnd}${rest}${fieldEnd}${capture}${lineEnd}`;
}

function decodeLine(fields: readonly string[], capture: CapturedJson | null): CallFacts {
  const [id = "", traceId = none, spanId = "", parentSpanId = "", chunks] = fields;
  if (fields.length !== fieldCount) {
    throw new SyntaxError(`Cannot read facts: ${fields.length} fields, wanted ${fieldCount}`);
  }
  const text = fields[fieldCount - 2] ?? none;
  const rest: Rest =
    text === none ? { denial: null, target: null, routing: null } : JSON.parse(text);
  const charge = decodeCharge(fields);
  return {
    id,
    trace: traceId === none ? null : { traceId, spanId, parentSpanId },
    model: rest.model ?? decodeModel(fields),
    capture,
    denial: rest.denial,
    target: rest.target,
    routing: rest.routing,
    ...(charge !== undefined && { charge }),
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

function encodeCharge(charge: CallCharge | undefined): string {
  if (charge === undefined) return noCharge;
  const { tokens, microDollars, isEstimated } = charge;
  return `${tokens}${fieldEnd}${microDollars ?? none}${fieldEnd}${isEstimated ? 1 : 0}`;
}

const noCharge = `${none}${fieldEnd}${none}${fieldEnd}${none}`;

function decodeCharge(fields: readonly string[]): CallCharge | undefined {
  const tokens = numberOf(fields[18]);
  if (tokens === null) return undefined;
  return { tokens, microDollars: numberOf(fields[19]), isEstimated: fields[20] === "1" };
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
