/** A client without a socket: what it says goes straight into a connection, what it hears is told as one line a frame. */

import { ManualClock, monotonicMs } from "../../../gateway/clock.ts";
import type { ReadBatch } from "../call.ts";
import { Http2Connection } from "../connection.ts";
import type { ConnectionSink } from "../connection.ts";
import { createCounters } from "../counters.ts";
import { FrameReader } from "../frame-reader.ts";
import { HpackDecoder } from "../hpack-decoder.ts";
import { createLimits } from "../limits.ts";
import type { Http2Limits } from "../limits.ts";
import { errorName, FLAG, FRAME } from "../protocol.ts";
import type { OpenStream } from "../stream.ts";
import { opening } from "./client-frames.ts";

/** What is different from the usual. */
export interface TestPeerOptions {
  readonly openStream: OpenStream;
  readonly limits?: Partial<Http2Limits>;
  readonly batch?: ReadBatch;
  /** Says preface and SETTINGS by itself; default true */
  readonly isOpen?: boolean;
}

/** The far end of one connection. */
export class TestPeer implements ConnectionSink {
  readonly connection: Http2Connection;
  readonly counters = createCounters();
  readonly clock = new ManualClock();
  readonly errors: unknown[] = [];
  /** Number of writes of the connection */
  writes = 0;
  isCongested = false;
  isEnded = false;
  isDestroyed = false;
  readonly #reader = new FrameReader();
  readonly #decoder = new HpackDecoder(1e6);
  #lines: string[] = [];
  readonly #bodies = new Map<number, Buffer[]>();

  constructor(options: TestPeerOptions) {
    this.connection = new Http2Connection({
      sink: this,
      openStream: options.openStream,
      limits: createLimits(options.limits),
      counters: this.counters,
      clock: this.clock,
      batch: options.batch,
      onError: (error) => this.errors.push(error),
    });
    this.connection.start();
    if (options.isOpen === false) return;
    this.say(opening);
    this.heard();
  }

  /** Says all at once. */
  say(...frames: readonly Buffer[]): void {
    this.connection.receive(Buffer.concat(frames));
  }

  /** The frames since the last call, such as `HEADERS 1 :status=200`, `DATA 1 5`, `RST_STREAM 1 CANCEL`. */
  heard(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** All bytes of the body of one stream so far. */
  body(id: number): Buffer {
    return Buffer.concat(this.#bodies.get(id) ?? []);
  }

  /** Time passes, and the connection looks at it. */
  wait(ms: number): void {
    this.clock.advance(ms);
    this.connection.check(monotonicMs(this.clock));
  }

  write(bytes: Buffer): boolean {
    this.writes++;
    // A copy: the connection uses its buffer again.
    this.#reader.push(Buffer.from(bytes));
    while (this.#reader.next()) this.#lines.push(this.#describe());
    return true;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.connection.lost();
  }

  #describe(): string {
    const { type, streamId, flags, bytes, start, end } = this.#reader;
    const isAck = (flags & FLAG.ack) !== 0;
    const last = (flags & FLAG.endStream) !== 0 ? " end" : "";
    switch (type) {
      case FRAME.data:
        this.#keep(streamId, bytes.subarray(start, end));
        return `DATA ${streamId} ${end - start}${last}`;
      case FRAME.headers: {
        const { fields = [] } = this.#decoder.decode(bytes, start, end) ?? {};
        const text = fields.map(({ name, value }) => `${name}=${value}`).join(" ");
        return `HEADERS ${streamId} ${text}${last}`;
      }
      case FRAME.rstStream:
        return `RST_STREAM ${streamId} ${errorName(bytes.readUInt32BE(start))}`;
      case FRAME.settings:
        return isAck ? "SETTINGS ack" : `SETTINGS ${bytes.toString("hex", start, end)}`;
      case FRAME.ping:
        return `PING ${bytes.toString("latin1", start, end)}${isAck ? " ack" : ""}`;
      case FRAME.goaway:
        return `GOAWAY ${bytes.readUInt32BE(start)} ${errorName(bytes.readUInt32BE(start + 4))}`;
      case FRAME.windowUpdate:
        return `WINDOW_UPDATE ${streamId} ${bytes.readUInt32BE(start)}`;
      default:
        return `frame of type ${type}`;
    }
  }

  #keep(streamId: number, bytes: Buffer): void {
    const body = this.#bodies.get(streamId) ?? [];
    body.push(Buffer.from(bytes));
    this.#bodies.set(streamId, body);
  }
}
