/**
 * Reads a few values out of a JSON document while it passes, in pieces of any size. Nothing is built but these values;
 * memory is a kilobyte at most. It trusts the document's author no further than that: what strict parsers would refuse
 * may pass here, but what they accept is read as they read it, escaped and repeated keys included.
 */

import type { JsonShape } from "./json-shape.ts";
import type { FoundValue } from "./json-value.ts";
import { decodeScalar, decodeString, findScalarEnd, isBytes, isScalarByte } from "./json-value.ts";

/** Longest string that is kept, as written in the document, in bytes; longer ones are found as null. */
const maxTextBytes = 1_024;
/** No answer of a provider nests a tenth of this. */
const maxNesting = 256;
/** Below this a loop finds the end of a string sooner than a call of `indexOf`. */
const nearBytes = 24;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** Makes one of `[` and `{`, and of `]` and `}`. */
const bracketBit = 0x20;

// What the next byte belongs to. Numbers, because the walk compares them for every token.
const atValue = 0;
const atFirstElement = 1;
const atFirstKey = 2;
const atKey = 3;
const atColon = 4;
const afterValue = 5;
const inSkipped = 6;
const inSkippedString = 7;
const inString = 8;
const inScalar = 9;
const inKey = 10;
const inWantedString = 11;
const inWantedScalar = 12;
const atPresence = 13;
const complete = 14;
const malformed = 15;
const inText = 16;

/** Takes part of a string's inside as it is written in the document, escapes and all; the bytes are borrowed. */
export type TakeText = (bytes: Buffer, start: number, end: number) => void;

/** What a scanner tells while it reads. */
export interface ScannerHandlers {
  readonly onElement?: () => void;
  readonly onText?: TakeText;
}

/** Reads one document after another. */
export class JsonScanner {
  /** What was found so far, by slot; of a key that came twice, what came last */
  readonly values: FoundValue[];
  readonly #onElement: () => void;
  readonly #onText: TakeText | undefined;
  #shape: JsonShape;
  #mode = atValue;
  /** What the value to come is; null for one that nobody wants */
  #target: JsonShape | null;
  /** Wanted containers that are open, the innermost last */
  readonly #open: JsonShape[] = [];
  readonly #isArray: boolean[] = [];
  #depth = 0;
  /** Unwanted containers that are open within them */
  #skipped = 0;
  /** The next byte is escaped */
  #isEscaped = false;
  /** What came before of a key or a wanted value that a piece cut */
  #held: Buffer | null = null;
  /** More than `maxTextBytes` when it was too much to hold */
  #heldBytes = 0;

  /**
   * `slots` is how many the shape uses. `onElement` is called at the end of an array's element that held values, which
   * are taken back thereafter. `onText` is given the strings of which only the presence is wanted.
   */
  constructor(
    shape: JsonShape,
    slots: number,
    { onElement = ignoreElement, onText }: ScannerHandlers = {},
  ) {
    this.values = new Array<FoundValue>(slots).fill(null);
    this.#onElement = onElement;
    this.#onText = onText;
    this.#shape = shape;
    this.#target = shape;
  }

  /** The document is whole; what follows is not read. */
  get isComplete(): boolean {
    return this.#mode === complete;
  }

  /** The document cannot be JSON or nests too deep; what follows is not read. */
  get isMalformed(): boolean {
    return this.#mode === malformed;
  }

  /** Forgets the document and its values for another one. */
  reset(shape: JsonShape = this.#shape): void {
    this.values.fill(null);
    this.#shape = shape;
    this.#target = shape;
    this.#mode = atValue;
    this.#depth = 0;
    this.#skipped = 0;
    this.#isEscaped = false;
    this.#heldBytes = 0;
  }

  /** Goes on with `bytes[start, end)`, which are borrowed. */
  write(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) at = this.#advance(bytes, at, end);
  }

  /** Goes on by a token, or by what this piece has of it; where the next byte stands. */
  #advance(bytes: Buffer, at: number, end: number): number {
    switch (this.#mode) {
      case inSkipped:
        return this.#skipContainer(bytes, at, end);
      case inSkippedString:
        return this.#passString(bytes, at, end, inSkipped);
      case inString:
        return this.#passString(bytes, at, end, afterValue);
      case inScalar:
        return this.#passScalar(bytes, at, end);
      case inKey:
        return this.#holdKey(bytes, at, end);
      case inWantedString:
        return this.#readString(bytes, at, end);
      case inWantedScalar:
        return this.#readScalar(bytes, at, end);
      case atPresence:
        return this.#notePresence(bytes, at);
      case inText:
        return this.#passText(bytes, at, end);
      case complete:
      case malformed:
        return end;
      default:
        return this.#readToken(bytes, at, end);
    }
  }

  #readToken(bytes: Buffer, at: number, end: number): number {
    const byte = bytes[at] ?? 0;
    if (byte <= 0x20) return isSpace(byte) ? at + 1 : this.#giveUp(end);
    const mode = this.#mode;
    if (mode === afterValue) return this.#readAfterValue(byte, at, end);
    if (mode === atColon) {
      if (byte !== colon) return this.#giveUp(end);
      this.#mode = atValue;
      return at + 1;
    }
    if (mode === atValue) return this.#beginValue(bytes, at, end);
    if (mode === atFirstElement) {
      return byte === closeBracket ? this.#close(at) : this.#beginValue(bytes, at, end);
    }
    if (byte === quote) return this.#readKey(bytes, at + 1, end);
    return byte === closeBrace && mode === atFirstKey ? this.#close(at) : this.#giveUp(end);
  }

  #readAfterValue(byte: number, at: number, end: number): number {
    const inArray = this.#isArray[this.#depth - 1] === true;
    if (byte === comma) {
      this.#mode = inArray ? atValue : atKey;
      if (inArray) this.#target = this.#innermost().element;
      return at + 1;
    }
    return byte === (inArray ? closeBracket : closeBrace) ? this.#close(at) : this.#giveUp(end);
  }

  #innermost(): JsonShape {
    return this.#open[this.#depth - 1] ?? this.#shape;
  }

  #close(at: number): number {
    this.#depth--;
    this.#endValue();
    return at + 1;
  }

  #endValue(): void {
    if (this.#depth === 0) {
      this.#mode = complete;
      return;
    }
    this.#mode = afterValue;
    if (this.#isArray[this.#depth - 1] !== true) return;
    const { element } = this.#innermost();
    if (element === null || element.slots.length === 0) return;
    this.#onElement();
    this.#takeBack(element);
  }

  #takeBack(shape: JsonShape): void {
    for (let index = 0; index < shape.slots.length; index++) {
      this.values[shape.slots[index] ?? 0] = null;
    }
  }

  #giveUp(end: number): number {
    this.#mode = malformed;
    return end;
  }

  #beginValue(bytes: Buffer, at: number, end: number): number {
    const byte = bytes[at] ?? 0;
    const target = this.#target;
    if (target !== null && target.slots.length > 0) this.#takeBack(target);
    if (byte === quote) return this.#beginString(at + 1, target);
    if (byte === openBrace) {
      if (target === null || target.members.length === 0) return this.#beginSkipped(at);
      return this.#enter(at, target, atFirstKey);
    }
    if (byte === openBracket) {
      if (target === null || target.element === null) return this.#beginSkipped(at);
      return this.#enter(at, target, atFirstElement);
    }
    if (!isScalarByte(byte)) return this.#giveUp(end);
    const isWanted = target !== null && target.slot >= 0 && target.as === "value";
    this.#mode = isWanted ? inWantedScalar : inScalar;
    this.#heldBytes = 0;
    return at;
  }

  #enter(at: number, target: JsonShape, mode: number): number {
    this.#open[this.#depth] = target;
    this.#isArray[this.#depth] = mode === atFirstElement;
    this.#depth++;
    this.#mode = mode;
    this.#target = target.element;
    return at + 1;
  }

  #beginSkipped(at: number): number {
    this.#skipped = 1;
    this.#mode = inSkipped;
    return at + 1;
  }

  #skipContainer(bytes: Buffer, start: number, end: number): number {
    const deepest = maxNesting - this.#depth;
    let skipped = this.#skipped;
    let at = start;
    while (at < end) {
      const byte = bytes[at] ?? 0;
      at++;
      if (byte === quote) {
        const stop = this.#findStringEnd(bytes, at, end);
        if (stop < 0) {
          this.#mode = inSkippedString;
          break;
        }
        at = stop + 1;
        continue;
      }
      const bracket = byte | bracketBit;
      if (bracket === openBrace) {
        skipped++;
        if (skipped > deepest) return this.#giveUp(end);
      } else if (bracket === closeBrace) {
        skipped--;
        if (skipped > 0) continue;
        this.#endValue();
        return at;
      }
    }
    this.#skipped = skipped;
    return end;
  }

  /** Where the closing quote stands; -1 when the string goes on beyond `end`. */
  #findStringEnd(bytes: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#isEscaped && at < end) {
      this.#isEscaped = false;
      at++;
    }
    for (;;) {
      const near = Math.min(at + nearBytes, end);
      while (at < near) {
        const byte = bytes[at];
        if (byte === quote) return at;
        at += byte === backslash ? 2 : 1;
      }
      if (at >= end) {
        this.#isEscaped = at > end;
        return -1;
      }
      // Node below 26 does not heed `end`
      const stop = bytes.indexOf(quote, at, end);
      const found = stop >= 0 && stop < end ? stop : end;
      // `at` begins a character, so that backslashes before it belong to others
      let before = found;
      while (before > at && bytes[before - 1] === backslash) before--;
      const isEscaped = (found - before) % 2 === 1;
      if (found === end) {
        this.#isEscaped = isEscaped;
        return -1;
      }
      if (!isEscaped) return found;
      at = found + 1;
    }
  }

  #passString(bytes: Buffer, at: number, end: number, next: number): number {
    const stop = this.#findStringEnd(bytes, at, end);
    if (stop < 0) return end;
    if (next === afterValue) this.#endValue();
    else this.#mode = next;
    return stop + 1;
  }

  #passScalar(bytes: Buffer, start: number, end: number): number {
    const stop = findScalarEnd(bytes, start, end);
    if (stop < end) this.#endValue();
    return stop;
  }

  #beginString(at: number, target: JsonShape | null): number {
    if (target === null || target.slot < 0) this.#mode = inString;
    else if (target.as === "value") this.#mode = inWantedString;
    else this.#mode = this.#onText === undefined ? atPresence : inText;
    this.#heldBytes = 0;
    return at;
  }

  /** The first byte of a string tells whether it is empty. */
  #notePresence(bytes: Buffer, at: number): number {
    if (bytes[at] !== quote && this.#target !== null) this.values[this.#target.slot] = true;
    this.#mode = inString;
    return at;
  }

  #passText(bytes: Buffer, at: number, end: number): number {
    const stop = this.#findStringEnd(bytes, at, end);
    const to = stop < 0 ? end : stop;
    if (to > at && this.#target !== null) {
      this.values[this.#target.slot] = true;
      this.#onText?.(bytes, at, to);
    }
    if (stop < 0) return end;
    this.#endValue();
    return stop + 1;
  }

  #readString(bytes: Buffer, at: number, end: number): number {
    const stop = this.#findStringEnd(bytes, at, end);
    if (stop < 0) {
      this.#hold(bytes, at, end);
      return end;
    }
    const target = this.#target;
    if (target !== null) this.values[target.slot] = this.#text(bytes, at, stop);
    this.#endValue();
    return stop + 1;
  }

  #readScalar(bytes: Buffer, at: number, end: number): number {
    const stop = findScalarEnd(bytes, at, end);
    if (stop === end) {
      this.#hold(bytes, at, end);
      return end;
    }
    const target = this.#target;
    if (target !== null) this.values[target.slot] = this.#scalar(bytes, at, stop);
    this.#endValue();
    return stop;
  }

  /** A key that stands whole and plain in this piece is compared where it is. */
  #readKey(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = bytes[at];
      if (byte === quote) {
        this.#target = findMember(this.#innermost(), bytes, start, at);
        this.#mode = atColon;
        return at + 1;
      }
      if (byte === backslash) break;
      at++;
    }
    this.#heldBytes = 0;
    this.#mode = inKey;
    return start;
  }

  #holdKey(bytes: Buffer, at: number, end: number): number {
    const stop = this.#findStringEnd(bytes, at, end);
    if (stop < 0) {
      this.#hold(bytes, at, end);
      return end;
    }
    const key = this.#text(bytes, at, stop);
    this.#target = this.#innermost().members.find((member) => member.key === key) ?? null;
    this.#mode = atColon;
    return stop + 1;
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    const bytesAfter = this.#heldBytes + end - start;
    if (bytesAfter <= maxTextBytes) {
      this.#held ??= Buffer.allocUnsafe(maxTextBytes);
      bytes.copy(this.#held, this.#heldBytes, start, end);
    }
    this.#heldBytes = bytesAfter;
  }

  /** The string that ends at `end`, with what was held of it; null when it is too long. */
  #text(bytes: Buffer, start: number, end: number): string | null {
    if (this.#heldBytes === 0) {
      return end - start > maxTextBytes ? null : decodeString(bytes, start, end);
    }
    this.#hold(bytes, start, end);
    if (this.#held === null || this.#heldBytes > maxTextBytes) return null;
    return decodeString(this.#held, 0, this.#heldBytes);
  }

  #scalar(bytes: Buffer, start: number, end: number): FoundValue {
    if (this.#heldBytes === 0) return decodeScalar(bytes, start, end);
    this.#hold(bytes, start, end);
    if (this.#held === null || this.#heldBytes > maxTextBytes) return null;
    return decodeScalar(this.#held, 0, this.#heldBytes);
  }
}

function ignoreElement(): void {}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function findMember(shape: JsonShape, bytes: Buffer, start: number, end: number): JsonShape | null {
  const { members } = shape;
  for (let index = 0; index < members.length; index++) {
    const member = members[index];
    if (member !== undefined && isBytes(member.name, bytes, start, end)) return member;
  }
  return null;
}
