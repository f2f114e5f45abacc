/**
 * Reads model calls as they pass: which model was asked, which answered, why it stopped and what it counted. It holds no
 * body, delays nothing and never throws; what cannot be read is null.
 */

import { AnswerReader } from "./answer-reader.ts";
import type { AnswerForm, AnswerTokens } from "./answer-reader.ts";
import { eventStreamType } from "./aws-event-stream.ts";
import { compileShape } from "./json-shape.ts";
import { JsonScanner } from "./json-scanner.ts";
import type { FoundOperation, OperationLayout } from "./operation-layout.ts";
import { findOperation } from "./operation-layout.ts";
import type { Provider } from "./provider.ts";

/** Tokens of one call; null where the provider did not say. */
export interface ObservedUsage {
  /** All input, cached tokens included */
  readonly inputTokens: number | null;
  /** All output, reasoning included */
  readonly outputTokens: number | null;
  /** Input that was read from the provider's cache */
  readonly cachedInputTokens: number | null;
  /** Input that was written to the provider's cache */
  readonly cacheWriteTokens: number | null;
  /** Output that was reasoning */
  readonly reasoningTokens: number | null;
}

/** What is known of one call, in terms of the OpenTelemetry gen_ai conventions. */
export interface ObservedCall {
  /** `chat`, `embeddings`, `text_completion`, … */
  readonly operation: string;
  /** From the path where it names one, else from the body; null when the request named none */
  readonly requestModel: string | null;
  /** The request asked for an event stream */
  readonly requestedStream: boolean;
  readonly responseModel: string | null;
  readonly responseId: string | null;
  /** As the provider wrote them, one for each choice that has finished */
  readonly finishReasons: readonly string[];
  /** The answer came as an event stream, or as one of an array's elements */
  readonly isStream: boolean;
  /** From the request's headers to the first event with content in `ms`; null for plain answers and where none came */
  readonly timeToFirstTokenMs: number | null;
  /** Null when the answer held none */
  readonly usage: ObservedUsage | null;
}

/** Watches one call. Bodies come in pieces of any size, decoded from their content coding; all pieces are borrowed. */
export interface CallObserver {
  requestChunk(chunk: Uint8Array): void;
  /** The request is whole, or no more of it will be read */
  requestEnd(): void;
  /** `contentType`: the header's value; empty or null when absent. Only successful answers are read. */
  responseStart(start: { readonly status: number; readonly contentType: string | null }): void;
  /** `sinceStartMs`: when the piece came, from the request's headers in `ms` */
  responseChunk(chunk: Uint8Array, sinceStartMs: number): void;
  responseEnd(): void;
  /** What is known by now: at the end everything, in the middle of a call what it had said before */
  result(): ObservedCall;
  /** Weight of a stream's text so far, see `text-weight.ts`; 0 where it was not asked for, and of plain answers */
  textWeight(): number;
}

const requestSlots = { model: 0, stream: 1 } as const;
const requestShape = compileShape([
  { path: "model", slot: requestSlots.model, as: "value" },
  { path: "stream", slot: requestSlots.stream, as: "value" },
]);

/**
 * Begins to watch a request, by its method and its path with or without a query. Undefined when the provider declares
 * no such operation: a list of models, a file. `weighs`: the text of the answer is weighed too.
 */
export function createCallObserver(
  provider: Provider,
  request: { readonly method: string; readonly path: string; readonly weighs?: boolean },
): CallObserver | undefined {
  const { method, path, weighs = false } = request;
  const found = findOperation(provider, method, path);
  return found === undefined ? undefined : new OperationObserver(found, weighs);
}

class OperationObserver implements CallObserver {
  readonly #layout: OperationLayout;
  readonly #pathModel: string | null;
  #bodyModel: string | null = null;
  #requestedStream = false;
  /** Null when the request was read */
  #request: JsonScanner | null = new JsonScanner(requestShape, 2);
  /** Null before the answer, and for one that is not read */
  #answer: AnswerReader | null = null;
  readonly #weighs: boolean;
  #isStream = false;
  #isAnswered = false;

  constructor({ layout, pathModel }: FoundOperation, weighs: boolean) {
    this.#layout = layout;
    this.#weighs = weighs;
    this.#pathModel = pathModel;
  }

  requestChunk(chunk: Uint8Array): void {
    this.#request?.write(toBuffer(chunk), 0, chunk.length);
  }

  requestEnd(): void {
    this.#settleRequest();
    this.#request = null;
  }

  responseStart(start: { readonly status: number; readonly contentType: string | null }): void {
    const { status, contentType } = start;
    const asked = formOf(contentType ?? "");
    const isArray = asked === "plain" && this.#layout.operation.streamsArrays === true;
    const form = isArray ? "array" : asked;
    this.#isStream = form !== "plain";
    if (status < 200 || status > 299) return;
    this.#answer = new AnswerReader(this.#layout, form, { weighs: this.#weighs });
  }

  responseChunk(chunk: Uint8Array, sinceStartMs: number): void {
    if (!this.#isAnswered) this.#answer?.write(toBuffer(chunk), sinceStartMs);
  }

  responseEnd(): void {
    this.#isAnswered = true;
  }

  result(): ObservedCall {
    this.#settleRequest();
    this.#answer?.settle();
    const answer = this.#answer;
    return {
      operation: this.#layout.operation.name,
      requestModel: this.#pathModel ?? this.#bodyModel,
      requestedStream: this.#requestedStream || this.#layout.operation.isStream === true,
      responseModel: answer?.model ?? null,
      responseId: answer?.id ?? null,
      finishReasons: answer?.finishReasons() ?? [],
      isStream: this.#isStream,
      timeToFirstTokenMs: answer?.firstContentMs ?? null,
      usage: answer === null ? null : usageOf(answer.tokens, this.#layout),
    };
  }

  textWeight(): number {
    return this.#answer?.textWeight ?? 0;
  }

  #settleRequest(): void {
    if (this.#request === null) return;
    const { values } = this.#request;
    const model = values[requestSlots.model];
    this.#bodyModel = typeof model === "string" && model !== "" ? model : null;
    this.#requestedStream = values[requestSlots.stream] === true;
  }
}

function usageOf(tokens: Readonly<AnswerTokens>, layout: OperationLayout): ObservedUsage | null {
  const { input, output, cachedInput, cacheWrite, reasoning } = tokens;
  const isSilent = input === null && output === null && cachedInput === null;
  if (isSilent && cacheWrite === null && reasoning === null) return null;
  const { inputTokens, outputTokens } = layout.operation;
  const isWithout = outputTokens === "without-reasoning";
  return {
    inputTokens: inputTokens === "with-cache" ? input : addTokens(input, cachedInput, cacheWrite),
    // A model that was cut off while it reasoned has no other output
    outputTokens:
      isWithout && reasoning !== null ? addTokens(output ?? 0, reasoning, null) : output,
    cachedInputTokens: cachedInput,
    cacheWriteTokens: cacheWrite,
    reasoningTokens: reasoning,
  };
}

/** Null when the first is, or when the sum is not exact. */
function addTokens(input: number | null, read: number | null, written: number | null) {
  if (input === null) return null;
  const sum = input + (read ?? 0) + (written ?? 0);
  return Number.isSafeInteger(sum) ? sum : null;
}

function formOf(contentType: string): AnswerForm {
  const [type = ""] = contentType.slice(0, 64).split(";", 1);
  switch (type.trim().toLowerCase()) {
    case "text/event-stream":
      return "stream";
    case eventStreamType:
      return "aws-stream";
    default:
      return "plain";
  }
}

/** Searches in a Buffer are native, and many times faster than in a plain array. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
