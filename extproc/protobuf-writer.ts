/**
 * Writes protobuf's wire format from the back to the front: what a block holds is written before its length, which is
 * then known. So one pass is enough, and a message is a slice of the slab it was written into, not a copy of it.
 * Fields of a message are therefore written in falling order. Their numbers must be below 16: one byte a tag.
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Bytes of one slab: some hundred replies. */
const slabBytes = 64 * 1024;

/** Up to this length a loop is cheaper than a call into the runtime. */
const shortText = 32;

/** Upper bound of bytes of a text's field in UTF-8, tag and length included. */
export function textBound(text: string): number {
  return text.length * 3 + 6;
}

/** Writes one message after another; each is new bytes that nothing writes to again. */
export class ProtobufWriter {
  #slab = Buffer.alloc(0);
  /** Start of what is written; everything before it is free */
  #at = 0;
  #end = 0;

  /** Begins a message of at most `maxBytes`. */
  begin(maxBytes: number): void {
    if (maxBytes > this.#at) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(maxBytes, slabBytes));
      this.#at = this.#slab.length;
    }
    this.#end = this.#at;
  }

  /** The message since `begin`. Raises RangeError when it is longer than was said there. */
  finish(): Buffer {
    if (this.#at < 0) {
      this.#at = 0;
      throw new RangeError("Cannot finish message: it is longer than its bound");
    }
    return this.#slab.subarray(this.#at, this.#end);
  }

  /** A place to give to `block`, before what the block will hold is written. */
  mark(): number {
    return this.#at;
  }

  /** Makes a block field of everything that was written since the mark. */
  block(field: number, mark: number): void {
    this.#prefix(field, mark - this.#at);
  }

  /** Field of a bool, an enum or an unsigned number below 2^31. */
  number(field: number, value: number): void {
    this.#varint(value);
    this.#slab[--this.#at] = (field << 3) | VARINT;
  }

  /** Field of bytes, which are copied. */
  bytes(field: number, bytes: Uint8Array): void {
    this.#at -= bytes.length;
    if (this.#at >= 0) this.#slab.set(bytes, this.#at);
    this.#prefix(field, bytes.length);
  }

  /** Field of a text, as UTF-8. */
  text(field: number, text: string): void {
    const start = this.#at;
    if (text.length > shortText || !this.#shortAscii(text)) this.#utf8(text);
    this.#prefix(field, start - this.#at);
  }

  /** False when the text is not ASCII, and then nothing is written. */
  #shortAscii(text: string): boolean {
    const slab = this.#slab;
    const start = this.#at - text.length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      slab[start + index] = code;
    }
    this.#at = start;
    return true;
  }

  #utf8(text: string): void {
    const length = Buffer.byteLength(text);
    this.#at -= length;
    if (this.#at >= 0) this.#slab.write(text, this.#at, length);
  }

  #prefix(field: number, length: number): void {
    this.#varint(length);
    this.#slab[--this.#at] = (field << 3) | LENGTH_DELIMITED;
  }

  #varint(value: number): void {
    if (value < 0x80) {
      this.#slab[--this.#at] = value;
      return;
    }
    let bytes = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
    this.#at -= bytes;
    let at = this.#at;
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#slab[at++] = (rest & 0x7f) | 0x80;
    this.#slab[at] = rest;
  }
}
