/**
 * What a peer does on its streams: opens them, sends on them, ends or resets them (RFC 9113 §5.1, §8.1). Errors of a
 * stream are answered here, those of the connection are handed up.
 */

import type { CallEnd } from "./call.ts";
import type { ServerCounters } from "./counters.ts";
import { faultOf, floodFault, protocolFault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { FloodGuards } from "./flood-guards.ts";
import type { FrameWriter } from "./frame-writer.ts";
import type { HeaderList } from "./hpack-decoder.ts";
import { encodeFields } from "./hpack-encoder.ts";
import type { Http2Limits } from "./limits.ts";
import { ERROR, errorName } from "./protocol.ts";
import type { ErrorNumber } from "./protocol.ts";
import { isTrailers, tryParseHead } from "./request-head.ts";
import { Sender } from "./sender.ts";
import type { Congestible, SenderEvents } from "./sender.ts";
import { deafHandler, Http2Stream } from "./stream.ts";
import type { OpenStream } from "./stream.ts";
import { StreamTable } from "./stream-table.ts";
import type { PastStream } from "./stream-table.ts";

/** A DATA frame that has been checked as far as it can be without its stream. */
export interface DataFrame {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** What it takes of the windows: the whole payload, padding included (§6.1) */
  readonly flowBytes: number;
  readonly isLast: boolean;
}

/** What streams need. */
export interface StreamsOptions {
  readonly writer: FrameWriter;
  readonly sink: Congestible;
  readonly limits: Http2Limits;
  readonly counters: ServerCounters;
  readonly guards: FloodGuards;
  readonly openStream: OpenStream;
  /** Something was written and has to be flushed */
  readonly onWritten: () => void;
}

const headersTooLarge = encodeFields([[":status", "431"]]);

/** All streams of one connection. */
export class RequestStreams implements SenderEvents {
  readonly sender: Sender;
  readonly #options: StreamsOptions;
  readonly #table = new StreamTable();
  /** Closed, but their handlers do not know yet */
  readonly #closed: Http2Stream[] = [];
  /** Those of them whose handlers were told */
  #told = 0;
  #isRefusing = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.sender = new Sender({ ...options, events: this });
  }

  /** Number of open streams. */
  get size(): number {
    return this.#table.size;
  }

  /** The highest id that the peer used. */
  get lastId(): number {
    return this.#table.lastId;
  }

  /** From now on every new stream is refused. */
  refuseNew(): void {
    this.#isRefusing = true;
  }

  /** A whole header block: a request, or the trailers of one. */
  onHeaders(id: number, list: HeaderList, isLast: boolean): Fault | undefined {
    const stream = this.#table.find(id);
    if (stream !== undefined) return this.#onTrailers(stream, list, isLast);
    if (id % 2 === 0) return protocolFault("HEADERS on an even stream");
    return id <= this.#table.lastId ? this.#onLateHeaders(id) : this.#open(id, list, isLast);
  }

  /** A DATA frame without its padding. */
  onData(id: number, frame: DataFrame): Fault | undefined {
    const stream = this.#table.find(id);
    const { bytes, start, end, isLast } = frame;
    if (stream === undefined) return this.#onLateData(id, end === start);
    if (stream.isRemoteDone) return this.#failStream(stream, ERROR.STREAM_CLOSED);
    const increment = stream.receiveWindow.take(frame.flowBytes);
    stream.bodyBytes += end - start;
    if (!isBodyPossible(stream, isLast)) return this.#failStream(stream, ERROR.PROTOCOL_ERROR);
    if (increment > 0 && !isLast) this.#options.writer.windowUpdate(id, increment);
    // Before the handler sees the last bytes, because it may answer all with them.
    stream.isRemoteDone = isLast;
    if (end > start) stream.handler?.onBody(bytes, start, end);
    if (isLast) return this.#tellEnd(stream);
    return end === start ? this.#noteEmptyFrame() : undefined;
  }

  /** A RST_STREAM; after the end of a call it is how Envoy says goodbye. */
  onReset(id: number): Fault | undefined {
    const stream = this.#table.find(id);
    if (stream === undefined) {
      return this.#isIdle(id) ? protocolFault("RST_STREAM on an idle stream") : undefined;
    }
    this.#options.counters.resetStreams++;
    this.#close(stream, "reset", "ended");
    return stream.isAnswered ? undefined : this.#noteEarlyReset();
  }

  /** A WINDOW_UPDATE for a stream. */
  onWindowUpdate(id: number, increment: number): Fault | undefined {
    const stream = this.#table.find(id);
    if (stream === undefined) {
      return this.#isIdle(id) ? protocolFault("WINDOW_UPDATE on an idle stream") : undefined;
    }
    if (increment === 0) return this.#failStream(stream, ERROR.PROTOCOL_ERROR);
    if (this.sender.openStream(stream, increment)) return undefined;
    return this.#failStream(stream, ERROR.FLOW_CONTROL_ERROR);
  }

  /** Changes the windows of all streams; false when one would be too large. */
  setInitialWindow(bytes: number): boolean {
    return this.sender.setInitialWindow(bytes, this.#table.values());
  }

  /** Resets the streams whose peer took too little of what waits since the last call. */
  resetStalled(): void {
    for (const stream of this.#table.values()) {
      if (stream.queue?.isStalled(this.#options.limits.minDrainBytes) !== true) continue;
      this.#options.counters.stalledStreams++;
      this.#reset(stream, ERROR.CANCEL);
    }
  }

  /** The connection is gone: all streams close. */
  closeAll(): void {
    for (const stream of this.#table.values()) this.#close(stream, "connection-lost", "ended");
  }

  /**
   * Tells handlers of their closed streams; to be called when no handler runs, and again after one has thrown: it goes on
   * with the next.
   */
  settle(): void {
    while (this.#told < this.#closed.length) {
      const stream = this.#closed[this.#told++];
      stream?.handler?.onClose(stream.closedBy);
    }
    this.#closed.length = 0;
    this.#told = 0;
  }

  onWritten(): void {
    this.#options.onWritten();
  }

  /** Our side has ended. What the peer still sends is of no use to anybody, so it is told to stop (§8.1). */
  onEnded(stream: Http2Stream): void {
    if (!stream.isRemoteDone) this.#options.writer.rstStream(stream.id, ERROR.NO_ERROR);
    this.#close(stream, "finished", stream.isRemoteDone ? "ended" : "cut");
  }

  onOverflow(stream: Http2Stream): void {
    this.#options.counters.overflownStreams++;
    this.#reset(stream, ERROR.ENHANCE_YOUR_CALM);
  }

  #open(id: number, list: HeaderList, isLast: boolean): Fault | undefined {
    const { counters, limits } = this.#options;
    this.#table.use(id);
    if (this.#isRefusing || this.#table.size >= limits.maxConcurrentStreams) {
      counters.refusedStreams++;
      return this.#rejectNew(id, ERROR.REFUSED_STREAM);
    }
    const head = list.isTooLarge ? undefined : tryParseHead(list.fields);
    if (head === undefined && !list.isTooLarge) return this.#rejectNew(id, ERROR.PROTOCOL_ERROR);
    const stream = new Http2Stream(id, this.sender, {
      receiveWindow: limits.streamWindowBytes,
      sendWindow: this.sender.initialWindow,
      contentLength: head?.contentLength ?? -1,
    });
    this.#table.add(stream);
    counters.totalStreams++;
    counters.openStreams++;
    if (!isBodyPossible(stream, isLast)) return this.#failStream(stream, ERROR.PROTOCOL_ERROR);
    stream.isRemoteDone = isLast;
    if (head === undefined) {
      stream.handler = deafHandler;
      stream.end(headersTooLarge);
      return undefined;
    }
    stream.handler = this.#options.openStream(stream, head);
    return isLast ? this.#tellEnd(stream) : undefined;
  }

  #onTrailers(stream: Http2Stream, list: HeaderList, isLast: boolean): Fault | undefined {
    if (stream.isRemoteDone) return this.#failStream(stream, ERROR.STREAM_CLOSED);
    const isFormed = isLast && !list.isTooLarge && isTrailers(list.fields);
    if (!isFormed || !isBodyPossible(stream, true)) {
      return this.#failStream(stream, ERROR.PROTOCOL_ERROR);
    }
    stream.isRemoteDone = true;
    return this.#tellEnd(stream);
  }

  #onLateHeaders(id: number): Fault | undefined {
    if (!this.#table.isRecent(id)) return protocolFault("HEADERS on a lower stream");
    if (this.#table.past(id) === "cut") return this.#ignoreFrame();
    return faultOf(ERROR.STREAM_CLOSED, "HEADERS on a closed stream");
  }

  /** What a peer sends before it learns of our reset is no fault, and its windows bound it. */
  #onLateData(id: number, isEmpty: boolean): Fault | undefined {
    const past = this.#table.past(id);
    if (past === "idle") return protocolFault("DATA on an idle stream");
    if (past === "cut") return isEmpty ? this.#noteEmptyFrame() : undefined;
    this.#countError(ERROR.STREAM_CLOSED);
    this.#options.writer.rstStream(id, ERROR.STREAM_CLOSED);
    return this.#ignoreFrame();
  }

  #tellEnd(stream: Http2Stream): undefined {
    if (!stream.isClosed) stream.handler?.onEnd();
  }

  #isIdle(id: number): boolean {
    return id > this.#table.lastId || id % 2 === 0;
  }

  /** Refuses a stream that was not opened. */
  #rejectNew(id: number, code: ErrorNumber): Fault | undefined {
    this.#table.remove(id, "cut");
    this.#options.writer.rstStream(id, code);
    if (code !== ERROR.REFUSED_STREAM) this.#countError(code);
    return this.#noteEarlyReset();
  }

  /** Ends a stream for an error of the peer, which is as bad as resetting it. */
  #failStream(stream: Http2Stream, code: ErrorNumber): Fault | undefined {
    this.#countError(code);
    this.#reset(stream, code);
    return stream.isAnswered ? undefined : this.#noteEarlyReset();
  }

  #reset(stream: Http2Stream, code: ErrorNumber): void {
    this.#options.writer.rstStream(stream.id, code);
    this.#close(stream, "reset", stream.isRemoteDone ? "ended" : "cut");
    this.#options.onWritten();
  }

  #close(stream: Http2Stream, end: CallEnd, past: Exclude<PastStream, "idle">): void {
    if (stream.isClosed) return;
    stream.isClosed = true;
    stream.closedBy = end;
    this.sender.drop(stream);
    this.#table.remove(stream.id, past);
    this.#options.counters.openStreams--;
    this.#closed.push(stream);
  }

  #noteEarlyReset(): Fault | undefined {
    return this.#options.guards.earlyResets.hit() ? floodFault("early-resets") : undefined;
  }

  #noteEmptyFrame(): Fault | undefined {
    return this.#options.guards.emptyFrames.hit() ? floodFault("empty-frames") : undefined;
  }

  #ignoreFrame(): Fault | undefined {
    return this.#options.guards.ignoredFrames.hit() ? floodFault("ignored-frames") : undefined;
  }

  #countError(code: ErrorNumber): void {
    this.#options.counters.protocolErrors[errorName(code)]++;
  }
}

/** Whether the body can still be, or is, as long as it was declared (§8.1.1). */
function isBodyPossible({ contentLength, bodyBytes }: Http2Stream, isLast: boolean): boolean {
  if (contentLength < 0) return true;
  return isLast ? bodyBytes === contentLength : bodyBytes <= contentLength;
}
