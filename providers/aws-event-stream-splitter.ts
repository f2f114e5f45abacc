/**
 * Splits an AWS event stream into the payloads of its messages, in pieces as they arrive, for those who only watch: it
 * holds no payload and checks no checksum but that of each message's prelude.
 */

import type { EventStreamPrelude } from "./aws-event-stream.ts";
import {
  decodeEventStreamPrelude,
  eventStreamChecksumBytes,
  eventStreamPreludeBytes,
} from "./aws-event-stream.ts";
import type { EventSink } from "./sse.ts";

/** Splits one stream. */
export class EventStreamSplitter {
  readonly #sink: EventSink;
  readonly #prelude = Buffer.alloc(eventStreamPreludeBytes);
  #preludeBytes = 0;
  /** Bytes to come of the headers, the payload and the checksum of a message whose prelude is known */
  #headers = 0;
  #payload = 0;
  #checksum = 0;
  #isBroken = false;

  /** Every message is an event, also one without a payload. */
  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Goes on with a piece, which is borrowed; nothing of a stream after a broken prelude. */
  write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#isBroken) at = this.#advance(bytes, at);
  }

  #advance(bytes: Buffer, at: number): number {
    if (this.#preludeBytes < eventStreamPreludeBytes) return this.#readPrelude(bytes, at);
    const left = bytes.length - at;
    if (this.#headers > 0) {
      const read = Math.min(left, this.#headers);
      this.#headers -= read;
      return at + read;
    }
    if (this.#payload > 0) {
      const read = Math.min(left, this.#payload);
      this.#payload -= read;
      this.#sink.onData(bytes, at, at + read);
      return at + read;
    }
    const read = Math.min(left, this.#checksum);
    this.#checksum -= read;
    if (this.#checksum === 0) this.#endMessage();
    return at + read;
  }

  #readPrelude(bytes: Buffer, at: number): number {
    const read = bytes.copy(this.#prelude, this.#preludeBytes, at);
    this.#preludeBytes += read;
    if (this.#preludeBytes < eventStreamPreludeBytes) return at + read;
    const prelude = decodeEventStreamPrelude(this.#prelude, 0);
    if (typeof prelude === "string") this.#isBroken = true;
    else this.#beginMessage(prelude);
    return at + read;
  }

  #beginMessage({ total, headers }: EventStreamPrelude): void {
    this.#headers = headers;
    this.#payload = total - eventStreamPreludeBytes - headers - eventStreamChecksumBytes;
    this.#checksum = eventStreamChecksumBytes;
  }

  #endMessage(): void {
    this.#preludeBytes = 0;
    this.#sink.onEvent();
  }
}
