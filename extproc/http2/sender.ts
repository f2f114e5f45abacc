/**
 * Send side of one connection: answers go out as far as the peer's windows (RFC 9113 §5.2) and its socket allow; what
 * does not fit waits at its stream, bounded. Streams that can go on take turns, a frame each.
 */

import type { FrameWriter } from "./frame-writer.ts";
import type { Http2Limits } from "./limits.ts";
import { INITIAL_WINDOW_BYTES, MAX_FRAME_BYTES, MAX_INT31 } from "./protocol.ts";
import { SendQueue } from "./send-queue.ts";
import type { Http2Stream, StreamOwner } from "./stream.ts";

/** What the connection does about sending. */
export interface SenderEvents {
  /** Something was written and has to be flushed */
  onWritten(): void;
  /** The end of a stream was written */
  onEnded(stream: Http2Stream): void;
  /** More waits than may; the stream has to be reset */
  onOverflow(stream: Http2Stream): void;
}

/** Where bytes go, and whether more of them would only wait there. */
export interface Congestible {
  /** True from a write that the socket could not take until it has taken all */
  readonly isCongested: boolean;
}

/** What a sender needs. */
export interface SenderOptions {
  readonly writer: FrameWriter;
  readonly sink: Congestible;
  readonly limits: Http2Limits;
  readonly events: SenderEvents;
}

/**
 * Says that our header blocks use no dynamic table, whatever the peer allows; a peer that made the table smaller waits
 * for this word in the first block (RFC 7541 §4.2).
 */
const noDynamicTable = Uint8Array.of(0x20);

/** Sends for all streams of a connection. */
export class Sender implements StreamOwner {
  readonly #writer: FrameWriter;
  readonly #sink: Congestible;
  readonly #limits: Http2Limits;
  readonly #events: SenderEvents;
  /** What the peer lets the connection send */
  #window = INITIAL_WINDOW_BYTES;
  #initialWindow = INITIAL_WINDOW_BYTES;
  #isFirstBlock = true;
  #queuedBytes = 0;
  /** Streams that wait although their own window is open */
  readonly #ready = new Set<Http2Stream>();

  constructor(options: SenderOptions) {
    this.#writer = options.writer;
    this.#sink = options.sink;
    this.#limits = options.limits;
    this.#events = options.events;
  }

  /** Window with which streams begin. */
  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** Bytes that wait at all streams together, with what holding them costs. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  sendHeaders(stream: Http2Stream, block: Uint8Array): void {
    stream.isAnswered = true;
    this.#writer.headers(stream.id, this.#firstBlock(block));
    this.#events.onWritten();
  }

  sendBody(stream: Http2Stream, lead: Uint8Array, body: Uint8Array): void {
    const length = lead.length + body.length;
    if (stream.queue === undefined && length <= this.#roomFor(stream, MAX_FRAME_BYTES)) {
      this.#spend(stream, length);
      this.#writer.data(stream.id, lead, body);
    } else {
      this.#sendPart(stream, lead);
      this.#sendPart(stream, body);
    }
    this.#events.onWritten();
  }

  end(stream: Http2Stream, trailers: Uint8Array | undefined): void {
    stream.isEnding = true;
    stream.isAnswered = true;
    if (stream.queue === undefined) this.#writeEnd(stream, trailers);
    else stream.queue.trailers = trailers;
    this.#events.onWritten();
  }

  /** Forgets what waits at a stream that is closed. */
  drop(stream: Http2Stream): void {
    if (stream.queue === undefined) return;
    this.#queuedBytes -= stream.queue.heldBytes;
    stream.queue = undefined;
    this.#ready.delete(stream);
  }

  /** The peer lets the connection send more; false when that makes a window above 2^31-1 (§6.9.1). */
  openConnection(increment: number): boolean {
    if (this.#window + increment > MAX_INT31) return false;
    this.#window += increment;
    this.pump();
    return true;
  }

  /** The peer lets a stream send more; false when that makes a window above 2^31-1 (§6.9.1). */
  openStream(stream: Http2Stream, increment: number): boolean {
    if (stream.sendWindow + increment > MAX_INT31) return false;
    stream.sendWindow += increment;
    if (stream.queue !== undefined) {
      this.#noteReady(stream);
      this.pump();
    }
    return true;
  }

  /**
   * The peer changed the window with which streams begin, which changes those of open ones too (§6.9.2); false when that
   * makes one above 2^31-1. To be followed by `pump()`.
   */
  setInitialWindow(bytes: number, streams: Iterable<Http2Stream>): boolean {
    const difference = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const stream of streams) {
      if (stream.sendWindow + difference > MAX_INT31) return false;
      stream.sendWindow += difference;
      if (stream.queue !== undefined) this.#noteReady(stream);
    }
    return true;
  }

  /** Sends what waits, as far as it may go now. */
  pump(): void {
    while (this.#ready.size > 0 && this.#window > 0 && !this.#sink.isCongested) {
      for (const stream of this.#ready) this.#sendFrame(stream);
    }
  }

  #firstBlock(block: Uint8Array): Uint8Array {
    if (!this.#isFirstBlock) return block;
    this.#isFirstBlock = false;
    return Buffer.concat([noDynamicTable, block]);
  }

  #spend(stream: Http2Stream, bytes: number): void {
    stream.sendWindow -= bytes;
    this.#window -= bytes;
  }

  /** How many bytes a frame of the stream may hold now; 0 or less for none. */
  #roomFor(stream: Http2Stream, most: number): number {
    if (this.#sink.isCongested) return 0;
    return Math.min(most, stream.sendWindow, this.#window);
  }

  #sendPart(stream: Http2Stream, part: Uint8Array): void {
    let at = 0;
    while (at < part.length && stream.queue === undefined && !stream.isClosed) {
      const count = this.#roomFor(stream, Math.min(part.length - at, MAX_FRAME_BYTES));
      if (count <= 0) break;
      this.#spend(stream, count);
      this.#writer.data(stream.id, part.subarray(at, at + count), nothing);
      at += count;
    }
    if (at < part.length) this.#enqueue(stream, part.subarray(at));
  }

  #enqueue(stream: Http2Stream, bytes: Uint8Array): void {
    if (stream.isClosed) return;
    const cost = SendQueue.costOf(bytes.length);
    const { maxQueuedStreamBytes, maxQueuedBytes } = this.#limits;
    const streamBytes = (stream.queue?.heldBytes ?? 0) + cost;
    if (streamBytes > maxQueuedStreamBytes || this.#queuedBytes + cost > maxQueuedBytes) {
      this.#events.onOverflow(stream);
      return;
    }
    stream.queue ??= new SendQueue();
    stream.queue.add(bytes);
    this.#queuedBytes += cost;
    this.#noteReady(stream);
  }

  #noteReady(stream: Http2Stream): void {
    if (stream.sendWindow > 0) this.#ready.add(stream);
  }

  /** Sends one frame of a stream that waits; it is no longer ready when that was all, or all that its window took. */
  #sendFrame(stream: Http2Stream): void {
    const { queue } = stream;
    const count = queue === undefined ? 0 : this.#roomFor(stream, MAX_FRAME_BYTES);
    if (queue !== undefined && count > 0) {
      const held = queue.heldBytes;
      const piece = queue.take(count);
      this.#queuedBytes += queue.heldBytes - held;
      this.#spend(stream, piece.length);
      this.#writer.data(stream.id, piece, nothing);
      if (queue.isEmpty) this.#finishQueue(stream, queue);
    }
    if (stream.queue === undefined || stream.sendWindow <= 0) this.#ready.delete(stream);
  }

  #finishQueue(stream: Http2Stream, queue: SendQueue): void {
    stream.queue = undefined;
    if (stream.isEnding) this.#writeEnd(stream, queue.trailers);
  }

  #writeEnd(stream: Http2Stream, trailers: Uint8Array | undefined): void {
    if (trailers === undefined) this.#writer.endOfData(stream.id);
    else this.#writer.lastHeaders(stream.id, this.#firstBlock(trailers));
    this.#events.onEnded(stream);
  }
}

const nothing = new Uint8Array(0);
