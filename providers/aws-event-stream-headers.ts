/**
 * Headers of the messages of AWS event streams (https://smithy.io/2.0/aws/amazon-eventstream.html#headers): each a name,
 * one byte for the type of its value, and the value.
 */

import type { Decoded } from "./codec.ts";

/** Most that a message's headers may be long together, in bytes. */
export const maxEventStreamHeaderBytes = 128 * 1024;

/** A header's value with its type. */
export type EventStreamHeaderValue =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "byte" | "short" | "integer"; readonly value: number }
  | { readonly kind: "long"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly value: Buffer }
  | { readonly kind: "string"; readonly value: string }
  /** Milliseconds since 1970 */
  | { readonly kind: "timestamp"; readonly value: bigint }
  /** In its usual notation, lower case */
  | { readonly kind: "uuid"; readonly value: string };

/** Headers by name; of a name that comes twice the last one. */
export type EventStreamHeaders = ReadonlyMap<string, EventStreamHeaderValue>;

const TRUE = 0;
const FALSE = 1;
const BYTE = 2;
const SHORT = 3;
const INTEGER = 4;
const LONG = 5;
const BYTES = 6;
const STRING = 7;
const TIMESTAMP = 8;
const UUID = 9;

/** Bytes of values by type, the byte of the type left out; -1: two bytes with the length stand before it. */
const valueBytes: readonly number[] = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16];

const cutOff = { kind: "malformed", reason: "the headers of a message are cut off" } as const;
const unknownType = {
  kind: "malformed",
  reason: "a header of a message has an unknown type",
} as const;

/** Reads the headers that are `bytes[start, end)`; values of bytes are borrowed from it. */
export function decodeEventStreamHeaders(
  bytes: Buffer,
  start: number,
  end: number,
): Decoded<EventStreamHeaders> {
  const headers = new Map<string, EventStreamHeaderValue>();
  let at = start;
  while (at < end) {
    const nameEnd = at + 1 + (bytes[at] ?? 0);
    if (nameEnd + 1 > end) return cutOff;
    const name = bytes.toString("utf8", at + 1, nameEnd);
    const type = bytes[nameEnd] ?? 0;
    const fixed = valueBytes[type];
    if (fixed === undefined) return unknownType;
    let valueStart = nameEnd + 1;
    let length = fixed;
    if (fixed < 0) {
      if (valueStart + 2 > end) return cutOff;
      length = bytes.readUInt16BE(valueStart);
      valueStart += 2;
    }
    at = valueStart + length;
    if (at > end) return cutOff;
    headers.set(name, decodeValue(type, bytes, valueStart, at));
  }
  return { kind: "ok", value: headers };
}

/**
 * The bytes of headers, in the order of the map. Raises a RangeError for a name that is empty or longer than 255 bytes,
 * for a value that its type does not hold, and for headers that are too long together.
 */
export function encodeEventStreamHeaders(headers: EventStreamHeaders): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, value] of headers) {
    const bytes = Buffer.from(name);
    if (bytes.length < 1 || bytes.length > 255) {
      throw new RangeError(`Cannot encode header "${name}": its name has ${bytes.length} bytes`);
    }
    pieces.push(Buffer.of(bytes.length), bytes, encodeValue(name, value));
  }
  const encoded = Buffer.concat(pieces);
  if (encoded.length > maxEventStreamHeaderBytes) {
    throw new RangeError(`Cannot encode headers: ${encoded.length} bytes are too many`);
  }
  return encoded;
}

function decodeValue(
  type: number,
  bytes: Buffer,
  start: number,
  end: number,
): EventStreamHeaderValue {
  switch (type) {
    case TRUE:
      return { kind: "boolean", value: true };
    case FALSE:
      return { kind: "boolean", value: false };
    case BYTE:
      return { kind: "byte", value: bytes.readInt8(start) };
    case SHORT:
      return { kind: "short", value: bytes.readInt16BE(start) };
    case INTEGER:
      return { kind: "integer", value: bytes.readInt32BE(start) };
    case LONG:
      return { kind: "long", value: bytes.readBigInt64BE(start) };
    case BYTES:
      return { kind: "bytes", value: bytes.subarray(start, end) };
    case TIMESTAMP:
      return { kind: "timestamp", value: bytes.readBigInt64BE(start) };
    case UUID:
      return { kind: "uuid", value: formatUuid(bytes.toString("hex", start, end)) };
    default:
      return { kind: "string", value: bytes.toString("utf8", start, end) };
  }
}

function formatUuid(hex: string): string {
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...groups, hex.slice(20)].join("-");
}

function encodeValue(name: string, header: EventStreamHeaderValue): Buffer {
  switch (header.kind) {
    case "boolean":
      return Buffer.of(header.value ? TRUE : FALSE);
    case "byte":
      return fixedValue(BYTE, (value) => value.writeInt8(header.value, 1));
    case "short":
      return fixedValue(SHORT, (value) => value.writeInt16BE(header.value, 1));
    case "integer":
      return fixedValue(INTEGER, (value) => value.writeInt32BE(header.value, 1));
    case "long":
      return fixedValue(LONG, (value) => value.writeBigInt64BE(header.value, 1));
    case "timestamp":
      return fixedValue(TIMESTAMP, (value) => value.writeBigInt64BE(header.value, 1));
    case "uuid":
      return encodeUuid(name, header.value);
    case "bytes":
      return variableValue(name, BYTES, header.value);
    case "string":
      return variableValue(name, STRING, Buffer.from(header.value));
  }
}

function fixedValue(type: number, write: (value: Buffer) => void): Buffer {
  const value = Buffer.alloc(1 + (valueBytes[type] ?? 0));
  value[0] = type;
  write(value);
  return value;
}

function variableValue(name: string, type: number, bytes: Buffer): Buffer {
  if (bytes.length > 0x7fff) {
    throw new RangeError(`Cannot encode header "${name}": ${bytes.length} bytes are too many`);
  }
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function encodeUuid(name: string, text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) throw new RangeError(`Cannot encode header "${name}": it is no UUID`);
  return Buffer.concat([Buffer.of(UUID), bytes]);
}
