/**
 * What a dialect must supply so that calls in it can be translated: codecs between its bytes and the IR. Codecs are
 * pure: no I/O, clock, randomness or state beside the streams that they create. They may throw; a throw refuses that
 * request and nothing else. Expected failures are values.
 */

import type { Feature } from "./features.ts";
import type {
  ChatRequest,
  ChatResponse,
  EmbeddingsRequest,
  EmbeddingsResponse,
  ModelError,
  StreamEvent,
  TokenCount,
} from "./ir.ts";

/** A request as its codec reads it. */
export interface WireRequest {
  /** With its query */
  readonly path: string;
  /** The model that the path names, decoded; null where the body does */
  readonly pathModel: string | null;
  /** First value of a header by its lower-case name */
  readonly header: (name: string) => string | undefined;
  /** Whole and decoded from its content coding; borrowed */
  readonly body: Buffer;
}

/** A whole answer as its codec reads it. */
export interface WireResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Whole and decoded from its content coding; borrowed */
  readonly body: Buffer;
}

/** What was decoded, or a clause for the caller about what is wrong; it never quotes values. */
export type Decoded<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "malformed"; readonly reason: string };

/** A body with the media type that it has. */
export interface WireBody {
  readonly contentType: string;
  readonly body: string | Buffer;
  /** Headers that the dialect's SDKs need beside it, lower case; absent: none */
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

/** What codecs of every operation have. */
interface AnyCodec {
  /** Name of the dialect, such as `openai-chat`; two operations are of one dialect when their codecs are the same value */
  readonly name: string;
  /** Features of the IR that the dialect has words for; what is missing here `features.ts` decides */
  readonly expresses: ReadonlySet<Feature>;
  /** Reads the error of an answer; also of one that is not in the provider's shape: status and body decide */
  decodeError(response: WireResponse): ModelError;
  /**
   * Writes an error that the SDKs of the dialect raise as the class that fits `kind`. `status` may differ from the
   * error's where they would not understand it.
   */
  encodeError(error: ModelError): WireBody & { readonly status: number };
}

/** Codec of conversations. */
export interface ChatCodec extends AnyCodec {
  readonly operation: "chat";
  decodeRequest(request: WireRequest): Decoded<ChatRequest>;
  /** Writes a request that has no feature which the dialect does not express, except those that may be dropped. */
  encodeRequest(request: ChatRequest): string | Buffer;
  /** Reads the answer to a request that this codec encoded; its status is 2xx. */
  decodeResponse(response: WireResponse): Decoded<ChatResponse>;
  /** Writes the answer to `request`, which this codec decoded. */
  encodeResponse(response: ChatResponse, request: ChatRequest): WireBody;
  /** `head`: the answer's headers, for dialects whose streams do not name themselves; absent: not known */
  createStreamDecoder(head?: Pick<WireResponse, "header">): StreamDecoder;
  /** Writes the streamed answer to `request`, which this codec decoded. */
  createStreamEncoder(request: ChatRequest): StreamEncoder;
}

/** Codec of counts of tokens; its requests are conversations without an answer. */
export interface CountCodec extends AnyCodec {
  readonly operation: "count_tokens";
  decodeRequest(request: WireRequest): Decoded<ChatRequest>;
  encodeRequest(request: ChatRequest): string | Buffer;
  decodeResponse(response: WireResponse): Decoded<TokenCount>;
  encodeResponse(count: TokenCount, request: ChatRequest): WireBody;
}

/** Codec of calls that turn texts into vectors; there are no streams of them. */
export interface EmbeddingsCodec extends AnyCodec {
  readonly operation: "embeddings";
  decodeRequest(request: WireRequest): Decoded<EmbeddingsRequest>;
  encodeRequest(request: EmbeddingsRequest): string | Buffer;
  decodeResponse(response: WireResponse): Decoded<EmbeddingsResponse>;
  encodeResponse(response: EmbeddingsResponse, request: EmbeddingsRequest): WireBody;
}

/** Any codec; translation is between two of the same operation. */
export type Codec = ChatCodec | CountCodec | EmbeddingsCodec;

/**
 * Reads one streamed answer. Pieces are cut anywhere and borrowed; the events do not depend on where. What it does not
 * know it ignores; what is broken is a `failed` event, after which it tells nothing.
 */
export interface StreamDecoder {
  write(chunk: Buffer): readonly StreamEvent[];
  /** The upstream ended: closes what is open. A stream without its terminal event is `failed`. */
  end(): readonly StreamEvent[];
}

/** Writes one streamed answer. Bytes come out for the events that go in; nothing is kept back except what must be whole. */
export interface StreamEncoder {
  readonly contentType: string;
  /** Bytes for the events, perhaps none; after `end` or `failed` always none. */
  write(events: readonly StreamEvent[]): string | Buffer;
}
