/** One stream of a connection: its state, and the answers that its handler may give. */

import type { CallEnd } from "./call.ts";
import { ReceiveWindow } from "./receive-window.ts";
import type { RequestHead } from "./request-head.ts";
import type { SendQueue } from "./send-queue.ts";

/** Takes what comes on one stream. A throw is a fault of ours and ends the connection. */
export interface StreamHandler {
  /** Bytes of the body, `bytes[start, end)`, never none. Borrowed until this returns */
  onBody(bytes: Buffer, start: number, end: number): void;
  /** The peer will send nothing further */
  onEnd(): void;
  /** Exactly once and last; never while another method runs */
  onClose(end: CallEnd): void;
}

/** Handles a request that is answered already: does nothing with what still comes. */
export const deafHandler: StreamHandler = { onBody: () => {}, onEnd: () => {}, onClose: () => {} };

/** Decides who handles a request; may answer at once. */
export type OpenStream = (stream: Http2Stream, head: RequestHead) => StreamHandler;

/** Carries out what the handler of a stream asks for. */
export interface StreamOwner {
  sendHeaders(stream: Http2Stream, block: Uint8Array): void;
  sendBody(stream: Http2Stream, lead: Uint8Array, body: Uint8Array): void;
  end(stream: Http2Stream, trailers: Uint8Array | undefined): void;
}

/** A stream that was opened by the peer. After it has closed, all methods do nothing. */
export class Http2Stream {
  readonly id: number;
  readonly #owner: StreamOwner;

  // The fields below are the connection's.
  handler: StreamHandler | undefined;
  readonly receiveWindow: ReceiveWindow;
  /** May be negative after SETTINGS made windows smaller (§6.9.2) */
  sendWindow: number;
  /** Bytes of the body that were declared; -1 when none were */
  readonly contentLength: number;
  /** Bytes of the body that came */
  bodyBytes = 0;
  isRemoteDone = false;
  /** The handler has ended its answer; some of it may still wait */
  isEnding = false;
  isAnswered = false;
  isClosed = false;
  /** Why it is closed, once it is */
  closedBy: CallEnd = "finished";
  queue: SendQueue | undefined;

  constructor(id: number, owner: StreamOwner, state: StreamStart) {
    this.id = id;
    this.#owner = owner;
    this.handler = undefined;
    this.receiveWindow = new ReceiveWindow(state.receiveWindow);
    this.sendWindow = state.sendWindow;
    this.contentLength = state.contentLength;
    this.queue = undefined;
  }

  /** Sends a header block, which is written before this returns. */
  sendHeaders(block: Uint8Array): void {
    if (!this.isEnding && !this.isClosed) this.#owner.sendHeaders(this, block);
  }

  /** Sends the bytes of both parts, after the headers; they are copied before this returns. */
  sendBody(lead: Uint8Array, body: Uint8Array): void {
    if (!this.isEnding && !this.isClosed) this.#owner.sendBody(this, lead, body);
  }

  /** Ends the answer, with trailers or the only headers where they are given. They must stay as they are. */
  end(trailers: Uint8Array | undefined): void {
    if (!this.isEnding && !this.isClosed) this.#owner.end(this, trailers);
  }
}

/** How a stream begins. */
export interface StreamStart {
  readonly receiveWindow: number;
  readonly sendWindow: number;
  readonly contentLength: number;
}
