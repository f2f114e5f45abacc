/** Where a JSON value in bytes ends, by the grammar of RFC 8259 and nothing beyond it. No value is built. */

/** No request nests a tenth of this; parsers of providers give up here too. */
const maxNesting = 1_000;

const quote = 0x22;
const minus = 0x2d;
const comma = 0x2c;
const point = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Looks at scalars as they are passed, so that whoever has to look at all of them passes a body once. */
export interface ScalarReader {
  /**
   * Reads the inside of a string, which begins at `start`; where its closing quote stands, or -1 where it holds an escape
   * or ends otherwise
   */
  readPlain(bytes: Buffer, start: number): number;
  /** Reads it anew, and whatever escapes it holds: its closing quote is known to stand at `end` */
  readEscaped(bytes: Buffer, start: number, end: number): void;
  /** Passes a number or word */
  passScalar(): void;
}

/** Where the value that begins at `start` ends, or -1 where it is none; what follows it is not read. */
export function skipValue(bytes: Buffer, start: number, reader?: ScalarReader): number {
  return skipNested(bytes, start, { depth: 0, reader });
}

/** Where the string ends whose quote stands at `start`, or -1 where it is none. Its UTF-8 is not checked. */
export function skipString(bytes: Buffer, start: number, reader?: ScalarReader): number {
  if (bytes[start] !== quote) return -1;
  if (reader === undefined) return skipInside(bytes, start + 1);
  const plainEnd = reader.readPlain(bytes, start + 1);
  if (plainEnd >= 0) return plainEnd + 1;
  const end = skipInside(bytes, start + 1);
  if (end >= 0) reader.readEscaped(bytes, start + 1, end - 1);
  return end;
}

function skipInside(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    // A byte at a time: most strings of a request hold an escape every few words, where a search would stop anyway.
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte === backslash) {
      at = skipEscape(bytes, at + 1);
      if (at < 0) return -1;
    } else if (byte < 0x20) return -1;
    else at++;
  }
}

/** Where white space ends. */
export function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at] ?? 0xff;
    if (byte > 0x20) return at;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

function skipEscape(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case quote:
    case backslash:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75:
      return skipHex(bytes, at + 1);
    default:
      return -1;
  }
}

function skipHex(bytes: Buffer, at: number): number {
  for (let index = at; index < at + 4; index++) {
    if (!isHex(bytes[index] ?? 0)) return -1;
  }
  return at + 4;
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** How deep one is, and who looks. */
interface Nesting {
  depth: number;
  readonly reader: ScalarReader | undefined;
}

function skipNested(bytes: Buffer, at: number, nesting: Nesting): number {
  const { reader } = nesting;
  switch (bytes[at]) {
    case quote:
      return skipString(bytes, at, reader);
    case openBrace:
    case openBracket:
      return skipInner(bytes, at, nesting);
    case 0x74:
      reader?.passScalar();
      return skipWord(bytes, at, "true");
    case 0x66:
      reader?.passScalar();
      return skipWord(bytes, at, "false");
    case 0x6e:
      reader?.passScalar();
      return skipWord(bytes, at, "null");
    default:
      reader?.passScalar();
      return skipNumber(bytes, at);
  }
}

function skipInner(bytes: Buffer, at: number, nesting: Nesting): number {
  if (nesting.depth === maxNesting) return -1;
  nesting.depth++;
  const skip = bytes[at] === openBrace ? skipObject : skipArray;
  const end = skip(bytes, at + 1, nesting);
  nesting.depth--;
  return end;
}

function skipObject(bytes: Buffer, start: number, nesting: Nesting): number {
  let at = skipSpace(bytes, start);
  if (bytes[at] === closeBrace) return at + 1;
  for (;;) {
    at = skipString(bytes, at, nesting.reader);
    if (at < 0) return -1;
    at = skipSpace(bytes, at);
    if (bytes[at] !== colon) return -1;
    at = skipNested(bytes, skipSpace(bytes, at + 1), nesting);
    if (at < 0) return -1;
    at = skipSpace(bytes, at);
    const byte = bytes[at];
    if (byte === closeBrace) return at + 1;
    if (byte !== comma) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

function skipArray(bytes: Buffer, start: number, nesting: Nesting): number {
  let at = skipSpace(bytes, start);
  if (bytes[at] === closeBracket) return at + 1;
  for (;;) {
    at = skipNested(bytes, at, nesting);
    if (at < 0) return -1;
    at = skipSpace(bytes, at);
    const byte = bytes[at];
    if (byte === closeBracket) return at + 1;
    if (byte !== comma) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

function skipWord(bytes: Buffer, at: number, word: string): number {
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word.charCodeAt(index)) return -1;
  }
  return at + word.length;
}

function skipNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === minus ? start + 1 : start;
  if (bytes[at] === zero) at++;
  else at = skipDigits(bytes, at);
  if (at < 0) return -1;
  if (bytes[at] === point) at = skipDigits(bytes, at + 1);
  if (at < 0) return -1;
  if (((bytes[at] ?? 0) | 0x20) !== 0x65) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === minus || sign === 0x2b ? at + 2 : at + 1);
}

/** At least one must be there. */
function skipDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at] ?? 0)) at++;
  return at === start ? -1 : at;
}
