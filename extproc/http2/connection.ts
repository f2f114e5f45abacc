/**
 * One HTTP/2 connection (RFC 9113) as its server sees it, without the socket: bytes in by `receive()`, bytes out by the
 * sink, time by `check()`. Whatever the peer sends, nothing is thrown, and memory stays within the limits.
 */

import type { Clock } from "../../gateway/clock.ts";
import { monotonicMs } from "../../gateway/clock.ts";
import { ClrkError } from "../../gateway/errors.ts";
import type { ReadBatch } from "./call.ts";
import type { ServerCounters } from "./counters.ts";
import { faultOf, protocolFault, sizeFault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import { FrameHandler } from "./frame-handler.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { ByteSink } from "./frame-writer.ts";
import type { Http2Limits } from "./limits.ts";
import { CLIENT_PREFACE, ERROR, errorName, INITIAL_WINDOW_BYTES } from "./protocol.ts";
import { MAX_INT31, SETTING } from "./protocol.ts";
import type { Congestible } from "./sender.ts";
import type { OpenStream } from "./stream.ts";

/** The socket of a connection. */
export interface ConnectionSink extends ByteSink, Congestible {
  /** Nothing more will be written; what was, still goes out */
  end(): void;
  /** Ends it now, whatever is left */
  destroy(): void;
}

/** What a connection needs. */
export interface ConnectionOptions {
  readonly sink: ConnectionSink;
  readonly openStream: OpenStream;
  readonly limits: Http2Limits;
  readonly counters: ServerCounters;
  readonly clock: Clock;
  /** Told of every read; absent: nobody is */
  readonly batch?: ReadBatch | undefined;
  /** Takes why the connection had to end, and faults of ours; must not throw */
  readonly onError: (error: unknown) => void;
}

const preface = Buffer.from(CLIENT_PREFACE, "latin1");

/** Marks the PING whose answer says that the peer has read our GOAWAY. */
const drainPing = Buffer.from("clrk-end", "latin1");

/** For that answer, in `ms`. */
const drainPingMs = 1_000;

/**
 * Answers to one read leave together, but not more than this: the peer works on a whole body, or on some dozen short
 * answers, while others are made, which is worth more than its wake-ups (a tenth more model calls a second).
 */
const earlyBytes = 1_536;

/** One connection; `start()` it, then give it what comes. */
export class Http2Connection {
  readonly #options: ConnectionOptions;
  readonly #reader = new FrameReader();
  readonly #writer: FrameWriter;
  readonly #handler: FrameHandler;
  readonly #flushSoon = () => this.#settle();
  readonly #startedMs: number;
  #prefaceBytes = 0;
  #isBatching = false;
  #isFlushScheduled = false;
  #isClosed = false;
  #closedMs = -1;
  #drain: "no" | "announced" | "last" = "no";
  #announcedMs = 0;
  #stallCheckMs: number;
  #wasCongested = false;

  /** Writes nothing yet. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#writer = new FrameWriter(options.sink);
    this.#handler = new FrameHandler({
      ...options,
      writer: this.#writer,
      onWritten: () => this.#flushLater(),
      onPong: (payload) => this.#onPong(payload),
    });
    this.#startedMs = monotonicMs(options.clock);
    this.#stallCheckMs = this.#startedMs;
  }

  /** Whether the last word was said; the socket may still be open for a moment. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends our SETTINGS. */
  start(): void {
    const { limits } = this.#options;
    this.#writer.settings([
      [SETTING.maxConcurrentStreams, limits.maxConcurrentStreams],
      [SETTING.initialWindowSize, limits.streamWindowBytes],
      [SETTING.maxHeaderListSize, limits.maxHeaderListBytes],
    ]);
    const increment = limits.connectionWindowBytes - INITIAL_WINDOW_BYTES;
    if (increment > 0) this.#writer.windowUpdate(0, increment);
    this.#writer.flush();
  }

  /** Takes bytes of the peer, which must not change until this returns; the last answers are written at the end. */
  receive(chunk: Buffer): void {
    if (this.#isClosed) return;
    const { batch } = this.#options;
    this.#isBatching = true;
    batch?.beginBatch();
    try {
      this.#read(chunk);
    } catch (error) {
      this.#failInternally(error);
    }
    batch?.endBatch();
    this.#isBatching = false;
    this.#settle();
  }

  /** The sink is no longer congested. */
  drained(): void {
    this.#wasCongested = false;
    if (this.#isClosed) return;
    this.#handler.streams.sender.pump();
    this.#settle();
  }

  /** The peer is gone: no byte comes or goes any more. */
  lost(): void {
    this.#isClosed = true;
    this.#handler.streams.closeAll();
    this.#tellClosed();
  }

  /** Lets open streams end and accepts no further ones, then ends the connection (§6.8). */
  drain(): void {
    if (this.#isClosed || this.#drain !== "no") return;
    this.#drain = "announced";
    this.#announcedMs = monotonicMs(this.#options.clock);
    // Streams that are on their way are still served: the last GOAWAY comes when the peer knows of the first.
    this.#writer.goaway(MAX_INT31);
    this.#writer.ping(drainPing);
    this.#settle();
  }

  /** Ends the connection now, with all its streams. */
  abort(): void {
    if (this.#isClosed) return;
    this.#writer.goaway(this.#handler.streams.lastId);
    this.#end();
  }

  /** Does what is due by time; to be called about every second with the monotonic time in `ms`. */
  check(nowMs: number): void {
    const { limits, sink, counters } = this.#options;
    if (this.#isClosed) {
      // What is still to be taken gets the time of everything that waits to be taken.
      const patienceMs = sink.isCongested ? limits.stallMs : limits.lingerMs;
      if (this.#closedMs < 0) this.#closedMs = nowMs;
      else if (nowMs - this.#closedMs >= patienceMs) sink.destroy();
      return;
    }
    if (!this.#handler.isReady && nowMs - this.#startedMs >= limits.handshakeMs) {
      counters.timedOutConnections++;
      this.#fail(faultOf(ERROR.SETTINGS_TIMEOUT, "no SETTINGS in time"));
      return;
    }
    if (this.#drain === "announced" && nowMs - this.#announcedMs >= drainPingMs) this.#lastWord();
    if (nowMs - this.#stallCheckMs >= limits.stallMs) this.#checkStalls(nowMs);
    this.#settle();
  }

  #read(chunk: Buffer): void {
    const start = this.#prefaceBytes < preface.length ? this.#readPreface(chunk) : 0;
    if (this.#isClosed) return;
    this.#reader.push(start === 0 ? chunk : chunk.subarray(start));
    while (!this.#isClosed && this.#reader.next()) {
      const fault = this.#handler.handle(this.#reader);
      if (fault !== undefined) this.#fail(fault);
      if (this.#writer.pendingBytes >= earlyBytes) this.#writer.flush();
    }
    if (this.#reader.isOversized) this.#fail(sizeFault("a frame is too large"));
  }

  /** Where the preface ends in the chunk. */
  #readPreface(chunk: Buffer): number {
    const count = Math.min(chunk.length, preface.length - this.#prefaceBytes);
    const end = this.#prefaceBytes + count;
    if (chunk.compare(preface, this.#prefaceBytes, end, 0, count) !== 0) {
      this.#fail(protocolFault("no HTTP/2 preface"));
    }
    this.#prefaceBytes = end;
    return count;
  }

  #onPong(payload: Buffer): void {
    if (this.#drain === "announced" && payload.equals(drainPing)) this.#lastWord();
  }

  /** For what is written outside of a batch: slow work that has ended, whose answer is late and waits for no other. */
  #flushLater(): void {
    if (this.#isBatching || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(this.#flushSoon);
  }

  #checkStalls(nowMs: number): void {
    this.#stallCheckMs = nowMs;
    this.#handler.streams.resetStalled();
    const { isCongested } = this.#options.sink;
    if (isCongested && this.#wasCongested) {
      this.#options.counters.timedOutConnections++;
      this.#options.sink.destroy();
    }
    this.#wasCongested = isCongested;
  }

  #lastWord(): void {
    this.#drain = "last";
    this.#handler.streams.refuseNew();
    this.#writer.goaway(this.#handler.streams.lastId);
  }

  /** Ends a batch: handlers learn of what closed, then everything is written. */
  #settle(): void {
    this.#isFlushScheduled = false;
    this.#tellClosed();
    if (this.#drain === "last" && this.#handler.streams.size === 0 && !this.#isClosed) this.#end();
    this.#writer.flush();
  }

  /** Within a batch a handler may be running, and the end of the batch does it. */
  #tellClosed(): void {
    if (this.#isBatching) return;
    this.#isBatching = true;
    for (let isTold = false; !isTold; ) {
      try {
        this.#handler.streams.settle();
        isTold = true;
      } catch (error) {
        this.#failInternally(error);
      }
    }
    this.#isBatching = false;
  }

  #failInternally(error: unknown): void {
    this.#options.onError(error);
    this.#fail(faultOf(ERROR.INTERNAL_ERROR, "a fault of ours"));
  }

  #fail({ code, reason, flood }: Fault): void {
    if (this.#isClosed) return;
    const { counters, onError } = this.#options;
    const name = errorName(code);
    counters.protocolErrors[name]++;
    if (flood !== undefined) counters.floods[flood]++;
    const kind = flood === undefined ? "CLRK_MALFORMED_MESSAGE" : "CLRK_LIMIT_EXCEEDED";
    onError(new ClrkError(kind, `Cannot serve the HTTP/2 peer: ${name}, ${reason}`));
    this.#writer.goaway(this.#handler.streams.lastId, code);
    this.#end();
  }

  #end(): void {
    this.#isClosed = true;
    this.#handler.streams.closeAll();
    this.#tellClosed();
    this.#writer.flush();
    this.#options.sink.end();
  }
}
