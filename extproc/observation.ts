/**
 * What is read of one transaction as it passes: model, tokens and finish reasons, and the parts that the record keeps.
 * It changes nothing and delays nothing; what it cannot read it leaves out. Compressed bodies are decoded beside the
 * stream, so that it may have read everything only after the stream has ended.
 */

import type { CapturedExchange, ModelCall } from "../gateway/call-facts.ts";
import type { BodyCapture } from "../gateway/capture.ts";
import { CapturedJson } from "../gateway/captured-json.ts";
import {
  bodyRedactionOf,
  captureHeaders,
  createBodyCapture,
  finishCapturedBody,
  mediaTypeOf,
} from "../gateway/capture.ts";
import type { CapturePlan } from "../gateway/snapshot.ts";
import type { ValueRedactor } from "../gateway/value-redactor.ts";
import type { CallObserver } from "../providers/call-observer.ts";
import { createCallObserver } from "../providers/call-observer.ts";
import type { TraceIds } from "../gateway/trace-context.ts";
import type { Provider } from "../providers/provider.ts";
import { BodyReader } from "./body-reader.ts";
import type { ServedBy } from "./routed-call.ts";
import type { WordRedactor } from "./word-redactor.ts";
import type { HeaderView } from "./transaction-message.ts";

/** Names the span of a request; empty where it has none. */
export type SpanName = Pick<TraceIds, "traceId" | "spanId">;

/** The head of a request as an observation needs it. */
export interface ObservedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderView;
  readonly trace: SpanName;
}

/** What is to be read and kept. */
export interface ObservedPlan {
  /** Whose API is spoken, where that is known */
  readonly provider: Provider | undefined;
  readonly meters: boolean;
  readonly capture: CapturePlan | undefined;
  /** The text of the answer is weighed, so that it can be charged where its provider does not say what it was */
  readonly weighs?: boolean;
}

/** What an observation is given. */
export interface ObservationOptions {
  readonly plan: ObservedPlan;
  readonly request: ObservedRequest;
  readonly redactor: () => ValueRedactor;
  readonly words: () => WordRedactor;
  readonly settler: Settler;
  /** Where a request stands among all, from 0 to below 1: those below the share of a plan are its sample */
  readonly sampleOf: (trace: SpanName) => number;
}

/** Waits for what is read after the end of a stream. */
export interface Settler {
  /** Everything has been read; called at most once, and never from inside a method of the observation */
  onSettled(): void;
}

/** What is known of a body beside what was kept of it. */
interface PassedBody {
  readonly mediaType: string;
  /** Its end was said */
  readonly isEnded: boolean;
  /** Bytes on the wire that it was announced with; NaN where it was not */
  readonly wholeBytes: number;
}

/** Reads one transaction. */
export class Observation {
  readonly #options: ObservationOptions;
  /** Undefined also where the trace is not in the sample, and would not be kept for a failure either */
  readonly #capture: CapturePlan | undefined;
  readonly #isSampled: boolean;
  #observer: CallObserver | undefined;
  /** Reads what the agent asked, where another provider answers */
  #asked: CallObserver | undefined;
  /** As JSON, like whatever is kept */
  readonly #requestHeaders: string;
  #responseHeaders = noneKept;
  readonly #request: BodyReader | undefined;
  readonly #requestCapture: BodyCapture | undefined;
  readonly #requestType: string;
  #response: BodyReader | undefined;
  #responseCapture: BodyCapture | undefined;
  #responseType = "";
  #isRequestEnded = false;
  #isResponseEnded = false;
  /** What its headers say; NaN where they do not */
  #responseBytes = Number.NaN;
  /** Until there was an answer with a status below 400 */
  #hasFailed = true;
  #responseChunks = 0;
  #sinceStartMs = 0;
  #isClosed = false;

  constructor(options: ObservationOptions) {
    this.#options = options;
    const { plan, request } = options;
    const { provider, capture } = plan;
    const { headers } = request;
    this.#isSampled =
      capture === undefined ||
      capture.sample === 1 ||
      options.sampleOf(request.trace) < capture.sample;
    this.#capture = this.#isSampled || capture?.keepsErrors === true ? capture : undefined;
    this.#requestType = mediaTypeOf(headers.find("content-type"));
    this.#observer = plan.meters && provider !== undefined ? this.#observe(provider) : undefined;
    const kept = this.#capture?.request === true ? this.#capture : undefined;
    this.#requestHeaders = this.#keepHeaders(headers, kept);
    this.#requestCapture =
      kept && createBodyCapture(kept.requestBody, headers.find("content-type"));
    if (this.#observer === undefined && this.#requestCapture === undefined) return;
    this.#request = new BodyReader({
      contentEncoding: contentEncodingOf(headers),
      onData: (chunk) => this.#onRequestData(chunk),
      onEnd: () => this.#settle(),
    });
  }

  /** Messages of the response body so far. */
  get responseChunks(): number {
    return this.#responseChunks;
  }

  /** Weight of a streamed answer's text so far, as far as it is read; 0 where it was not asked for. */
  get textWeight(): number {
    return this.#observer?.textWeight() ?? 0;
  }

  /** A piece of the request's body, which stays the caller's. */
  requestBody(chunk: Buffer, isLast: boolean): void {
    if (this.#request?.isPlain === false) this.#requestCapture?.add(noBytes, chunk.length);
    this.#request?.write(chunk);
    if (isLast) this.requestEnd();
  }

  /** Nothing more of the request will come. */
  requestEnd(): void {
    this.#isRequestEnded = true;
    this.#request?.end();
    if (this.#request?.isSettled !== false) this.#requestObserver?.requestEnd();
  }

  /** Another provider answers than the one that was asked, or by another path. Before the answer's headers. */
  answeredBy({ provider, path }: ServedBy): void {
    const { plan, request } = this.#options;
    if (this.#observer === undefined) return;
    if (provider === plan.provider && path === request.path) return;
    this.#asked = this.#observer;
    this.#observer = this.#observe(provider, path);
  }

  #observe(provider: Provider, path = this.#options.request.path): CallObserver | undefined {
    const { method } = this.#options.request;
    const { weighs = false } = this.#options.plan;
    return createCallObserver(provider, { method, path, weighs });
  }

  /** Takes the answer's headers; false when nothing of its body will be read. */
  responseHeaders(headers: HeaderView, isLast: boolean): boolean {
    const contentType = headers.find("content-type") ?? "";
    const kept = this.#capture?.response === true ? this.#capture : undefined;
    this.#responseHeaders = this.#keepHeaders(headers, kept);
    this.#responseCapture = kept && createBodyCapture(kept.responseBody, contentType);
    this.#responseType = mediaTypeOf(contentType);
    this.#responseBytes = Number.parseInt(headers.find("content-length") ?? "", 10);
    const status = Number(headers.find(":status") ?? 0);
    this.#observer?.responseStart({ status, contentType });
    const meters = this.#observer !== undefined && status < 400 && isReadable(contentType);
    // Whether an answer was cut off is not told: agents that have read enough go before Envoy has said the end.
    this.#hasFailed = status >= 400;
    if (isLast || (!meters && this.#responseCapture === undefined)) return false;
    this.#response = new BodyReader({
      contentEncoding: contentEncodingOf(headers),
      onData: (chunk) => this.#onResponseData(chunk, meters),
      onEnd: () => this.#onResponseRead(),
    });
    return true;
  }

  /** A piece of the answer's body, which stays the caller's. */
  responseBody(chunk: Buffer, isLast: boolean, sinceStartMs: number): void {
    this.#sinceStartMs = sinceStartMs;
    if (chunk.length > 0) this.#responseChunks++;
    if (this.#response?.isPlain === false) this.#responseCapture?.add(noBytes, chunk.length);
    this.#response?.write(chunk);
    if (!isLast) return;
    this.#isResponseEnded = true;
    this.#response?.end();
    if (this.#response?.isSettled === true) this.#observer?.responseEnd();
  }

  /** The stream is over, perhaps in the middle; `settling`: `onSettled` will be called. */
  close(): "settled" | "settling" {
    this.#isClosed = true;
    this.#request?.end();
    this.#response?.end();
    return this.#isSettled() ? "settled" : "settling";
  }

  /** What is known of the call; null when it is none of a model. */
  model(): ModelCall | null {
    const asked = (this.#asked ?? this.#observer)?.result();
    const call = this.#observer?.result() ?? asked;
    if (asked === undefined || call === undefined) return null;
    const words = this.#options.words();
    return {
      operation: asked.operation,
      // An upstream may write what it was sent where its model's name is wanted.
      requestModel: words.redact(asked.requestModel),
      responseModel: words.redact(call.responseModel),
      responseId: words.redactOnce(call.responseId),
      finishReasons: call.finishReasons.map((reason) => words.redact(reason)),
      isStream: call.isStream,
      timeToFirstTokenMs: call.timeToFirstTokenMs,
      usage: call.usage,
    };
  }

  /** What the record keeps; null when nothing was asked for, and of traces outside of the sample that did not fail. */
  capture(): CapturedExchange | null {
    if (this.#capture === undefined || !(this.#isSampled || this.#hasFailed)) return null;
    const request = this.#take(this.#requestCapture, this.#request, {
      mediaType: this.#requestType,
      isEnded: this.#isRequestEnded,
      wholeBytes: Number.NaN,
    });
    const response = this.#take(this.#responseCapture, this.#response, {
      mediaType: this.#responseType,
      isEnded: this.#isResponseEnded,
      wholeBytes: this.#responseBytes,
    });
    const [requestHead, requestBase64, requestTail] = request;
    const [responseHead, responseBase64, responseTail] = response;
    return new CapturedJson([
      `{"requestHeaders":${this.#requestHeaders},"requestBody":${requestHead}`,
      requestBase64,
      `${requestTail},"responseHeaders":${this.#responseHeaders},"responseBody":${responseHead}`,
      responseBase64,
      `${responseTail}}`,
    ]);
  }

  /** Gives up what is still being decoded. */
  destroy(): void {
    this.#request?.destroy();
    this.#response?.destroy();
  }

  get #requestObserver(): CallObserver | undefined {
    return this.#asked ?? this.#observer;
  }

  #onRequestData(chunk: Buffer): void {
    this.#requestObserver?.requestChunk(chunk);
    keep(this.#requestCapture, chunk, this.#request);
  }

  #onResponseData(chunk: Buffer, meters: boolean): void {
    if (meters) this.#observer?.responseChunk(chunk, this.#sinceStartMs);
    keep(this.#responseCapture, chunk, this.#response);
  }

  /** A compressed answer was decoded; one that was cut has no end that could be believed. */
  #onResponseRead(): void {
    if (this.#response?.isCut === false) this.#observer?.responseEnd();
    this.#settle();
  }

  #isSettled(): boolean {
    return this.#request?.isSettled !== false && this.#response?.isSettled !== false;
  }

  #settle(): void {
    if (this.#request?.isSettled !== false) this.#requestObserver?.requestEnd();
    if (this.#isClosed && this.#isSettled()) this.#options.settler.onSettled();
  }

  #keepHeaders(headers: HeaderView, capture: CapturePlan | undefined): string {
    if (capture === undefined) return noneKept;
    return captureHeaders(headers.entries(), {
      redactHeaders: capture.redactHeaders,
      redactQuery: capture.redactQuery,
      injected: noHeaders,
      redactor: this.#options.redactor(),
    });
  }

  /** JSON of the body; `null` where nothing of one was kept. */
  #take(
    capture: BodyCapture | undefined,
    reader: BodyReader | undefined,
    { mediaType, isEnded, wholeBytes }: PassedBody,
  ): ReturnType<typeof finishCapturedBody> {
    if (capture === undefined || reader === undefined || this.#capture === undefined)
      return noneOfBody;
    const { bytes, text, isTruncated } = capture.take();
    if (bytes === 0) return noneOfBody;
    return finishCapturedBody(
      {
        ...{ bytes, text, contentEncoding: reader.undecoded },
        // Agents that have read it all may go before Envoy has said the end.
        isEnded: isEnded || bytes === wholeBytes,
        isTruncated: isTruncated || reader.isCut,
      },
      {
        redactor: this.#options.redactor(),
        redaction: bodyRedactionOf(this.#capture.redactBody),
        mediaType,
      },
    );
  }
}

const noBytes = Buffer.alloc(0);

/** No headers. */
const noneKept = "[]";

/** No body, in pieces. */
const noneOfBody = ["null", "", ""] as const;

/** Headers are kept as the agent sent and is sent them: before credentials are injected. */
const noHeaders: ReadonlySet<string> = new Set();

/** Bytes of a coded body were counted on the wire already. */
function keep(capture: BodyCapture | undefined, chunk: Buffer, reader: BodyReader | undefined) {
  capture?.add(chunk, reader?.isPlain === false ? 0 : chunk.length);
}

/** All codings of a message in their order, over however many fields (RFC 9110 section 8.4). */
function contentEncodingOf(headers: HeaderView): string {
  // Most messages have none, and decoding every header costs each of them.
  if (headers.find("content-encoding") === undefined) return "";
  const fields = headers.entries().filter(([name]) => name === "content-encoding");
  return fields.map(([, value]) => value).join(", ");
}

/** What answers of models are written in. */
function isReadable(contentType: string): boolean {
  const type = contentType.slice(0, 64).toLowerCase();
  return (
    type.startsWith("application/json") ||
    type.startsWith("text/event-stream") ||
    type.startsWith("application/vnd.amazon.eventstream") ||
    type.includes("+json")
  );
}
