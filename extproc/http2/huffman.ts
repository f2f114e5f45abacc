/**
 * Huffman decoding of HPACK strings (RFC 7541 §5.2, Appendix B): a state machine that takes four bits at a time, made
 * once, when the first string asks for it.
 */

/**
 * Length of each symbol's code in bits, 256 being the end of the string. The code is canonical, so lengths are enough:
 * shorter codes come first, and among equals those of lower symbols.
 */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const END_OF_STRING = 256;

/** Padding is shorter than a byte (§5.2). */
const maxPaddingBits = 7;

// An entry of the machine: next state in bits 0 to 7, symbol in bits 8 to 15, and two flags.
const emits = 0x1_0000;
const fails = 0x2_0000;

interface Machine {
  /** By state × 16 + four bits */
  readonly steps: Uint32Array;
  /** States in which a string may end: inside of a padding of ones */
  readonly accepts: Uint8Array;
}

let machine: Machine | undefined;

/** Decodes strings, with memory of its own for them. */
export class HuffmanDecoder {
  readonly #machine: Machine;
  #text = Buffer.allocUnsafe(256);

  constructor() {
    machine ??= createMachine();
    this.#machine = machine;
  }

  /** The text as Latin-1; undefined when it is no Huffman code or not padded with less than 8 ones. */
  decode(bytes: Uint8Array, start: number, end: number): string | undefined {
    const { steps, accepts } = this.#machine;
    const text = this.#reserve(end - start);
    let length = 0;
    let state = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0;
      const first = steps[(state << 4) | (byte >> 4)] ?? fails;
      if ((first & emits) !== 0) text[length++] = first >> 8;
      const second = steps[((first & 0xff) << 4) | (byte & 0xf)] ?? fails;
      if ((second & emits) !== 0) text[length++] = second >> 8;
      if (((first | second) & fails) !== 0) return undefined;
      state = second & 0xff;
    }
    return accepts[state] === 1 ? text.toString("latin1", 0, length) : undefined;
  }

  /** Room for what `coded` bytes can hold: the shortest code has five bits. */
  #reserve(coded: number): Buffer {
    const most = Math.ceil((coded * 8) / 5);
    if (this.#text.length < most) this.#text = Buffer.allocUnsafe(2 * most);
    return this.#text;
  }
}

/** Children of the code's inner nodes: a node by its number, a symbol as its complement. */
type Tree = [zero: number, one: number][];

function createMachine(): Machine {
  const tree = createTree();
  const steps = new Uint32Array(tree.length * 16);
  for (let state = 0; state < tree.length; state++) {
    for (let bits = 0; bits < 16; bits++) steps[state * 16 + bits] = walk(tree, state, bits);
  }
  const accepts = new Uint8Array(tree.length);
  for (let state = 0, bits = 0; bits <= maxPaddingBits && state >= 0; bits++) {
    accepts[state] = 1;
    state = tree[state]?.[1] ?? -1;
  }
  return { steps, accepts };
}

function createTree(): Tree {
  const symbols = [...codeLengths.keys()];
  const lengthOf = (symbol: number) => codeLengths[symbol] ?? 0;
  symbols.sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const tree: Tree = [[0, 0]];
  let code = 0;
  let bits = 0;
  for (const symbol of symbols) {
    code *= 2 ** (lengthOf(symbol) - bits);
    bits = lengthOf(symbol);
    addLeaf(tree, symbol, { code, bits });
    code++;
  }
  return tree;
}

function addLeaf(tree: Tree, symbol: number, path: { code: number; bits: number }): void {
  let node = tree[0];
  for (let bit = path.bits - 1; bit >= 0 && node !== undefined; bit--) {
    const side = (path.code >> bit) & 1;
    if (bit === 0) node[side] = ~symbol;
    // The root is nobody's child, so 0 stands for none.
    else if (node[side] === 0) node[side] = tree.push([0, 0]) - 1;
    node = tree[node[side] ?? 0];
  }
}

/** One entry: at most one symbol ends within four bits, because none is shorter than five. */
function walk(tree: Tree, from: number, bits: number): number {
  let state = from;
  let entry = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = tree[state]?.[(bits >> bit) & 1] ?? 0;
    if (child === ~END_OF_STRING) return fails;
    if (child < 0) entry = emits | (~child << 8);
    state = Math.max(child, 0);
  }
  return entry | state;
}
