/** An encoder of HPACK that uses all that the format has, as choices tell it. Slow and plain, for checks of the decoder. */

import type { Choices } from "../choices.ts";

/** The static table as far as it is used here: enough for each form (RFC 7541 Appendix A). */
const staticFields: readonly (readonly [index: number, name: string, value: string])[] = [
  [1, ":authority", ""],
  [2, ":method", "GET"],
  [3, ":method", "POST"],
  [8, ":status", "200"],
  [16, "accept-encoding", "gzip, deflate"],
  [28, "content-length", ""],
  [61, "www-authenticate", ""],
];
const STATIC_FIELDS = 61;
const DEFAULT_TABLE_BYTES = 4_096;
const FIELD_OVERHEAD_BYTES = 32;

/** Codes of some characters (RFC 7541 Appendix B), of each length that one to three bytes of text need. */
const huffmanCodes: ReadonlyMap<string, readonly [code: number, bits: number]> = new Map([
  ["0", [0x0, 5]],
  ["a", [0x3, 5]],
  ["t", [0x9, 5]],
  [" ", [0x14, 6]],
  ["r", [0x2c, 6]],
  [":", [0x5c, 7]],
  ["&", [0xf8, 8]],
  ["!", [0x3f8, 10]],
  ["'", [0x7fa, 11]],
  ["#", [0xffa, 12]],
  ["~", [0x1ffd, 13]],
  ["}", [0x3ffd, 14]],
  ["<", [0x7ffc, 15]],
  ["\\", [0x7fff0, 19]],
  ["\x80", [0xfffe6, 20]],
  ["\xff", [0x3ffffee, 26]],
  ["\n", [0x3ffffffc, 30]],
]);
const letters = [...huffmanCodes.keys()];

/** One encoder, with its own idea of the dynamic table. */
export class HpackModel {
  /** The newest first */
  #table: [name: string, value: string][] = [];
  #tableBytes = 0;
  #maxBytes = DEFAULT_TABLE_BYTES;

  /** The next block and what it means. */
  encode(choices: Choices): {
    readonly block: Buffer;
    readonly fields: readonly [string, string][];
  } {
    const pieces: Buffer[] = [];
    const fields: [string, string][] = [];
    if (choices.oneIn(4)) {
      for (const size of choices.pick([[0], [64], [4_096], [0, 4_096], [100, 200]])) {
        pieces.push(integer(0x20, 0x1f, size));
        this.#maxBytes = size;
        this.#evict();
      }
    }
    for (let count = choices.below(6); count > 0; count--) {
      const { piece, field } = this.#field(choices);
      pieces.push(piece);
      fields.push(field);
    }
    return { block: Buffer.concat(pieces), fields };
  }

  #field(choices: Choices): { piece: Buffer; field: [string, string] } {
    const known = this.#known(choices);
    if (known !== undefined && choices.below(2) === 0) {
      return { piece: integer(0x80, 0x7f, known.index), field: [known.name, known.value] };
    }
    const value = inventText(choices);
    const form = choices.pick([
      { bits: 0x40, mask: 0x3f, isAdded: true },
      { bits: 0x00, mask: 0x0f, isAdded: false },
      { bits: 0x10, mask: 0x0f, isAdded: false },
    ]);
    const name = known?.name ?? inventText(choices);
    const head = integer(form.bits, form.mask, known?.index ?? 0);
    const literal = known === undefined ? [text(name, choices)] : [];
    if (form.isAdded) this.#add(name, value);
    return { piece: Buffer.concat([head, ...literal, text(value, choices)]), field: [name, value] };
  }

  #known(choices: Choices): { index: number; name: string; value: string } | undefined {
    switch (choices.below(3)) {
      case 0:
        return undefined;
      case 1: {
        const [index, name, value] = choices.pick(staticFields);
        return { index, name, value };
      }
      default: {
        if (this.#table.length === 0) return undefined;
        const at = choices.below(this.#table.length);
        const [name, value] = this.#table[at] ?? ["", ""];
        return { index: STATIC_FIELDS + 1 + at, name, value };
      }
    }
  }

  #add(name: string, value: string): void {
    this.#table.unshift([name, value]);
    this.#tableBytes += sizeOf(name, value);
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#maxBytes) {
      const [name, value] = this.#table.pop() ?? ["", ""];
      this.#tableBytes -= sizeOf(name, value);
    }
  }
}

function sizeOf(name: string, value: string): number {
  return name.length + value.length + FIELD_OVERHEAD_BYTES;
}

function inventText(choices: Choices): string {
  const length = choices.pick([0, 1, 2, 3, 8, 126, 127, 128, 400]);
  const first = choices.pick(letters);
  let made = "";
  for (let at = 0; at < length; at++) made += at < 4 ? choices.pick(letters) : first;
  return made;
}

function text(value: string, choices: Choices): Buffer {
  if (choices.below(2) === 0) {
    return Buffer.concat([integer(0, 0x7f, value.length), Buffer.from(value, "latin1")]);
  }
  const coded = huffman(value);
  return Buffer.concat([integer(0x80, 0x7f, coded.length), coded]);
}

function huffman(value: string): Buffer {
  let bits = "";
  for (const letter of value) {
    const [code, length] = huffmanCodes.get(letter) ?? [0, 0];
    bits += code.toString(2).padStart(length, "0");
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

function integer(bits: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.of(bits | value);
  const bytes = [bits | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
