/**
 * The framing of AWS event streams, `application/vnd.amazon.eventstream`
 * (https://smithy.io/2.0/aws/amazon-eventstream.html): binary messages of a prelude, headers and a payload, with a
 * checksum (CRC-32) of the prelude and one of all. What follows a message that is broken is never read.
 */

import { crc32 } from "node:zlib";
import type { EventStreamHeaders } from "./aws-event-stream-headers.ts";
import {
  decodeEventStreamHeaders,
  encodeEventStreamHeaders,
  maxEventStreamHeaderBytes,
} from "./aws-event-stream-headers.ts";

/** Longest message, all of it. */
export const maxEventStreamMessageBytes = 16 * 1024 * 1024;

/** Media type of such streams. */
export const eventStreamType = "application/vnd.amazon.eventstream";

/** Total length, length of the headers and their checksum, four bytes each. */
export const eventStreamPreludeBytes = 12;

const brokenMessage = "the checksum of a message does not match";

/** A buffer that grew beyond this is let go after its message. */
const keptBytes = 64 * 1024;

/** The checksum at the end. */
export const eventStreamChecksumBytes = 4;

/** One message. */
export interface EventStreamMessage {
  readonly headers: EventStreamHeaders;
  /** Borrowed for the time of the call that it is given to */
  readonly payload: Buffer;
}

/** Lengths of a message in bytes. */
export interface EventStreamPrelude {
  /** All of it, prelude and checksum included */
  readonly total: number;
  readonly headers: number;
}

/**
 * Reads the twelve bytes at `at`: lengths that are within the limits and fit each other, or a clause about what is
 * wrong.
 */
export function decodeEventStreamPrelude(bytes: Buffer, at: number): EventStreamPrelude | string {
  if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) {
    return "the checksum of a message's prelude does not match";
  }
  return readLengths(bytes, at);
}

/** Reads one stream. Pieces are cut anywhere; at most one message is held, and only when a piece does not have it all. */
export class EventStreamReader {
  readonly #onMessage: (message: EventStreamMessage) => void;
  /** Headers of the message before, which most messages have too */
  #headerBytes = Buffer.alloc(0);
  #headers: EventStreamHeaders = new Map();
  /** Begin of a message whose end has not come; grows with it, for lengths are only claims */
  #held = Buffer.alloc(0);
  #heldBytes = 0;
  /** Of the held message; null before its prelude is whole */
  #prelude: EventStreamPrelude | null = null;
  #problem: string | undefined;

  /** `onMessage` gets every whole message; what it throws comes out of `write`. */
  constructor(onMessage: (message: EventStreamMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** What is wrong with the stream, as a clause; undefined while nothing is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether a message has begun whose end has not come. */
  get isInMessage(): boolean {
    return this.#heldBytes > 0;
  }

  /** Goes on with a piece, which is borrowed; nothing after a problem. */
  write(chunk: Buffer): void {
    let at = 0;
    while (this.#problem === undefined && at < chunk.length) {
      at = this.#heldBytes === 0 ? this.#readWhole(chunk, at) : this.#hold(chunk, at);
    }
  }

  /** Takes a message where it lies, its prelude by the checksum of all; what is not whole is held. */
  #readWhole(chunk: Buffer, at: number): number {
    const left = chunk.length - at;
    if (left < eventStreamPreludeBytes || left < chunk.readUInt32BE(at))
      return this.#hold(chunk, at);
    const prelude = readLengths(chunk, at);
    if (typeof prelude === "string" || !isIntact(chunk, at, prelude.total)) {
      const broken = decodeEventStreamPrelude(chunk, at);
      this.#problem = typeof broken === "string" ? broken : brokenMessage;
      return chunk.length;
    }
    this.#takeMessage(chunk, at, prelude);
    return at + prelude.total;
  }

  #hold(chunk: Buffer, at: number): number {
    const wanted = this.#prelude?.total ?? eventStreamPreludeBytes;
    const end = Math.min(chunk.length, at + wanted - this.#heldBytes);
    this.#grow(this.#heldBytes + end - at);
    chunk.copy(this.#held, this.#heldBytes, at, end);
    this.#heldBytes += end - at;
    if (this.#heldBytes < wanted) return end;
    if (this.#prelude === null) this.#takePrelude();
    else this.#takeHeld(this.#prelude);
    return end;
  }

  #takeHeld(prelude: EventStreamPrelude): void {
    const held = this.#held;
    if (held.length > keptBytes) this.#held = Buffer.alloc(0);
    this.#prelude = null;
    this.#heldBytes = 0;
    if (isIntact(held, 0, prelude.total)) this.#takeMessage(held, 0, prelude);
    else this.#problem = brokenMessage;
  }

  #grow(length: number): void {
    if (length <= this.#held.length) return;
    const grown = Buffer.allocUnsafe(Math.max(1_024, length, 2 * this.#held.length));
    this.#held.copy(grown, 0, 0, this.#heldBytes);
    this.#held = grown;
  }

  #takePrelude(): void {
    const prelude = decodeEventStreamPrelude(this.#held, 0);
    if (typeof prelude === "string") this.#problem = prelude;
    else this.#prelude = prelude;
  }

  #takeMessage(bytes: Buffer, at: number, prelude: EventStreamPrelude): void {
    const payloadStart = at + eventStreamPreludeBytes + prelude.headers;
    if (!this.#takeHeaders(bytes, at + eventStreamPreludeBytes, payloadStart)) return;
    const payload = bytes.subarray(payloadStart, at + prelude.total - eventStreamChecksumBytes);
    this.#onMessage({ headers: this.#headers, payload });
  }

  #takeHeaders(bytes: Buffer, start: number, end: number): boolean {
    const known = this.#headerBytes;
    if (known.length === end - start && known.compare(bytes, start, end) === 0) return true;
    const copy = Buffer.from(bytes.subarray(start, end));
    const headers = decodeEventStreamHeaders(copy, 0, copy.length);
    if (headers.kind === "malformed") {
      this.#problem = headers.reason;
      return false;
    }
    this.#headerBytes = copy;
    this.#headers = headers.value;
    return true;
  }
}

/** The text of a header; undefined when there is none, or none of text. */
export function textHeader(message: EventStreamMessage, name: string): string | undefined {
  const header = message.headers.get(name);
  return header?.kind === "string" ? header.value : undefined;
}

/**
 * The bytes of a message. Headers may be given as the bytes that `encodeEventStreamHeaders` made, for messages that
 * have the same. Raises a RangeError for a message that is too long.
 */
export function encodeEventStreamMessage(message: {
  readonly headers: EventStreamHeaders | Buffer;
  readonly payload: Buffer | string;
}): Buffer {
  const { headers, payload } = message;
  const head = Buffer.isBuffer(headers) ? headers : encodeEventStreamHeaders(headers);
  const payloadBytes = Buffer.byteLength(payload);
  const payloadStart = eventStreamPreludeBytes + head.length;
  const total = payloadStart + payloadBytes + eventStreamChecksumBytes;
  if (total > maxEventStreamMessageBytes) {
    throw new RangeError(`Cannot encode message: ${total} bytes are too many`);
  }
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  head.copy(bytes, eventStreamPreludeBytes);
  if (typeof payload === "string") bytes.write(payload, payloadStart);
  else payload.copy(bytes, payloadStart);
  const end = total - eventStreamChecksumBytes;
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

function readLengths(bytes: Buffer, at: number): EventStreamPrelude | string {
  const total = bytes.readUInt32BE(at);
  const headers = bytes.readUInt32BE(at + 4);
  if (total > maxEventStreamMessageBytes) return "a message is longer than 16 MiB";
  if (headers > maxEventStreamHeaderBytes) return "the headers of a message exceed 128 KiB";
  if (total < eventStreamPreludeBytes + headers + eventStreamChecksumBytes) {
    return "a message is shorter than its headers";
  }
  return { total, headers };
}

function isIntact(bytes: Buffer, at: number, total: number): boolean {
  const end = at + total - eventStreamChecksumBytes;
  return crc32(bytes.subarray(at, end)) === bytes.readUInt32BE(end);
}
