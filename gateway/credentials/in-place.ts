/**
 * Writes one text over another of the same length where that one stands, in the same escapes character by character, so
 * that no byte is more or less.
 */

import { EscapeReader, escapeMarks } from "./escape-reader.ts";
import { byteOfDigits } from "./uri-encoding.ts";

/** Two texts of the same length in ASCII; where they differ, both have letters, digits, `-` or `_`. */
export interface TextPair {
  readonly from: string;
  readonly to: string;
}

const reader = new EscapeReader();

/**
 * The bytes of `text[start, end)`, in which `from` stands escaped in whatever way, with `to` in its place; letters are
 * found in either case. Undefined when that takes more or fewer bytes, as in `&#115;`, or when `from` is not there.
 */
export function writeInPlace(
  text: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  { from, to }: TextPair,
): Buffer | undefined {
  const written = Buffer.from(text.subarray(start, end));
  let at = start;
  let index = 0;
  while (at < end) {
    const wanted = from.charCodeAt(index);
    const stop = index < from.length ? unitEnd(text, at, wanted) : -1;
    if (stop < 0) {
      // Line ends and the zeros of UTF-16 between characters belong to the text around.
      if (!isBetween(text[at] ?? 0)) return undefined;
      at++;
      continue;
    }
    const code = to.charCodeAt(index);
    if (code !== wanted && !writeUnit(written, { start: at - start, end: stop - start }, code)) {
      return undefined;
    }
    at = stop;
    index++;
  }
  return index === from.length ? written : undefined;
}

/** Where the character that stands at `at`, escaped or not, ends; -1 when it is another one. */
function unitEnd(text: Uint8Array, at: number, wanted: number): number {
  const byte = text[at] ?? 0;
  if (escapeMarks[byte] === 1) {
    let isRead = reader.read(text, at);
    while (isRead) {
      if (isSame(reader.byte, wanted)) return reader.end;
      isRead = reader.readDeeper(text);
    }
  }
  return isSame(byte, wanted) ? at + 1 : -1;
}

function writeUnit(
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  code: number,
): boolean {
  if (end - start === 1) {
    bytes[start] = code;
    return true;
  }
  const last = bytes[end - 1] === 0x3b || bytes[end - 1] === 0x7d ? end - 1 : end;
  const isHex = /^(?:%|%u00|%(?:25)+|\\+x|\\+u00|\\+u\{0*|&#[xX]0*)$/.test(
    bytes.toString("latin1", start, last - 2),
  );
  if (!isHex || byteOfDigits(bytes[last - 2] ?? 0, bytes[last - 1] ?? 0) < 0) return false;
  const digits = code.toString(16).padStart(2, "0");
  const isUpper = /[A-F]/.test(bytes.toString("latin1", last - 2, last));
  bytes.write(isUpper ? digits.toUpperCase() : digits, last - 2, "latin1");
  return true;
}

function isSame(byte: number, wanted: number): boolean {
  if (byte === wanted) return true;
  const isLetter = (wanted | 0x20) >= 0x61 && (wanted | 0x20) <= 0x7a;
  return isLetter && (byte | 0x20) === (wanted | 0x20) && byte < 0x80;
}

function isBetween(byte: number): boolean {
  return byte === 0 || byte === 0x0a || byte === 0x0d;
}
