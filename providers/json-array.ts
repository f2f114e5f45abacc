/**
 * Splits a JSON array that is sent element by element, as Google's APIs stream answers unless they are asked for events,
 * in pieces as they arrive. It holds no byte; what is no array of objects has no elements.
 */

import type { EventSink } from "./sse.ts";

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** Makes one of `[` and `{`, and of `]` and `}`. */
const bracketBit = 0x20;

/** Splits one array: each object in it is told like an event. */
export class ArraySplitter {
  readonly #sink: EventSink;
  /** Containers that are open, the array included */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** The array was closed, or there is none */
  #isOver = false;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Goes on with a piece, which is borrowed. An element that the end cuts off is never told to be whole. */
  write(bytes: Buffer): void {
    let start = 0;
    for (let at = 0; at < bytes.length && !this.#isOver; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#isInString) this.#passString(byte);
      else if (byte === quote) this.#isInString = true;
      else if ((byte | bracketBit) === openBrace) {
        // Only an array may stand at the root
        if (this.#depth === 0 && byte !== openBracket) this.#isOver = true;
        if (this.#depth === 1) start = at;
        this.#depth++;
      } else if ((byte | bracketBit) === closeBrace) {
        this.#depth--;
        if (this.#depth === 1) this.#endElement(bytes, start, at + 1);
        if (this.#depth <= 0) this.#isOver = true;
      }
    }
    if (this.#depth > 1) this.#sink.onData(bytes, start, bytes.length);
  }

  #passString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) this.#isInString = false;
  }

  #endElement(bytes: Buffer, start: number, end: number): void {
    this.#sink.onData(bytes, start, end);
    this.#sink.onEvent();
  }
}
