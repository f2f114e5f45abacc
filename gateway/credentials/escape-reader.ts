/**
 * Reads one escaped character out of any text: percent-encoding, string literals of JSON and its kin, HTML references,
 * and `+` for a blank. What the text really is need not be known, and levels may be nested in each other.
 */

import { byteOfDigits } from "./uri-encoding.ts";

const percent = 0x25;
const ampersand = 0x26;
const plus = 0x2b;
const semicolon = 0x3b;
const backslash = 0x5c;
const letterU = 0x75;
const letterX = 0x78;

/** Literals within literals double their backslashes; nobody writes more than four levels. */
const maxBackslashes = 16;

/** Leading zeros are allowed in HTML; no more than this many digits in all. */
const maxReferenceDigits = 8;

/** 1 for the bytes that an escape begins with. */
export const escapeMarks: Readonly<Uint8Array> = marks();

/** `\n` and the like, and characters that stand for themselves behind a backslash. */
const literals = new Uint8Array(128);
for (const [letter, meaning] of Object.entries({
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  "/": "/",
  '"': '"',
  "'": "'",
})) {
  literals[letter.charCodeAt(0)] = meaning.charCodeAt(0);
}

const references: readonly { readonly name: Buffer; readonly meaning: number }[] = [
  { name: Buffer.from("amp;"), meaning: ampersand },
  { name: Buffer.from("lt;"), meaning: 0x3c },
  { name: Buffer.from("gt;"), meaning: 0x3e },
  { name: Buffer.from("quot;"), meaning: 0x22 },
  { name: Buffer.from("apos;"), meaning: 0x27 },
];

/** Reads into its own fields, because it is asked for many bytes. */
export class EscapeReader {
  /** Byte that the last escape means */
  byte = 0;
  /** Where the text goes on after it */
  end = 0;

  /** Whether an escape of one byte begins at `at`, where a mark must stand; characters beyond ASCII only as bytes. */
  read(text: Uint8Array, at: number): boolean {
    return this.#readBody(text, text[at] ?? 0, at + 1);
  }

  /** Whether what was read last is itself the mark of an escape that the text goes on with, as in `%2573`. */
  readDeeper(text: Uint8Array): boolean {
    return this.byte !== plus && this.#readBody(text, this.byte, this.end);
  }

  #readBody(text: Uint8Array, mark: number, at: number): boolean {
    if (mark === percent) return this.#readPercent(text, at);
    if (mark === backslash) return this.#readLiteral(text, at);
    if (mark === ampersand) return this.#readReference(text, at);
    return mark === plus && this.#found(0x20, at);
  }

  #readPercent(text: Uint8Array, at: number): boolean {
    // Some servers read `%u0073`, a form that no standard has.
    if (text[at] === letterU) return this.#readDigits(text, at + 1, 4);
    return this.#readDigits(text, at, 2);
  }

  #readLiteral(text: Uint8Array, start: number): boolean {
    let at = start;
    while (text[at] === backslash && at - start < maxBackslashes) at++;
    const letter = text[at] ?? 0;
    if (letter === letterU && text[at + 1] === 0x7b) return this.#readBraces(text, at + 2);
    if (letter === letterU) return this.#readDigits(text, at + 1, 4);
    if (letter === letterX) return this.#readDigits(text, at + 1, 2);
    const meaning = literals[letter] ?? 0;
    if (meaning !== 0) return this.#found(meaning, at + 1);
    return this.#readOctal(text, at);
  }

  /** Two or four hexadecimal digits. */
  #readDigits(text: Uint8Array, at: number, count: 2 | 4): boolean {
    const low = at + count - 2;
    if (count === 4 && byteOfDigits(text[at] ?? 0, text[at + 1] ?? 0) !== 0) return false;
    const byte = byteOfDigits(text[low] ?? 0, text[low + 1] ?? 0);
    // Beyond ASCII a code point is no single byte of UTF-8.
    return byte >= 0 && (count === 2 || byte < 0x80) && this.#found(byte, at + count);
  }

  #readBraces(text: Uint8Array, start: number): boolean {
    const isRead = this.#readNumber(text, start, 16);
    return isRead && text[this.end] === 0x7d && this.#found(this.byte, this.end + 1);
  }

  #readOctal(text: Uint8Array, at: number): boolean {
    const first = text[at] ?? 0;
    const second = text[at + 1] ?? 0;
    const third = text[at + 2] ?? 0;
    if (!isOctal(first) || first > 0x33 || !isOctal(second) || !isOctal(third)) return false;
    return this.#found(((first & 7) << 6) | ((second & 7) << 3) | (third & 7), at + 3);
  }

  #readReference(text: Uint8Array, at: number): boolean {
    if (text[at] === 0x23) {
      const isHex = ((text[at + 1] ?? 0) | 0x20) === letterX;
      if (!this.#readNumber(text, isHex ? at + 2 : at + 1, isHex ? 16 : 10)) return false;
      return this.#found(this.byte, text[this.end] === semicolon ? this.end + 1 : this.end);
    }
    for (const { name, meaning } of references) {
      if (startsWith(text, at, name)) return this.#found(meaning, at + name.length);
    }
    return false;
  }

  /** A number below 128 of as many digits as there are. */
  #readNumber(text: Uint8Array, start: number, base: 10 | 16): boolean {
    let value = 0;
    let at = start;
    for (; at - start <= maxReferenceDigits; at++) {
      const digit = byteOfDigits(0x30, text[at] ?? 0);
      if (digit < 0 || digit >= base) {
        return at > start && value < 0x80 && this.#found(value, at);
      }
      value = value * base + digit;
    }
    return false;
  }

  #found(byte: number, end: number): boolean {
    this.byte = byte;
    this.end = end;
    return true;
  }
}

function isOctal(byte: number): boolean {
  return (byte & 0xf8) === 0x30;
}

function startsWith(text: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let offset = 0; offset < name.length; offset++) {
    if (text[at + offset] !== name[offset]) return false;
  }
  return true;
}

function marks(): Uint8Array {
  const table = new Uint8Array(256);
  for (const mark of [percent, ampersand, plus, backslash]) table[mark] = 1;
  return table;
}
