/**
 * Whole numbers and texts as bytes: numbers from 0 to 2^53 - 1 in base 128, lowest digit first, as protobuf has them;
 * texts as UTF-8 behind their length. In memory that threads may share.
 */

const digitBits = 7;
const digitBase = 1 << digitBits;
const lastDigit = digitBase - 1;

/** Numbers up to that are written by whole-number operations. */
const largestInt32 = 0x7f_ff_ff_ff;

/** Bytes that a number has at most. */
export const longestNumber = 8;

/** Bytes that a UTF-16 unit has in UTF-8 at most. */
const longestUnit = 3;

/** Bytes that a text has at most, with its length. */
export function textBound(text: string): number {
  return longestNumber + text.length * longestUnit;
}

/** Writes into bytes of a fixed size; whoever writes has looked for room. */
export class EntryWriter {
  readonly #bytes: Buffer;
  /** Where the next byte goes */
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bytes that still have room. */
  get room(): number {
    return this.#bytes.length - this.at;
  }

  /** All that was written; borrowed. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.at);
  }

  /** A number; what is none from 0 to 2^53 - 1 is written as the nearest that is not smaller. */
  number(value: number): void {
    const bytes = this.#bytes;
    let rest = Number.isSafeInteger(value) && value >= 0 ? value : nearestWhole(value);
    let at = this.at;
    while (rest > largestInt32) {
      const digit = rest % digitBase;
      bytes[at++] = digit | digitBase;
      rest = (rest - digit) / digitBase;
    }
    while (rest > lastDigit) {
      bytes[at++] = (rest & lastDigit) | digitBase;
      rest >>>= digitBits;
    }
    bytes[at++] = rest;
    this.at = at;
  }

  /** A text. */
  text(value: string): void {
    const start = this.at;
    this.number(value.length);
    const bytes = this.#bytes;
    let at = this.at;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code >= digitBase) {
        this.at = start;
        this.#wideText(value);
        return;
      }
      bytes[at++] = code;
    }
    this.at = at;
  }

  #wideText(value: string): void {
    this.number(Buffer.byteLength(value, "utf8"));
    this.at += this.#bytes.write(value, this.at, "utf8");
  }
}

/** Reads what an `EntryWriter` wrote. */
export class EntryReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** Reads `bytes[start, end)`. */
  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Whether nothing follows, also where something was cut off. */
  get isOver(): boolean {
    return this.#at >= this.#end;
  }

  /** Whether more was read than there is: then the last number or text is not what was written. */
  get isCut(): boolean {
    return this.#at > this.#end;
  }

  /** The next number. */
  number(): number {
    let value = 0;
    let scale = 1;
    while (this.#at < this.#end) {
      const byte = this.#bytes[this.#at++] ?? 0;
      if (byte < digitBase) return value + byte * scale;
      value += (byte & lastDigit) * scale;
      scale *= digitBase;
    }
    this.#at = this.#end + 1;
    return 0;
  }

  /** The next text. */
  text(): string {
    const length = this.number();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end) this.#at = this.#end + 1;
    return this.isCut ? "" : this.#bytes.toString("utf8", start, this.#at);
  }
}

function nearestWhole(value: number): number {
  return value > 0 ? Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER) : 0;
}
