/** Values of JSON (RFC 8259) from the bytes that they are written in. */

/** A value that was found: a string, an exact integer, a boolean; null for all else, and for none. */
export type FoundValue = string | number | boolean | null;

/** Digits that a safe integer may have. */
const maxDigits = 16;

const minus = 0x2d;
const zero = 0x30;
const trueWord = Buffer.from("true");
const falseWord = Buffer.from("false");

const scalarBytes = new Uint8Array(256);
for (const byte of Buffer.from(
  "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)) {
  scalarBytes[byte] = 1;
}

/** Whether numbers and literals consist of such bytes; `NaN` and `Infinity` too, which lenient parsers take. */
export function isScalarByte(byte: number): boolean {
  return scalarBytes[byte] === 1;
}

/** Where the number or literal that begins at `start` ends, at most at `end`. */
export function findScalarEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && scalarBytes[bytes[at] ?? 0] === 1) at++;
  return at;
}

/** The text between the quotes of a string; null where no parser reads it. What is no UTF-8 is replaced by U+FFFD. */
export function decodeString(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString("utf8", start, end);
  if (!text.includes("\\")) return text;
  try {
    const decoded: unknown = JSON.parse(`"${text}"`);
    return typeof decoded === "string" ? decoded : null;
  } catch {
    // An escape that JSON does not have
    return null;
  }
}

/** The boolean or exact integer of `bytes[start, end)`; null for every other number or word. */
export function decodeScalar(bytes: Buffer, start: number, end: number): FoundValue {
  if (isBytes(trueWord, bytes, start, end)) return true;
  if (isBytes(falseWord, bytes, start, end)) return false;
  return decodeInteger(bytes, start, end);
}

/** Whether `bytes[start, end)` are the wanted ones. */
export function isBytes(wanted: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] !== bytes[start + index]) return false;
  }
  return true;
}

/** Null for a fraction, an exponent, a leading zero, and for what a number does not hold exactly. */
function decodeInteger(bytes: Buffer, start: number, end: number): number | null {
  const first = bytes[start] === minus ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > maxDigits || (digits > 1 && bytes[first] === zero)) return null;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = (bytes[at] ?? 0) - zero;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  if (!Number.isSafeInteger(value)) return null;
  return first === start ? value : 0 - value;
}
