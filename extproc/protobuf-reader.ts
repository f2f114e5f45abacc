/**
 * Reads protobuf's wire format in place (https://protobuf.dev/programming-guides/encoding/): tags, lengths and flags,
 * no values. Nothing is copied, nothing is trusted: every position is checked against the end of the block it is in.
 */
import { ClrkError } from "../gateway/errors.ts";

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** Bytes of the longest varint. */
const MAX_VARINT_BYTES = 10;

/** The error for a message that breaks the format; `detail` must hold nothing of the message. */
export function malformedMessage(detail: string): ClrkError {
  return new ClrkError("CLRK_MALFORMED_MESSAGE", `Cannot decode message of Envoy: ${detail}`);
}

/**
 * A position in borrowed bytes. Methods move it on; `end` is where the block ends that is being read and must not be
 * more than the length of `bytes`. All raise CLRK_MALFORMED_MESSAGE.
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  /** Position of the next byte */
  at: number;

  /** Reads from `start` on. Raises RangeError when `bytes[start, end)` are not all there. */
  constructor(bytes: Buffer, start: number, end: number) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`Cannot read bytes ${start} to ${end}: there are ${bytes.length}`);
    }
    this.bytes = bytes;
    this.at = start;
  }

  /** Tag of the next field: its number times 8 plus its wire type. */
  tag(end: number): number {
    const tag = this.#uint32(end);
    if (tag < 8) throw malformedMessage("a field has number 0");
    return tag;
  }

  /** Enters the block of the field with this tag and tells where it ends; refuses any other wire type. */
  block(tag: number, end: number): number {
    if ((tag & 7) !== LENGTH_DELIMITED) throw malformedMessage("a known field has another type");
    const length = this.#uint32(end);
    if (length > end - this.at) throw malformedMessage("a length passes the end");
    return this.at + length;
  }

  /** Value of the bool field with this tag; refuses any other wire type. */
  flag(tag: number, end: number): boolean {
    if ((tag & 7) !== VARINT) throw malformedMessage("a known field has another type");
    return this.#varintBits(end) !== 0;
  }

  /** Passes over the value of the field with this tag. Groups are refused: they are how nesting gets deep. */
  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case VARINT:
        this.#varintBits(end);
        return;
      case FIXED_64:
        this.#advance(8, end);
        return;
      case LENGTH_DELIMITED:
        this.at = this.block(tag, end);
        return;
      case FIXED_32:
        this.#advance(4, end);
        return;
      default:
        throw malformedMessage("a field has a wire type that is not read");
    }
  }

  #advance(count: number, end: number): void {
    if (count > end - this.at) throw malformedMessage("a value passes the end");
    this.at += count;
  }

  /** Tags and lengths have 32 bits and at most five bytes; nearly all have one. */
  #uint32(end: number): number {
    const at = this.at;
    if (at < end) {
      const byte = this.bytes[at] ?? 0;
      if (byte < 0x80) {
        this.at = at + 1;
        return byte;
      }
    }
    return this.#longUint32(end);
  }

  #longUint32(end: number): number {
    const bytes = this.bytes;
    let at = this.at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw malformedMessage("a number is cut off");
      const byte = bytes[at++] ?? 0;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        this.at = at;
        return (value | (byte << shift)) >>> 0;
      }
      value |= (byte & 0x7f) << shift;
    }
    throw malformedMessage("a number has more than 32 bits");
  }

  /** All bits of a varint joined by or: zero only when its value is. */
  #varintBits(end: number): number {
    const bytes = this.bytes;
    let at = this.at;
    let bits = 0;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      if (at >= end) throw malformedMessage("a number is cut off");
      const byte = bytes[at++] ?? 0;
      bits |= byte & 0x7f;
      if (byte < 0x80) {
        this.at = at;
        return bits;
      }
    }
    throw malformedMessage("a number has more than 64 bits");
  }
}
