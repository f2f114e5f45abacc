/**
 * HPACK (RFC 7541): header blocks of one peer, one after another. What a correct encoder writes is read as it was meant,
 * dynamic table and Huffman code included; what nobody may write is refused, and neither costs more than its bytes.
 */

import { HpackDecoder } from "../../../extproc/http2/hpack-decoder.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Choices } from "../choices.ts";
import { inventChoices, readChoices } from "../choices.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { firstDifference } from "../input-cuts.ts";
import { HpackModel } from "./hpack-model.ts";

const maxListBytes = 4_096;
const maxBlockBytes = 256;

/** The first byte chooses: blocks as they are, each with its length before it, or choices of a correct encoder. */
export const hpackTarget: FuzzTarget = {
  name: "hpack",
  promise: "no throw, decode(encode(x)) = x, lists and table within their limits",
  covers: ["/extproc/http2/hpack", "/extproc/http2/huffman", "/extproc/http2/header-field"],
  seeds: () => [
    Buffer.from([0, 3, 0x82, 0x86, 0x84]),
    Buffer.from("00" + "11" + "828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex"),
    Buffer.from("00" + "04" + "3fe11f82" + "02" + "20be", "hex"),
    Buffer.from("01".padEnd(80, "3a7f0219"), "hex"),
  ],
  invent: (random) => Buffer.concat([Buffer.of(random.below(2)), inventInput(random)]),
  open: () => ({ check }),
};

function inventInput(random: Random): Buffer {
  return inventChoices(random, 200);
}

function check(input: Buffer): Finding {
  return input[0] === 0
    ? checkBlocks(input.subarray(1))
    : checkEncoder(readChoices(input.subarray(1)));
}

function checkBlocks(input: Buffer): Finding {
  const [one, other] = [new HpackDecoder(maxListBytes), new HpackDecoder(maxListBytes)];
  for (let at = 0; at < input.length; ) {
    const end = Math.min(input.length, at + 1 + (input[at] ?? 0));
    const list = one.decode(input, at + 1, end);
    // The same block elsewhere: what stands around it must not matter.
    const copy = Buffer.from(input.subarray(at + 1, end));
    const again = other.decode(copy, 0, copy.length);
    if (JSON.stringify(list) !== JSON.stringify(again))
      return "a copy of a block is read otherwise";
    if (list === undefined) return undefined;
    const bytes = list.fields.reduce((sum, { size }) => sum + size, 0);
    if (bytes > maxListBytes) return "a list passes its limit";
    const wrong = list.fields.find(({ name, value }) => /[^\0-\xff]/.test(name + value));
    if (wrong !== undefined) return "a field has more than a byte in a character";
    at = end;
  }
  return undefined;
}

function checkEncoder(choices: Choices): Finding {
  const model = new HpackModel();
  const decoder = new HpackDecoder(1_000_000);
  for (let count = 1 + choices.below(8); count > 0; count--) {
    const { block, fields } = model.encode(choices);
    if (block.length > 100 * maxBlockBytes) return undefined;
    const list = decoder.decode(block, 0, block.length);
    if (list === undefined) return `a correct block is refused: ${block.toString("hex")}`;
    const found = list.fields.map(({ name, value }) => [name, value]);
    const [text, wanted] = [JSON.stringify(found), JSON.stringify(fields)];
    if (text !== wanted) return firstDifference(text, wanted);
  }
  return undefined;
}
