/**
 * Writes HTTP/2 frames one after another into one buffer, so that all answers to one read leave in one write: a wake-up
 * of the peer costs more than anything that is in it.
 */

import { ERROR, FLAG, FRAME, FRAME_HEADER_BYTES } from "./protocol.ts";
import type { ErrorNumber } from "./protocol.ts";

/** Where the bytes go. */
export interface ByteSink {
  /**
   * Takes the bytes. True when they are out and the caller may use the buffer again; otherwise it is the sink's for
   * good.
   */
  write(bytes: Buffer): boolean;
}

/** Several full DATA frames, or some hundred answers to headers; larger ones measured no faster. */
const bufferBytes = 65_536;

/** Frames as they go out, in order. */
export class FrameWriter {
  readonly #sink: ByteSink;
  #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #length = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Bytes that wait for `flush()`. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Gives everything to the sink. */
  flush(): void {
    if (this.#length === 0) return;
    const isFree = this.#sink.write(this.#buffer.subarray(0, this.#length));
    if (!isFree) this.#buffer = Buffer.allocUnsafeSlow(bufferBytes);
    this.#length = 0;
  }

  /** A DATA frame with the bytes of both parts, together at most `MAX_FRAME_BYTES`. */
  data(streamId: number, lead: Uint8Array, body: Uint8Array): void {
    this.#begin(FRAME.data << 8, streamId, lead.length + body.length);
    this.#append(lead);
    this.#append(body);
  }

  /** An empty DATA frame that ends the stream. */
  endOfData(streamId: number): void {
    this.#begin((FRAME.data << 8) | FLAG.endStream, streamId, 0);
  }

  /** A whole header block of at most `MAX_FRAME_BYTES`. */
  headers(streamId: number, block: Uint8Array): void {
    this.#begin((FRAME.headers << 8) | FLAG.endHeaders, streamId, block.length);
    this.#append(block);
  }

  /** A whole header block of at most `MAX_FRAME_BYTES` that ends the stream. */
  lastHeaders(streamId: number, block: Uint8Array): void {
    const kind = (FRAME.headers << 8) | FLAG.endHeaders | FLAG.endStream;
    this.#begin(kind, streamId, block.length);
    this.#append(block);
  }

  rstStream(streamId: number, code: ErrorNumber): void {
    this.#begin(FRAME.rstStream << 8, streamId, 4);
    this.#uint32(code);
  }

  /** Pairs of setting and value. */
  settings(pairs: readonly (readonly [setting: number, value: number])[]): void {
    this.#begin(FRAME.settings << 8, 0, pairs.length * 6);
    for (const [setting, value] of pairs) {
      this.#buffer[this.#length++] = setting >> 8;
      this.#buffer[this.#length++] = setting;
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#begin((FRAME.settings << 8) | FLAG.ack, 0, 0);
  }

  /** A PING with eight bytes of our own. */
  ping(payload: Uint8Array): void {
    this.#begin(FRAME.ping << 8, 0, payload.length);
    this.#append(payload);
  }

  /** The answer to a PING, with its eight bytes. */
  pingAck(payload: Uint8Array): void {
    this.#begin((FRAME.ping << 8) | FLAG.ack, 0, payload.length);
    this.#append(payload);
  }

  goaway(lastStreamId: number, code: ErrorNumber = ERROR.NO_ERROR): void {
    this.#begin(FRAME.goaway << 8, 0, 8);
    this.#uint32(lastStreamId);
    this.#uint32(code);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#begin(FRAME.windowUpdate << 8, streamId, 4);
    this.#uint32(increment);
  }

  /** Type and flags in one number: what is called for each frame takes few arguments. */
  #begin(kind: number, streamId: number, length: number): void {
    if (this.#length + FRAME_HEADER_BYTES + length > bufferBytes) this.flush();
    const buffer = this.#buffer;
    const at = this.#length;
    buffer[at] = length >> 16;
    buffer[at + 1] = length >> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = kind >> 8;
    buffer[at + 4] = kind;
    buffer[at + 5] = streamId >> 24;
    buffer[at + 6] = streamId >> 16;
    buffer[at + 7] = streamId >> 8;
    buffer[at + 8] = streamId;
    this.#length = at + FRAME_HEADER_BYTES;
  }

  #uint32(value: number): void {
    this.#length = this.#buffer.writeUInt32BE(value, this.#length);
  }

  /** A loop for a few bytes, because a call of `set()` costs more than they do. */
  #append(bytes: Uint8Array): void {
    const buffer = this.#buffer;
    let at = this.#length;
    const { length } = bytes;
    if (length > shortBytes) buffer.set(bytes, at);
    else for (let index = 0; index < length; index++) buffer[at + index] = bytes[index] ?? 0;
    at += length;
    this.#length = at;
  }
}

const shortBytes = 48;
