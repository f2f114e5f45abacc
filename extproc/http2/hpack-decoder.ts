/** Header blocks to fields (RFC 7541 §6). One decoder for the life of a connection: blocks change its table. */

import { HeaderField } from "./header-field.ts";
import { HpackTable } from "./hpack-table.ts";
import { HuffmanDecoder } from "./huffman.ts";

/** Fields of one block. */
export interface HeaderList {
  /** In the order of the block; those beyond the limit are left out. Immutable, and may be shared by lists alike */
  readonly fields: readonly HeaderField[];
  /** Whether the whole list, as RFC 9113 §6.5.2 counts it, is above the limit */
  readonly isTooLarge: boolean;
}

/** Longest encoding of an integer that is below 2^28. */
const maxIntegerBits = 28;

/** Decodes the blocks of one peer in their order. */
export class HpackDecoder {
  readonly #table: HpackTable;
  readonly #huffman = new HuffmanDecoder();
  readonly #maxListBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** `maxListBytes` bounds one list; `table` starts with what our SETTINGS allow. */
  constructor(maxListBytes: number, table: HpackTable = new HpackTable()) {
    this.#maxListBytes = maxListBytes;
    this.#table = table;
  }

  /**
   * Decodes the block `bytes[start, end)`; undefined when it is malformed, after which the connection must end with
   * COMPRESSION_ERROR because the table is no longer that of the peer. A list that is too large is read to its end.
   */
  decode(bytes: Buffer, start: number, end: number): HeaderList | undefined {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    if (!this.#resize()) return undefined;
    const fields: HeaderField[] = [];
    let size = 0;
    while (this.#at < end) {
      const field = this.#field();
      if (field === undefined) return undefined;
      size += field.size;
      if (size <= this.#maxListBytes) fields.push(field);
    }
    return { fields, isTooLarge: size > this.#maxListBytes };
  }

  /** Table size updates, which stand only at the beginning (§4.2). */
  #resize(): boolean {
    while (this.#at < this.#end && ((this.#bytes[this.#at] ?? 0) & 0xe0) === 0x20) {
      const size = this.#integer(0x1f);
      if (size < 0 || !this.#table.resize(size)) return false;
    }
    return true;
  }

  #field(): HeaderField | undefined {
    const first = this.#bytes[this.#at] ?? 0;
    if ((first & 0x80) !== 0) return this.#table.find(this.#integer(0x7f));
    if ((first & 0xc0) === 0x40) {
      const field = this.#literal(0x3f);
      if (field !== undefined) this.#table.add(field);
      return field;
    }
    // Without indexing or never indexed; a size update after a field is an error.
    return (first & 0xe0) === 0x20 ? undefined : this.#literal(0x0f);
  }

  #literal(mask: number): HeaderField | undefined {
    const index = this.#integer(mask);
    if (index < 0) return undefined;
    const name = index === 0 ? this.#string() : this.#table.find(index)?.name;
    if (name === undefined) return undefined;
    const value = this.#string();
    return value === undefined ? undefined : new HeaderField(name, value);
  }

  #string(): string | undefined {
    if (this.#at >= this.#end) return undefined;
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const start = this.#at;
    if (length < 0 || length > this.#end - start) return undefined;
    this.#at = start + length;
    if (isHuffman) return this.#huffman.decode(this.#bytes, start, this.#at);
    return this.#bytes.toString("latin1", start, this.#at);
  }

  /** An integer with as many bits as the mask in its first byte (§5.1); -1 when it is cut off or above 2^28. */
  #integer(mask: number): number {
    const first = (this.#bytes[this.#at++] ?? 0) & mask;
    if (first < mask) return first;
    let value = first;
    for (let shift = 0; shift < maxIntegerBits; shift += 7) {
      if (this.#at >= this.#end) return -1;
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }
}
