/**
 * Percent-encoding of RFC 3986 as signatures and credentials need it: only unreserved characters stay as they are, and
 * hexadecimal digits are upper case. Never throws: half a surrogate pair is written as U+FFFD.
 */

const percent = 0x25;
const slash = 0x2f;

/** `%41` and so on, by byte. */
const escapes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
});

/** 1 for letters, digits and `-._~` (RFC 3986 §2.3). */
const unreserved = byteTable((code) => /[\w.~-]/.test(String.fromCharCode(code)));

/** Value of a hexadecimal digit by its code; 0xff for any other byte. */
const hexValues = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0xff : value;
});

/** The text with everything but unreserved characters escaped, `/` and `%` too. */
export function encodeComponent(text: string): string {
  return encode(text, false);
}

/** The same for a whole path, whose slashes stay. */
export function encodePath(path: string): string {
  return encode(path, true);
}

/**
 * What the text means, encoded in the one normal way: escapes of unreserved characters are undone, all others are kept
 * with upper-case digits, and what had to be escaped is. A `%` that begins no escape is taken for itself, as is `+`.
 */
export function normalizeComponent(text: string): string {
  return normalize(text, false);
}

/** The same for a whole path: its slashes stay, and so does `%2F`, which separates nothing. */
export function normalizePath(path: string): string {
  return normalize(path, true);
}

/** Value of the byte that two hexadecimal digits mean; -1 when they are none. Codes above 0xff are no digits. */
export function byteOfDigits(high: number, low: number): number {
  const first = high < 256 ? (hexValues[high] ?? 0xff) : 0xff;
  const second = low < 256 ? (hexValues[low] ?? 0xff) : 0xff;
  return first > 15 || second > 15 ? -1 : first * 16 + second;
}

function encode(text: string, keepsSlash: boolean): string {
  let encoded = "";
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isPlain(code, keepsSlash)) continue;
    encoded += text.slice(start, at);
    const point = code < 0x80 ? code : (text.codePointAt(at) ?? code);
    encoded += escapesOf(point);
    if (point > 0xffff) at++;
    start = at + 1;
  }
  return start === 0 ? text : encoded + text.slice(start);
}

function normalize(text: string, keepsSlash: boolean): string {
  let normal = "";
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isPlain(code, keepsSlash)) continue;
    normal += text.slice(start, at);
    const byte =
      code === percent ? byteOfDigits(text.charCodeAt(at + 1), text.charCodeAt(at + 2)) : -1;
    if (byte >= 0) {
      normal += unreserved[byte] === 1 ? String.fromCharCode(byte) : escapes[byte];
      at += 2;
    } else {
      const point = code < 0x80 ? code : (text.codePointAt(at) ?? code);
      normal += escapesOf(point);
      if (point > 0xffff) at++;
    }
    start = at + 1;
  }
  return start === 0 ? text : normal + text.slice(start);
}

function isPlain(code: number, keepsSlash: boolean): boolean {
  return code < 0x80 && (unreserved[code] === 1 || (keepsSlash && code === slash));
}

/** UTF-8 bytes of a code point, escaped. */
function escapesOf(point: number): string {
  if (point < 0x80) return escapes[point] ?? "";
  if (point < 0x800) return `${escapes[0xc0 | (point >> 6)]}${trail(point)}`;
  if (point >= 0xd800 && point <= 0xdfff) return "%EF%BF%BD";
  if (point < 0x1_0000)
    return `${escapes[0xe0 | (point >> 12)]}${trail(point >> 6)}${trail(point)}`;
  const lead = escapes[0xf0 | (point >> 18)];
  return `${lead}${trail(point >> 12)}${trail(point >> 6)}${trail(point)}`;
}

function trail(bits: number): string {
  return escapes[0x80 | (bits & 0x3f)] ?? "";
}

function byteTable(isMember: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (code < 0x80 && isMember(code) ? 1 : 0));
}
