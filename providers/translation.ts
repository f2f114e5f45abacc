/**
 * One call in one dialect, served in another: the request is encoded anew, the answer comes back in the caller's
 * dialect, piece by piece where it is a stream. Errors are translated with their status and kind.
 */

import { AnswerBound } from "./answer-bound.ts";
import type {
  ChatCodec,
  Codec,
  StreamDecoder,
  WireBody,
  WireRequest,
  WireResponse,
} from "./codec.ts";
import type { ChatRequest, EmbeddingsRequest } from "./ir.ts";
import { dropLacking } from "./lacking-features.ts";
import type { ServedApi } from "./provider.ts";
import type { FeatureUse, Judgement } from "./request-features.ts";
import { chatFeatures, embeddingsFeatures, judge } from "./request-features.ts";

/** A request that was read, with the codec that read it; both codecs of a translation are of its operation. */
export type DecodedCall =
  | {
      readonly operation: "chat" | "count_tokens";
      readonly codec: Codec;
      readonly request: ChatRequest;
    }
  | {
      readonly operation: "embeddings";
      readonly codec: Codec;
      readonly request: EmbeddingsRequest;
    };

/** The call, or a clause about what is wrong with it. */
export type DecodeOutcome =
  | { readonly kind: "ok"; readonly call: DecodedCall }
  | { readonly kind: "malformed"; readonly reason: string };

/** Reads a request by the codec of its operation. */
export function decodeCall(codec: Codec, wire: WireRequest): DecodeOutcome {
  if (codec.operation === "embeddings") {
    const decoded = codec.decodeRequest(wire);
    if (decoded.kind === "malformed") return decoded;
    return { kind: "ok", call: { operation: codec.operation, codec, request: decoded.value } };
  }
  const decoded = codec.decodeRequest(wire);
  if (decoded.kind === "malformed") return decoded;
  return { kind: "ok", call: { operation: codec.operation, codec, request: decoded.value } };
}

/** Whether a call can be served by an API, and what of it would be left out. */
export function judgeCall(call: DecodedCall, api: ServedApi): Judgement {
  const expresses = (feature: FeatureUse["feature"]) =>
    api.codec.expresses.has(feature) && api.lacks?.has(feature) !== true;
  const uses =
    call.operation === "embeddings"
      ? embeddingsFeatures(call.request)
      : chatFeatures(call.request, api.codec.name);
  return judge(uses, expresses);
}

/** The first way of a provider that serves an operation for a model; the caller's own dialect before others. */
export function findServedApi(
  served: readonly ServedApi[],
  source: Codec,
  model: string,
): ServedApi | undefined {
  const able = served.filter(
    ({ codec, serves }) => codec.operation === source.operation && serves?.(model) !== false,
  );
  return able.find(({ codec }) => codec === source) ?? able[0];
}

/** The request's body in the dialect of an API that can serve it, asking for `model`. */
export function encodeCall(call: DecodedCall, api: ServedApi, model: string): string | Buffer {
  const { codec } = api;
  if (call.operation === "embeddings") {
    if (codec.operation !== "embeddings") throw new TypeError(mismatch(call, codec));
    return codec.encodeRequest({ ...call.request, model });
  }
  if (codec.operation !== call.operation) throw new TypeError(mismatch(call, codec));
  const request = dropLacking({ ...call.request, model }, api.lacks);
  return codec.operation === "chat" && api.encodeChat !== undefined
    ? api.encodeChat(request)
    : codec.encodeRequest(request);
}

/** What becomes of a whole answer. */
export type AnswerOutcome =
  | { readonly kind: "ok"; readonly answer: WireBody }
  /** The provider's answer is none in its dialect */
  | { readonly kind: "malformed"; readonly reason: string };

/** A whole successful answer in the caller's dialect. */
export function translateAnswer(
  call: DecodedCall,
  served: Codec,
  response: WireResponse,
): AnswerOutcome {
  switch (call.codec.operation) {
    case "chat": {
      if (served.operation !== "chat" || call.operation === "embeddings") break;
      const decoded = served.decodeResponse(response);
      if (decoded.kind === "malformed") return decoded;
      // Some dialects do not say which model answered; agents want to read a name.
      const value = { ...decoded.value, model: decoded.value.model || call.request.model };
      return { kind: "ok", answer: call.codec.encodeResponse(value, call.request) };
    }
    case "count_tokens": {
      if (served.operation !== "count_tokens" || call.operation === "embeddings") break;
      const decoded = served.decodeResponse(response);
      if (decoded.kind === "malformed") return decoded;
      return { kind: "ok", answer: call.codec.encodeResponse(decoded.value, call.request) };
    }
    case "embeddings": {
      if (served.operation !== "embeddings" || call.operation !== "embeddings") break;
      const decoded = served.decodeResponse(response);
      if (decoded.kind === "malformed") return decoded;
      return { kind: "ok", answer: call.codec.encodeResponse(decoded.value, call.request) };
    }
  }
  throw new TypeError(mismatch(call, served));
}

/** A failed answer in the caller's dialect. */
export function translateError(
  source: Codec,
  served: Codec,
  response: WireResponse,
): WireBody & { readonly status: number } {
  return source.encodeError(served.decodeError(response));
}

/** Translates one streamed answer. */
export interface StreamTranslator {
  readonly contentType: string;
  /** Bytes for the caller, perhaps none; the chunk is borrowed */
  write(chunk: Buffer): string | Buffer;
  /** The upstream ended. */
  end(): string | Buffer;
  /** Ends the stream with an error in the caller's dialect: the upstream broke off. */
  fail(message: string): string | Buffer;
}

/**
 * A translator for the streamed answer to `request`, which `source` decoded. An answer above `maxStreamedAnswer` ends
 * with an error, and the upstream's bytes after it are not read.
 */
export function createStreamTranslator(
  source: ChatCodec,
  served: ChatCodec,
  request: ChatRequest,
): StreamTranslator {
  const decoder = served.createStreamDecoder();
  const encoder = source.createStreamEncoder(request);
  const bound = new AnswerBound();
  const encode = (events: Events) => encoder.write(bound.pass(nameModel(events, request)));
  return {
    contentType: encoder.contentType,
    write: (chunk) => encode(bound.isOver ? none : decoder.write(chunk)),
    end: () => encode(bound.isOver ? none : decoder.end()),
    fail: (message) =>
      encoder.write([
        { kind: "failed", error: { status: 502, kind: "server", message, code: null } },
      ]),
  };
}

type Events = ReturnType<StreamDecoder["write"]>;

const none: Events = [];

/** A start that names no model gets the one that was asked; nothing comes before a start but counts. */
function nameModel(events: Events, { model }: ChatRequest): Events {
  const index = events[0]?.kind === "usage" ? 1 : 0;
  const start = events[index];
  if (start?.kind !== "start" || start.model !== "") return events;
  return events.with(index, { ...start, model });
}

function mismatch({ operation }: DecodedCall, codec: Codec): string {
  return `Cannot translate ${operation}: ${codec.name} is a codec of ${codec.operation}`;
}
