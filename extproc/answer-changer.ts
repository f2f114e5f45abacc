/**
 * What becomes of an answer on its way back: nothing, a stream without the usage that only we asked for, or the whole of
 * it in the dialect of the agent. Holds no more than one answer that is not a stream.
 */

import type { HeaderPair } from "../gateway/decision.ts";
import type { Codec, WireResponse } from "../providers/codec.ts";
import type { ModelError } from "../providers/ir.ts";
import type { DecodedCall, StreamTranslator } from "../providers/translation.ts";
import {
  createStreamTranslator,
  translateAnswer,
  translateError,
} from "../providers/translation.ts";
import type { UsageChunkFilter } from "../providers/usage-chunk-filter.ts";
import { createUsageChunkFilter } from "../providers/usage-chunk-filter.ts";
import type { AnswerChange } from "./candidate-request.ts";
import { decodeBody } from "./decode-body.ts";
import { maxAnswerBytes } from "./engine-limits.ts";
import type { HeaderView } from "./transaction-message.ts";
import { ownedHeaders } from "./waiting-messages.ts";

/** How the body of an answer is to be shown. */
export type AnswerShape =
  /** It passes as it is */
  | { readonly kind: "pass" }
  /** Piece by piece */
  | {
      readonly kind: "stream";
      readonly set: readonly HeaderPair[];
      readonly remove: readonly string[];
    }
  /** Whole, before its headers go on */
  | { readonly kind: "whole" };

/** A whole answer in the agent's dialect. */
export interface WholeAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** `:status` is not among them */
  readonly set: readonly HeaderPair[];
  readonly remove: readonly string[];
  /** A clause about what the provider did wrong; null when nothing */
  readonly problem: string | null;
}

const streamTypes = ["text/event-stream", "application/vnd.amazon.eventstream"];
const pass: AnswerShape = { kind: "pass" };
const noBytes = Buffer.alloc(0);
/** Of the body that the provider sent, and none of ours. */
const bodyHeaders = ["content-length", "content-encoding", "transfer-encoding", "etag", "digest"];

/** Changes one answer. */
export class AnswerChanger {
  readonly #change: AnswerChange;
  #filter: UsageChunkFilter | undefined;
  #translator: StreamTranslator | undefined;
  #headers: HeaderView | undefined;
  /** Nothing of the stream follows */
  #isOver = false;

  constructor(change: AnswerChange) {
    this.#change = change;
  }

  /** Takes the headers, which are borrowed; `isLast`: no body follows. May throw what a codec throws. */
  onHeaders(headers: HeaderView, isLast: boolean): AnswerShape {
    const change = this.#change;
    if (change.kind === "none") return pass;
    const isSuccess = (headers.find(":status") ?? "").startsWith("2");
    const isStream = isStreamType(headers.find("content-type") ?? "") && isUncoded(headers);
    if (change.kind === "filter") {
      if (!isSuccess || !isStream || isLast) return pass;
      this.#filter = createUsageChunkFilter();
      return { kind: "stream", set: [], remove: ["content-length"] };
    }
    if (isSuccess && isStream && !isLast) {
      const translator = streamTranslator(change.call, change.served, headers);
      if (translator !== undefined) {
        this.#translator = translator;
        const set: HeaderPair[] = [["content-type", translator.contentType]];
        return { kind: "stream", set, remove: bodyHeaders };
      }
    }
    this.#headers = ownedHeaders(headers);
    return { kind: "whole" };
  }

  /** What is sent for a piece of a stream, which is borrowed. */
  onPiece(chunk: Buffer, isLast: boolean): Buffer {
    const filter = this.#filter;
    if (filter !== undefined) {
      const passed = chunk.length === 0 ? noBytes : filter.write(chunk);
      return isLast ? Buffer.concat([passed, filter.end()]) : passed;
    }
    const translator = this.#translator;
    if (translator === undefined) return chunk;
    if (this.#isOver) return noBytes;
    this.#isOver = isLast;
    try {
      const written = chunk.length === 0 ? noBytes : bytesOf(translator.write(chunk));
      return isLast ? Buffer.concat([written, bytesOf(translator.end())]) : written;
    } catch {
      this.#isOver = true;
      return endStream(translator);
    }
  }

  /** Takes the body of an answer that is shown whole; undefined: it passes as it is. */
  onWhole(body: Buffer): WholeAnswer | undefined {
    const change = this.#change;
    const headers = this.#headers;
    if (change.kind !== "translate" || headers === undefined) return undefined;
    const { call, served } = change;
    const decoded = decodeBody(body, headers.find("content-encoding"), maxAnswerBytes);
    if (decoded.kind !== "ok") return failed(call.codec, "its body cannot be decoded");
    const response: WireResponse = {
      status: Number(headers.find(":status") ?? 0),
      header: (name) => headers.find(name),
      body: decoded.body,
    };
    try {
      return this.#translate(response, call, served);
    } catch {
      return failed(call.codec, "its answer cannot be translated");
    }
  }

  #translate(response: WireResponse, call: DecodedCall, served: Codec): WholeAnswer {
    const { status } = response;
    if (status < 200 || status > 299) {
      const { status: told, ...wire } = translateError(call.codec, served, response);
      return whole(wire, told);
    }
    if (call.operation === "chat" && call.request.stream) {
      const isStream = isStreamType(response.header("content-type") ?? "");
      const clause = isStream ? "its stream is compressed or empty" : "it is no stream";
      return failed(call.codec, clause);
    }
    const outcome = translateAnswer(call, served, response);
    if (outcome.kind === "malformed") return failed(call.codec, outcome.reason);
    return whole(outcome.answer, status);
  }
}

function streamTranslator(
  call: DecodedCall,
  served: Codec,
  headers: HeaderView,
): StreamTranslator | undefined {
  if (call.operation !== "chat" || !call.request.stream) return undefined;
  if (call.codec.operation !== "chat" || served.operation !== "chat") return undefined;
  // The headers are lent: a codec that wants one takes it at once.
  const head = { header: (name: string) => headers.find(name) };
  const named = { ...served, createStreamDecoder: () => served.createStreamDecoder(head) };
  return createStreamTranslator(call.codec, named, call.request);
}

function isUncoded(headers: HeaderView): boolean {
  const coding = headers.find("content-encoding") ?? "";
  return coding === "" || coding.toLowerCase() === "identity";
}

function isStreamType(contentType: string): boolean {
  const type = contentType.toLowerCase();
  return streamTypes.some((known) => type.startsWith(known));
}

interface Answer {
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

function whole({ contentType, body, headers = [] }: Answer, status: number): WholeAnswer {
  const bytes = bytesOf(body);
  return {
    status,
    body: bytes,
    set: [
      ["content-type", contentType],
      // Envoy takes a body of another length only with the header that says so.
      ["content-length", String(bytes.length)],
      ...headers.map(({ name, value }): HeaderPair => [name, value]),
    ],
    remove: bodyHeaders.filter((name) => name !== "content-length"),
    problem: null,
  };
}

function failed(codec: Codec, clause: string): WholeAnswer {
  const error: ModelError = {
    status: 502,
    kind: "server",
    message: `The gateway cannot give the provider's answer on: ${clause}`,
    code: "clrk_upstream_malformed",
  };
  try {
    const { status, ...wire } = codec.encodeError(error);
    return { ...whole(wire, status), problem: clause };
  } catch {
    const body = JSON.stringify({ error: { message: error.message, code: error.code } });
    return { ...whole({ contentType: "application/json", body }, error.status), problem: clause };
  }
}

/** A stream that has begun can only be ended, in words that the agent's SDK raises. */
function endStream(translator: StreamTranslator): Buffer {
  try {
    return bytesOf(translator.fail("The gateway failed to translate the stream"));
  } catch {
    // It ends without its last event, which SDKs take for a failure too.
    return noBytes;
  }
}

function bytesOf(body: string | Buffer): Buffer {
  return typeof body === "string" ? Buffer.from(body, "utf8") : body;
}
