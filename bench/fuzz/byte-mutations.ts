/** Changes of bytes that know nothing of their form: what every fuzzer of bytes does, a few at a time. */

import type { Random } from "../../extproc/testdata/random.ts";

/** What changes are made of. */
export interface MutationSources {
  /** Inputs of which parts are taken over; at least one */
  readonly others: readonly Buffer[];
  /** Words that are put in as they are */
  readonly words: readonly Buffer[];
  /** Longest outcome in bytes */
  readonly maxBytes: number;
}

/** Numbers at which fields of lengths, signs and tables turn over. */
const edgeBytes = [0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x7f, 0x80, 0xc0, 0xfe, 0xff] as const;
const edgeNumbers = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x3fff, 0x4000, 0x7fff, 0xffff] as const;
const longEdges = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x0100_0000, 0x1_0000] as const;

/** A copy with one to six changes. */
export function mutateBytes(input: Buffer, random: Random, sources: MutationSources): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let count = 1 + random.below(random.pick([1, 2, 6])); count > 0; count--) {
    bytes = mutateOnce(bytes, random, sources);
  }
  return bytes.length > sources.maxBytes ? bytes.subarray(0, sources.maxBytes) : bytes;
}

function mutateOnce(bytes: Buffer, random: Random, { others, words }: MutationSources): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random.below(random.pick([2, 8, 64])));
  switch (random.below(10)) {
    case 0:
      return changeByte(bytes, at, (byte) => byte ^ (1 << random.below(8)));
    case 1:
      return changeByte(bytes, at, () => random.pick(edgeBytes));
    case 2:
      return changeByte(bytes, at, (byte) => (byte + random.pick([1, 255, 16, 240])) & 0xff);
    case 3:
      return changeNumber(bytes, at, random);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 6:
      return insert(bytes, at, random.bytes(1 + random.below(4)));
    case 7:
      return words.length === 0 ? bytes : insert(bytes, at, random.pick(words));
    case 8:
      return insert(bytes, at, sliceOf(random.pick(others), random));
    default:
      return Buffer.concat([bytes.subarray(0, at), sliceOf(random.pick(others), random)]);
  }
}

function changeByte(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  if (at < bytes.length) bytes[at] = change(bytes[at] ?? 0);
  return bytes;
}

function changeNumber(bytes: Buffer, at: number, random: Random): Buffer {
  const size = random.pick([2, 4]);
  if (at + size > bytes.length) return bytes;
  if (size === 2) bytes.writeUInt16BE(random.pick(edgeNumbers), at);
  else bytes.writeUInt32BE(random.pick([...edgeNumbers, ...longEdges]), at);
  return bytes;
}

function insert(bytes: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

function sliceOf(bytes: Buffer, random: Random): Buffer {
  const start = random.below(bytes.length + 1);
  return bytes.subarray(start, start + random.below(bytes.length - start + 1));
}
