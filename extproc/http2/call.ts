/**
 * The seam between the HTTP/2 server and what it serves: one gRPC call as its handler sees it. The server owns framing,
 * flow control and limits; the handler owns what messages mean.
 */

/** One open call, from the server's side. */
export interface GrpcStream {
  /** Value of a request header (gRPC initial metadata), lower-case name; undefined when absent */
  header(name: string): string | undefined;
  /**
   * Sends one gRPC message, response headers first if none were sent. `message` is copied or written before this
   * returns, so that constants may be sent again and again. Ignored once the call has ended.
   */
  send(message: Uint8Array): void;
  /** Ends the call with trailers; 0 is OK. Later calls of `send` and `finish` are ignored. */
  finish(status: number, message?: string): void;
}

/** Why a call is over: the peer reset it, its connection broke, or both sides ended it. */
export type CallEnd = "reset" | "connection-lost" | "finished";

/** What a handler does with a call. Methods are called in order and never after `onClose`. */
export interface GrpcCall {
  /** One whole message, `bytes[start, end)`. Borrowed until this returns: whoever keeps bytes copies them. */
  onMessage(bytes: Buffer, start: number, end: number): void;
  /** The peer will send no further message */
  onHalfClose(): void;
  /** Exactly once, whatever ended the call */
  onClose(end: CallEnd): void;
}

/** Told of the messages that one read of a connection brings. Methods must not throw. */
export interface ReadBatch {
  /** Messages follow */
  beginBatch(): void;
  /** All have been taken; what calls send now still leaves with the other answers */
  endBatch(): void;
}

/** Opens a handler for a new call of one method. A throw ends the call with INTERNAL and nothing else. */
export type OpenCall = (stream: GrpcStream) => GrpcCall;
