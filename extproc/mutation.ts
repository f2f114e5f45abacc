/**
 * Encodes replies to Envoy's HTTP filter, `envoy.service.ext_proc.v3.ProcessingResponse`: what becomes of headers,
 * bodies and trailers. All of them let the transaction go on; `immediate-response.ts` ends it.
 */
import { CLRK_HEADERS } from "../gateway/headers.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import type { HeaderChanges, PickedWay } from "./reply-parts.ts";
import {
  replyBound,
  wayBound,
  writeHeaderChanges,
  writeTransactionId,
  writeWay,
} from "./reply-parts.ts";
import type { Phase } from "./transaction-message.ts";

const MODE_OVERRIDE = 9;
const OVERRIDE_MESSAGE_TIMEOUT = 10;

/** HeaderSendMode of Envoy. */
const SEND = 1;
const SKIP = 2;

/** What Envoy does with a body: BodySendMode of `envoy.extensions.filters.http.ext_proc.v3.ProcessingMode`. */
export type BodyMode =
  | "none"
  | "streamed"
  | "buffered"
  | "buffered-partial"
  | "full-duplex-streamed";

const BODY_MODES: Readonly<Record<BodyMode, number>> = {
  none: 0,
  streamed: 1,
  buffered: 2,
  "buffered-partial": 3,
  "full-duplex-streamed": 4,
};

/**
 * What Envoy shall send of the transaction from here on. It replaces the configured mode as a whole, so both bodies must
 * be said. Trailers are sent for `full-duplex-streamed` bodies, which cannot do without, and for no others. Envoy
 * ignores all of it unless its filter allows overrides.
 */
export interface BodyModes {
  readonly request: BodyMode;
  readonly response: BodyMode;
  /** Default `send` */
  readonly responseHeaders?: "send" | "skip";
}

/** Answer to the headers of a request or response. */
export interface HeadersReply extends HeaderChanges {
  readonly mode?: BodyModes;
  /** Goes into Envoy's access log as dynamic metadata `clrk:id` */
  readonly transactionId?: string;
  /** Lets Envoy choose the route anew by the changed headers */
  readonly clearRouteCache?: boolean;
  /** Has Envoy choose the route anew by it */
  readonly way?: PickedWay;
}

/** Answer to a body or a piece of it. */
export interface BodyReply extends Partial<HeaderChanges> {
  /**
   * Takes the body's place, an empty one too; absent: the body stays. Copied. For one of another length the reply to the
   * headers must have removed `content-length`, or Envoy fails the transaction. Not for `full-duplex-streamed`
   */
  readonly body?: Uint8Array;
  readonly mode?: BodyModes;
  /** Goes into Envoy's access log as dynamic metadata `clrk:id` */
  readonly transactionId?: string;
  /** Has Envoy choose the route anew by it; in mode `buffered` only */
  readonly way?: PickedWay;
}

/** A piece of a body in mode `full-duplex-streamed`, where what is not sent back is lost. */
export interface BodyChunk {
  /** Copied */
  readonly body: Uint8Array;
  /** Nothing follows, trailers neither */
  readonly endOfStream: boolean;
}

/** Phases that hold the headers of a message. */
export type HeadersPhase = "request-headers" | "response-headers";
/** Phases that hold a piece of a body. */
export type BodyPhase = "request-body" | "response-body";
/** Phases that hold what follows a body. */
export type TrailersPhase = "request-trailers" | "response-trailers";

/** Numbers of the replies' fields in ProcessingResponse. */
const REPLY_FIELDS: Readonly<Record<Phase, number>> = {
  "request-headers": 1,
  "response-headers": 2,
  "request-body": 3,
  "response-body": 4,
  "request-trailers": 5,
  "response-trailers": 6,
};

/**
 * One reply a phase that changes nothing. Shared: must not be written to. For bodies in mode `full-duplex-streamed` there
 * is no such reply.
 */
export const continueReplies: Readonly<Record<Phase, Buffer>> = {
  "request-headers": emptyReply("request-headers"),
  "response-headers": emptyReply("response-headers"),
  "request-body": emptyReply("request-body"),
  "response-body": emptyReply("response-body"),
  "request-trailers": emptyReply("request-trailers"),
  "response-trailers": emptyReply("response-trailers"),
};

const writer = new ProtobufWriter();
/** Headers that no request has here: what an agent sends under our prefix is stripped. */
const nothingThere: readonly string[] = [CLRK_HEADERS.served];
const noChanges: HeaderChanges = { set: [], remove: [] };

/** A message that lets headers pass with these changes; new bytes, or the shared ones when there are none. */
export function encodeHeadersReply(phase: HeadersPhase, reply: HeadersReply): Buffer {
  const { mode, transactionId, clearRouteCache, way } = reply;
  const wayBytes = way === undefined ? 0 : wayBound(way);
  writer.begin(replyBound(reply, transactionId) + wayBytes);
  const end = writer.mark();
  writeModes(mode);
  // Of two entries of one namespace Envoy would read the last.
  if (way !== undefined) writeWay(writer, way, transactionId);
  else if (transactionId !== undefined) writeTransactionId(writer, transactionId);
  const start = writer.mark();
  if (clearRouteCache === true || way !== undefined) writer.number(5, 1);
  writeHeaderChanges(writer, 2, way === undefined ? reply : marked(reply));
  if (writer.mark() === end) return continueReplies[phase];
  writeCommonResponse(phase, start);
  return writer.finish();
}

/**
 * A message that lets a body or a piece of it pass, perhaps another one in its place. Envoy takes header changes at a
 * body only in mode `buffered`, where it still holds the headers.
 */
export function encodeBodyReply(phase: BodyPhase, reply: BodyReply): Buffer {
  const { body, mode, transactionId, way } = reply;
  const changes: HeaderChanges = {
    set: reply.set ?? noChanges.set,
    // Envoy ignores a wish for another route that changes no header.
    remove: reply.remove ?? (way === undefined ? noChanges.remove : nothingThere),
  };
  const wayBytes = way === undefined ? 0 : wayBound(way);
  writer.begin(replyBound(changes, transactionId) + (body?.length ?? 0) + wayBytes);
  const end = writer.mark();
  writeModes(mode);
  if (transactionId !== undefined) writeTransactionId(writer, transactionId);
  if (way !== undefined) writeWay(writer, way);
  const start = writer.mark();
  if (way !== undefined) writer.number(5, 1);
  if (body !== undefined) {
    const mutation = writer.mark();
    writer.bytes(1, body);
    writer.block(3, mutation);
  }
  writeHeaderChanges(writer, 2, changes);
  if (writer.mark() === end) return continueReplies[phase];
  writeCommonResponse(phase, start);
  return writer.finish();
}

/** A message that sends a piece of a body on, in mode `full-duplex-streamed`; as many of them as there shall be pieces. */
export function encodeBodyChunk(phase: BodyPhase, { body, endOfStream }: BodyChunk): Buffer {
  writer.begin(replyBound(noChanges, undefined) + body.length);
  const start = writer.mark();
  if (endOfStream) writer.number(2, 1);
  if (body.length > 0) writer.bytes(1, body);
  writer.block(3, start);
  writer.block(3, start);
  writeCommonResponse(phase, start);
  return writer.finish();
}

/** A message that lets trailers pass with these changes. */
export function encodeTrailersReply(
  phase: TrailersPhase,
  changes: HeaderChanges = noChanges,
): Buffer {
  if (changes.set.length === 0 && changes.remove.length === 0) return continueReplies[phase];
  writer.begin(replyBound(changes, undefined));
  const start = writer.mark();
  writeHeaderChanges(writer, 1, changes);
  writer.block(REPLY_FIELDS[phase], start);
  return writer.finish();
}

/** Envoy ignores a wish for another route that changes no header. */
function marked({ set, remove }: HeaderChanges): HeaderChanges {
  return { set, remove: remove.length === 0 && set.length === 0 ? nothingThere : remove };
}

/**
 * A message that has Envoy wait longer for the answer to what it sent last; once a phase, and no longer than its filter
 * allows. The answer itself still follows.
 */
export function encodeLongerWait(waitMs: number): Buffer {
  writer.begin(replyBound(noChanges, undefined));
  const start = writer.mark();
  writer.number(1, Math.ceil(waitMs / 1_000));
  writer.block(OVERRIDE_MESSAGE_TIMEOUT, start);
  return writer.finish();
}

function emptyReply(phase: Phase): Buffer {
  return Buffer.from([(REPLY_FIELDS[phase] << 3) | 2, 0]);
}

/** CommonResponse in a HeadersResponse or BodyResponse, around everything since `start`. */
function writeCommonResponse(phase: Phase, start: number): void {
  writer.block(1, start);
  writer.block(REPLY_FIELDS[phase], start);
}

/** ProcessingMode: what is not written counts as Envoy's default there, not as what is configured. */
function writeModes(modes: BodyModes | undefined): void {
  if (modes === undefined) return;
  const { request, response, responseHeaders } = modes;
  const start = writer.mark();
  writer.number(6, response === "full-duplex-streamed" ? SEND : SKIP);
  writer.number(5, request === "full-duplex-streamed" ? SEND : SKIP);
  writer.number(4, BODY_MODES[response]);
  writer.number(3, BODY_MODES[request]);
  writer.number(2, responseHeaders === "skip" ? SKIP : SEND);
  writer.number(1, SEND);
  writer.block(MODE_OVERRIDE, start);
}
