/**
 * Payloads of AWS event streams for those who only watch: those that hold an event of a model's own API, as InvokeModel's
 * do (`{"bytes":"<base64>"}`), are told as that event, all others as they are
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html). Nothing is held.
 */

import type { EventSink } from "./sse.ts";

const opening = Buffer.from('{"bytes":"');
const quote = 0x22;
const space = 0x20;

/** Values of the digits of base64, both alphabets; 64 for what is none. */
const digits = new Uint8Array(256).fill(64);
for (const [value, byte] of Buffer.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
).entries()) {
  digits[byte] = value;
}

// What the next byte of the payload belongs to
const inOpening = 0;
const inBase64 = 1;
const inRest = 2;
const inPlain = 3;

/** Most bytes that are told at once. */
const outputBytes = 4_096;

/** Stands between the splitter of a stream and who reads its events. */
export class ChunkUnwrapper implements EventSink {
  readonly #sink: EventSink;
  readonly #output = Buffer.alloc(outputBytes);
  #mode = inOpening;
  /** Bytes of the opening that were met */
  #matched = 0;
  /** Bits of base64 that make no byte yet, and how many */
  #bits = 0;
  #bitCount = 0;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    let at = start;
    if (this.#mode === inOpening) at = this.#readOpening(bytes, at, end);
    if (this.#mode === inBase64) this.#readBase64(bytes, at, end);
    else if (this.#mode === inPlain && at < end) this.#sink.onData(bytes, at, end);
  }

  onEvent(): void {
    // A payload that is no more than a part of the opening
    if (this.#mode === inOpening && this.#matched > 0) this.#replay();
    this.#mode = inOpening;
    this.#matched = 0;
    this.#bits = 0;
    this.#bitCount = 0;
    this.#sink.onEvent();
  }

  #readOpening(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      if (byte === opening[this.#matched]) {
        this.#matched++;
        at++;
        if (this.#matched === opening.length) {
          this.#mode = inBase64;
          return at;
        }
      } else if (byte <= space && !this.#isInName()) at++;
      else {
        this.#replay();
        this.#mode = inPlain;
        return at;
      }
    }
    return at;
  }

  /** Between the quotes of the name white space says something. */
  #isInName(): boolean {
    return this.#matched > 1 && this.#matched < opening.length - 2;
  }

  /** Tells what was met of the opening; white space in it means nothing. */
  #replay(): void {
    this.#sink.onData(opening, 0, this.#matched);
  }

  #readBase64(bytes: Buffer, start: number, end: number): void {
    const output = this.#output;
    let length = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === quote) {
        this.#mode = inRest;
        break;
      }
      const digit = digits[byte] ?? 64;
      if (digit === 64) continue;
      this.#bits = ((this.#bits << 6) | digit) & 0xfff;
      this.#bitCount += 6;
      if (this.#bitCount < 8) continue;
      this.#bitCount -= 8;
      output[length] = this.#bits >> this.#bitCount;
      length++;
      if (length < outputBytes) continue;
      this.#sink.onData(output, 0, length);
      length = 0;
    }
    if (length > 0) this.#sink.onData(output, 0, length);
  }
}
