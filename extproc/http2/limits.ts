/**
 * What a peer may ask of the HTTP/2 server. Every limit bounds memory or work; the defaults are far above what an
 * Envoy with thousands of open streams needs, and far below what hurts.
 */

import { INITIAL_WINDOW_BYTES, MAX_INT31 } from "./protocol.ts";

/** Limits of one connection, and of the server where it says so. */
export interface Http2Limits {
  /** Connections at once of the whole server; more are closed unread */
  readonly maxConnections: number;
  /** Streams open at once; more are refused with REFUSED_STREAM */
  readonly maxConcurrentStreams: number;
  /** Receive window of a stream in bytes */
  readonly streamWindowBytes: number;
  /** Receive window of the connection in bytes */
  readonly connectionWindowBytes: number;
  /** One header block as sent, HEADERS and CONTINUATION together; more closes the connection */
  readonly maxHeaderBlockBytes: number;
  /** One header list as RFC 9113 §6.5.2 counts it; more is answered with status 431 */
  readonly maxHeaderListBytes: number;
  /** CONTINUATION frames of one block */
  readonly maxContinuations: number;
  /** One gRPC message from the peer; more ends the call with RESOURCE_EXHAUSTED */
  readonly maxMessageBytes: number;
  /** Incomplete messages of all streams together; the stream that goes over it ends with RESOURCE_EXHAUSTED */
  readonly maxPartialBytes: number;
  /** Answers that wait for the peer's windows or socket, one stream; more resets the stream */
  readonly maxQueuedStreamBytes: number;
  /** The same of all streams together */
  readonly maxQueuedBytes: number;
  /** Span in `ms` for the counts below */
  readonly floodSpanMs: number;
  /** Streams reset by the peer before anything was answered */
  readonly maxEarlyResets: number;
  /** SETTINGS frames, acknowledgements included */
  readonly maxSettings: number;
  /** PING frames, answers included */
  readonly maxPings: number;
  /** DATA frames that neither hold a byte nor end a stream */
  readonly maxEmptyFrames: number;
  /** WINDOW_UPDATE frames */
  readonly maxWindowUpdates: number;
  /** Frames without effect: PRIORITY, unknown types, frames for streams that are over, refused streams */
  readonly maxIgnoredFrames: number;
  /** Until the preface and the first SETTINGS are there, in `ms` */
  readonly handshakeMs: number;
  /** In which a waiting answer must move by `minDrainBytes`, in `ms` */
  readonly stallMs: number;
  /** What a peer must take of a waiting answer in `stallMs`, or all that is left of it */
  readonly minDrainBytes: number;
  /** For the peer to close after we said the last word, in `ms` */
  readonly lingerMs: number;
}

/** Limits for an Envoy next door. */
const defaultLimits: Http2Limits = {
  maxConnections: 1_024,
  maxConcurrentStreams: 65_536,
  // Short calls never need a WINDOW_UPDATE, and bodies of any size flow: larger ones measured no faster.
  streamWindowBytes: 1_048_576,
  connectionWindowBytes: 16_777_216,
  maxHeaderBlockBytes: 131_072,
  maxHeaderListBytes: 131_072,
  maxContinuations: 32,
  maxMessageBytes: 35_651_584,
  maxPartialBytes: 268_435_456,
  maxQueuedStreamBytes: 37_748_736,
  maxQueuedBytes: 268_435_456,
  floodSpanMs: 10_000,
  // Agents that are killed take all their open calls with them, so bursts are normal.
  maxEarlyResets: 20_000,
  maxSettings: 100,
  maxPings: 1_000,
  maxEmptyFrames: 1_000,
  maxWindowUpdates: 100_000,
  maxIgnoredFrames: 20_000,
  handshakeMs: 10_000,
  stallMs: 120_000,
  minDrainBytes: 4_096,
  lingerMs: 1_000,
};

/**
 * The limits of a server: for an Envoy next door, but for those that are given. RangeError for one that is no whole
 * number, and for windows that the protocol does not allow.
 */
export function createLimits(differing: Partial<Http2Limits> = {}): Http2Limits {
  const limits = { ...defaultLimits, ...differing };
  for (const [name, value] of Object.entries(limits)) {
    const least = name.endsWith("WindowBytes") ? INITIAL_WINDOW_BYTES : 0;
    if (Number.isInteger(value) && value >= least && value <= MAX_INT31) continue;
    throw new RangeError(`Cannot use limit ${name}: ${value}, wanted ${least} to ${MAX_INT31}`);
  }
  return limits;
}
