/**
 * The file of a journal: blocks of entries, each of what was written at once. A block begins with a mark, its length and
 * the CRC-32 of its entries, so that one that was cut or damaged is known, and costs itself alone.
 */

import { crc32 } from "node:zlib";

/** No UTF-8 text holds the first byte; the last one is the version of the form. */
const mark = Buffer.from([0xff, 0x63, 0x6c, 0x01]);

/** Bytes before the entries of a block. */
export const blockHeadBytes = 12;

const lengthAt = 4;
const sumAt = 8;

/** Writes the head of the block that is all of `bytes`; its entries begin behind `blockHeadBytes`. */
export function sealBlock(bytes: Buffer): void {
  mark.copy(bytes);
  bytes.writeUInt32LE(bytes.length - blockHeadBytes, lengthAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(blockHeadBytes)), sumAt);
}

/** Gives where the entries of each block stand, in their order; returns where the last whole block ends. */
export function readBlocks(bytes: Buffer, take: (start: number, end: number) => void): number {
  let read = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at)) {
    const end = endOfBlock(bytes, at);
    if (end === undefined) {
      // Cut off, and others behind it; or not all there yet.
      at++;
      continue;
    }
    take(at + blockHeadBytes, end);
    read = end;
    at = end;
  }
  return read;
}

/** Whether a file that begins so was written before journals had blocks, or has blocks of another version. */
export function isOtherJournal(bytes: Buffer): boolean {
  const isVersioned = bytes.length >= mark.length && bytes.indexOf(mark.subarray(0, -1)) === 0;
  if (isVersioned) return bytes.indexOf(mark) !== 0;
  return /^[0-9a-f]{8} [krs]\t/.test(bytes.toString("latin1", 0, 11));
}

/** Where the block ends that begins there; undefined where it is not whole. */
function endOfBlock(bytes: Buffer, at: number): number | undefined {
  const start = at + blockHeadBytes;
  if (start > bytes.length) return undefined;
  const end = start + bytes.readUInt32LE(at + lengthAt);
  if (end > bytes.length) return undefined;
  return crc32(bytes.subarray(start, end)) === bytes.readUInt32LE(at + sumAt) ? end : undefined;
}
