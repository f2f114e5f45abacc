/**
 * DER writer (X.690 §8, §10): every function returns one complete element with a definite, minimal length.
 * Holds only what X.509 certificates need; nothing here knows about certificates.
 */
import { Buffer } from "node:buffer";

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT_CONSTRUCTED = 0xa0;
const CONTEXT_PRIMITIVE = 0x80;
const MAX_LOW_TAG = 30;

/** One element with the given identifier octet; the contents are copied one after another. */
export function encodeElement(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const content of contents) length += content.length;
  const lengthBytes = countLengthBytes(length);
  const element = Buffer.allocUnsafe(2 + lengthBytes + length);
  element[0] = tag;
  element[1] = lengthBytes === 0 ? length : 0x80 | lengthBytes;
  if (lengthBytes > 0) element.writeUIntBE(length, 2, lengthBytes);
  let offset = 2 + lengthBytes;
  for (const content of contents) {
    element.set(content, offset);
    offset += content.length;
  }
  return element;
}

/** SEQUENCE of elements that are already encoded. */
export function encodeSequence(...elements: readonly Uint8Array[]): Buffer {
  return encodeElement(SEQUENCE, ...elements);
}

/** SET of elements that are already encoded; the caller puts them in DER order (X.690 §11.6). */
export function encodeSet(...elements: readonly Uint8Array[]): Buffer {
  return encodeElement(SET, ...elements);
}

/** Non-negative INTEGER from big-endian bytes of any length; leading zeros are dropped, a sign octet is added where needed. */
export function encodeUnsignedInteger(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const lean = magnitude.subarray(start);
  const first = lean[0];
  if (first === undefined) return encodeElement(INTEGER, Uint8Array.of(0));
  return first < 0x80
    ? encodeElement(INTEGER, lean)
    : encodeElement(INTEGER, Uint8Array.of(0), lean);
}

/** BOOLEAN true: DER leaves out false wherever it is the default, as it is in all X.509 fields. */
export function encodeTrue(): Buffer {
  return encodeElement(BOOLEAN, Uint8Array.of(0xff));
}

/** OCTET STRING with the given contents. */
export function encodeOctetString(...contents: readonly Uint8Array[]): Buffer {
  return encodeElement(OCTET_STRING, ...contents);
}

/** BIT STRING whose last octet has `unusedBits` (0 to 7) bits that do not count; they must be zero. */
export function encodeBitString(bits: Uint8Array, unusedBits = 0): Buffer {
  if (!Number.isInteger(unusedBits) || unusedBits < 0 || unusedBits > 7) {
    throw new RangeError(`Cannot encode BIT STRING: unused bits are ${unusedBits}, wanted 0 to 7`);
  }
  return encodeElement(BIT_STRING, Uint8Array.of(unusedBits), bits);
}

/** UTF8String; X.520 size limits are the caller's. */
export function encodeUtf8String(text: string): Buffer {
  return encodeElement(UTF8_STRING, Buffer.from(text, "utf8"));
}

/** OBJECT IDENTIFIER from dotted decimal such as `2.5.29.17`; raises TypeError for anything else. */
export function encodeOid(dotted: string): Buffer {
  if (!/^[0-2](\.(0|[1-9]\d{0,14})){1,31}$/.test(dotted)) {
    throw new TypeError(`Cannot encode OID "${dotted}": wanted dotted decimal like "2.5.29.17"`);
  }
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  if (first < 2 && second > 39) {
    throw new TypeError(`Cannot encode OID "${dotted}": second arc is ${second}, wanted 0 to 39`);
  }
  return encodeElement(OID, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

/**
 * Time of a validity field, cut to whole seconds: UTCTime through 2049, GeneralizedTime from 2050 on
 * (RFC 5280 §4.1.2.5). Raises RangeError outside 1950 to 9999.
 */
export function encodeTime(unixMs: number): Buffer {
  const date = new Date(unixMs);
  const year = date.getUTCFullYear();
  if (!(year >= 1950 && year <= 9999)) {
    throw new RangeError(`Cannot encode time ${unixMs}: year is ${year}, wanted 1950 to 9999`);
  }
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return year < 2050
    ? encodeElement(UTC_TIME, Buffer.from(digits.slice(2), "latin1"))
    : encodeElement(GENERALIZED_TIME, Buffer.from(digits, "latin1"));
}

/** Context-specific EXPLICIT tag `[number]` around encoded elements. */
export function encodeExplicit(number: number, ...elements: readonly Uint8Array[]): Buffer {
  return encodeElement(CONTEXT_CONSTRUCTED | lowTag(number), ...elements);
}

/** Context-specific IMPLICIT tag `[number]` in place of a primitive type's own tag. */
export function encodeImplicit(number: number, content: Uint8Array): Buffer {
  return encodeElement(CONTEXT_PRIMITIVE | lowTag(number), content);
}

function countLengthBytes(length: number): number {
  if (length < 0x80) return 0;
  if (length < 0x100) return 1;
  if (length < 0x1_0000) return 2;
  return length < 0x100_0000 ? 3 : 4;
}

function lowTag(number: number): number {
  if (!Number.isInteger(number) || number < 0 || number > MAX_LOW_TAG) {
    throw new RangeError(`Cannot encode context tag ${number}: wanted 0 to ${MAX_LOW_TAG}`);
  }
  return number;
}

function base128(arc: number): number[] {
  const groups = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    groups.unshift((rest % 128) | 0x80);
  }
  return groups;
}
