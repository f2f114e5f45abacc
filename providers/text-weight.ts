/**
 * How many tokens a text has, about, before any tokenizer was asked: a weight that is found byte by byte. Tokenizers
 * split a text at the same places, where letters, digits, marks and space meet, and it is these that are counted, not
 * bytes: of English, code, JSON and Chinese the o200k and cl100k vocabularies of OpenAI make 0.85 to 1.15 tokens for
 * each unit (1.5 of German and Chinese in the older one), where tokens for each byte differ threefold.
 */

// Sorts of bytes. Of UTF-8 beyond ASCII the byte that begins a character counts for all of it.
const LOWER = 0;
const UPPER = 1;
const DIGIT = 2;
const SPACE = 3;
const CONTROL = 4;
const MARK = 5;
const CONTINUED = 6;
const TWO_BYTES = 7;
const MORE_BYTES = 8;
const sorts = 9;

/** Units for a byte by the sort of the one before, fitted to the o200k vocabulary. A long word is more than one token. */
const units: Readonly<Record<string, readonly number[]>> = {
  //       lower upper digit space control mark continued two more
  lower: [0.115, 0.9, 0.9, 0, 0.7, 0.85, 0, 0.35, 0.8],
  upper: [0.115, 0.35, 0.9, 0, 0.7, 0.85, 0, 0.5, 0.8],
  digit: [0.9, 0.9, 0.27, 0, 0.7, 0.85, 0, 0.6, 0.8],
  space: [0.6, 0.8, 1.3, 0.03, 0.3, 0.85, 0, 0.8, 0.8],
  control: [0.6, 0.8, 1, 0.1, 0.1, 0.85, 0, 0.8, 0.8],
  mark: [0.6, 0.8, 0.9, 0, 0.7, 0.5, 0, 0.8, 0.8],
  continued: [0.2, 0.5, 0.9, 0, 0.7, 0.85, 0, 0.35, 0.8],
  two: [0, 0, 0, 0, 0, 0, 0, 0, 0],
  more: [0, 0, 0, 0, 0, 0, 0, 0, 0],
};

const unitsAfter = Object.values(units).flat();

/** Parts of a unit: whole numbers are added faster, and without rounding. */
const partsOfUnit = 200;

const quote = 0x22;
const backslash = 0x5c;

/** Stands for a quote, a backslash and what no string holds, which end the plain part of a string. */
const stop = 0xffff;

/** That no parts have. */
const stopBit = 0x8000;

/** Parts for a byte by the one before: one look for each byte of a long prompt, also for whether the string goes on. */
const partsOfPair = Uint16Array.from({ length: 1 << 16 }, (_, pair) => {
  const byte = pair & 0xff;
  return byte === quote || byte === backslash || byte < 0x20 ? stop : partsAfter(pair >> 8, byte);
});

/** A byte of each sort, by the sort. */
const byteOf = Uint8Array.of(0x61, 0x41, 0x30, 0x20, 0x0a, 0x2e, 0x80, 0xc3, 0xe0);

/** What a text begins after. */
const aMark = 0x2e;
const aContinuation = 0x80;

const letterU = 0x75;
const hexDigits = 4;

/** Characters of a JSON string that stand for others than what they look like, by the letter after the backslash. */
const escapedSorts = new Map<number, number>([
  [0x6e, CONTROL],
  [0x72, CONTROL],
  [0x74, CONTROL],
  [0x62, CONTROL],
  [0x66, CONTROL],
]);

/** Weighs the inside of JSON strings as they pass, in pieces of any size, which may cut escapes and characters. */
export class TextWeigher {
  #parts = 0;
  #previous = aMark;
  /** Of an escape that is open: -1 none, 0 only its backslash, else hex digits still to come */
  #escape = -1;
  #code = 0;
  #hasEscapedLetter = false;

  /** Units so far. */
  get weight(): number {
    return this.#parts / partsOfUnit;
  }

  /** Whether a letter of ASCII was written as `\u…`, which no encoder does: it hides what a string says. */
  get hasEscapedLetter(): boolean {
    return this.#hasEscapedLetter;
  }

  /** What follows is no continuation of what came before. */
  begin(): void {
    this.#previous = aMark;
    this.#escape = -1;
  }

  /** Goes on with `bytes[start, end)`, which are borrowed. */
  write(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      at = this.#take(bytes, at, end);
      // A quote that ends nothing is a mark.
      if (at < end) this.#add(bytes[at++] ?? 0);
    }
  }

  /** Weighs a string anew whose inside begins at `start`; where its quote stands, or the end of the bytes. */
  writeString(bytes: Uint8Array, start: number): number {
    this.begin();
    let at = this.#take(bytes, start, bytes.length);
    // No string holds control characters: what has them is no JSON, and weighs something all the same.
    while (at < bytes.length && bytes[at] !== quote) {
      this.#add(bytes[at] ?? 0);
      at = this.#take(bytes, at + 1, bytes.length);
    }
    return at;
  }

  /**
   * The same of a string that holds no escape; -1 for one that does or that is not ended, of which nothing is weighed.
   */
  writePlain(bytes: Uint8Array, start: number): number {
    const before = this.#parts;
    this.begin();
    const at = this.#takePlain(bytes, start, bytes.length);
    if (bytes[at] === quote) return at;
    this.#parts = before;
    return -1;
  }

  /** Goes on up to a quote that is not escaped, or to what no string holds. */
  #take(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#escape >= 0) {
        this.#takeEscaped(bytes[at++] ?? 0);
        continue;
      }
      at = this.#takePlain(bytes, at, end);
      if (bytes[at] !== backslash || at === end) return at;
      this.#escape = 0;
      at++;
    }
    return at;
  }

  /** Goes on up to a quote, a backslash or what no string holds. */
  #takePlain(bytes: Uint8Array, start: number, end: number): number {
    let parts = this.#parts;
    let previous = this.#previous;
    let at = start;
    // Four at a time, and one look whether any of them ends it: a fifth faster, and prompts are long.
    for (; at + 3 < end; at += 4) {
      const first = bytes[at] ?? 0;
      const second = bytes[at + 1] ?? 0;
      const third = bytes[at + 2] ?? 0;
      const fourth = bytes[at + 3] ?? 0;
      const toFirst = partsOfPair[(previous << 8) | first] ?? 0;
      const toSecond = partsOfPair[(first << 8) | second] ?? 0;
      const toThird = partsOfPair[(second << 8) | third] ?? 0;
      const toFourth = partsOfPair[(third << 8) | fourth] ?? 0;
      if (((toFirst | toSecond | toThird | toFourth) & stopBit) !== 0) break;
      parts += toFirst + toSecond + toThird + toFourth;
      previous = fourth;
    }
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const more = partsOfPair[(previous << 8) | byte] ?? 0;
      if (more === stop) break;
      parts += more;
      previous = byte;
    }
    this.#parts = parts;
    this.#previous = previous;
    return at;
  }

  #add(byte: number): void {
    this.#parts += partsAfter(this.#previous, byte);
    this.#previous = byte;
  }

  #takeEscaped(byte: number): void {
    const sort = this.#readEscape(byte);
    if (sort < 0) return;
    this.#add(byteOf[sort] ?? 0);
    // A character is whole here, which in UTF-8 its continuation says.
    if (sort >= TWO_BYTES) this.#previous = aContinuation;
  }

  /** The sort of the character for which the open escape stands, once it is whole; -1 before. */
  #readEscape(byte: number): number {
    if (this.#escape === 0) {
      if (byte === letterU) {
        this.#escape = hexDigits;
        this.#code = 0;
        return -1;
      }
      this.#escape = -1;
      return escapedSorts.get(byte) ?? MARK;
    }
    this.#code = this.#code * 16 + Number.parseInt(String.fromCharCode(byte), 16);
    this.#escape--;
    if (this.#escape > 0) return -1;
    this.#escape = -1;
    return this.#sortOfCode(this.#code);
  }

  #sortOfCode(code: number): number {
    if (code >= 0x80) {
      // The second half of a pair belongs to the first.
      if (code >= 0xdc00 && code < 0xe000) return CONTINUED;
      return code < 0x800 ? TWO_BYTES : MORE_BYTES;
    }
    const sort = findSort(code);
    if (sort === LOWER || sort === UPPER || sort === DIGIT) this.#hasEscapedLetter = true;
    return sort;
  }
}

function partsAfter(previous: number, byte: number): number {
  const unit = unitsAfter[findSort(previous) * sorts + findSort(byte)] ?? 0;
  return Math.round(unit * partsOfUnit);
}

function findSort(byte: number): number {
  if (byte >= 0x61 && byte <= 0x7a) return LOWER;
  if (byte >= 0x41 && byte <= 0x5a) return UPPER;
  if (byte >= 0x30 && byte <= 0x39) return DIGIT;
  if (byte === 0x20) return SPACE;
  if (byte < 0x20) return CONTROL;
  if (byte < 0x80) return MARK;
  if (byte < 0xc0) return CONTINUED;
  return byte < 0xe0 ? TWO_BYTES : MORE_BYTES;
}
