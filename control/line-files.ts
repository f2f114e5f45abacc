/**
 * Whole lines of files that others append to, rotate and delete. A file is known by what it is, not by its name, so that
 * a rotation in the middle of reading neither repeats a line nor skips one.
 */
import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { errorCodeOf } from "../gateway/errors.ts";

/** Longest line that is read, with its line feed; of a longer one nothing is. */
export const maxLineBytes = 16 * 1024 * 1024;

/** What is known of a file at the time of listing; only its identity tells whether it is still the same one. */
export interface LineFile {
  readonly path: string;
  readonly name: string;
  /** Device, inode and time of creation: another file of the same name has another */
  readonly identity: string;
  readonly sizeBytes: number;
}

/** Lines that were read. */
export interface LineChunk {
  readonly lines: readonly string[];
  /** Where the next read begins */
  readonly end: number;
  /** Whether the bound ended it: more whole lines may be there */
  readonly isFull: boolean;
  /** Bytes of a line that is longer than any may be, which were skipped */
  readonly skippedBytes: number;
}

/** Bounds of one read. */
export interface LineBounds {
  readonly maxBytes: number;
  /** A longer line is skipped */
  readonly maxLineBytes: number;
}

const lineFeed = 0x0a;

/**
 * The files of a folder in the order of the keys that `keyOf` gives their names; those without a key are not ours. Links
 * are left out: they could lead to what is not to be read. A folder that is not there is empty.
 */
export async function listLineFiles(
  directory: string,
  keyOf: (name: string) => string | undefined,
): Promise<readonly LineFile[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  const keyed = names.flatMap((name) => {
    const key = keyOf(name);
    return key === undefined ? [] : [{ name, key }];
  });
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const files: LineFile[] = [];
  for (const { name } of keyed) {
    const path = join(directory, name);
    const facts = await lstat(path).catch((error: unknown) => {
      if (errorCodeOf(error) === "ENOENT") return undefined;
      throw error;
    });
    if (facts?.isFile() !== true) continue;
    const { dev, ino, birthtimeMs, size } = facts;
    // A number of an inode is used again for the next file.
    const identity = `${dev}:${ino}:${Math.round(birthtimeMs)}`;
    files.push({ path, name, identity, sizeBytes: size });
  }
  return files;
}

/** The whole lines from `start` on; undefined when the file is not the one of that name any more. */
export async function readLines(
  file: LineFile,
  start: number,
  { maxBytes, maxLineBytes }: LineBounds,
): Promise<LineChunk | undefined> {
  const bytes = await readAt(file, start, maxBytes);
  if (bytes === undefined) return undefined;
  const last = bytes.lastIndexOf(lineFeed);
  if (last >= 0) {
    return {
      lines: splitLines(bytes.subarray(0, last)),
      end: start + last + 1,
      isFull: bytes.length === maxBytes,
      skippedBytes: 0,
    };
  }
  // The last line is not whole yet.
  if (bytes.length < maxBytes) return { lines: [], end: start, isFull: false, skippedBytes: 0 };
  if (maxBytes < maxLineBytes) {
    return readLines(file, start, { maxBytes: Math.min(maxBytes * 4, maxLineBytes), maxLineBytes });
  }
  // What is left of it is skipped by the next read, as a line that cannot be understood.
  const end = start + bytes.length;
  return { lines: [], end, isFull: true, skippedBytes: bytes.length };
}

/** Exactly the bytes that were read once before, as lines; undefined when they are not there any more. */
export async function readLinesAgain(
  file: LineFile,
  start: number,
  end: number,
): Promise<readonly string[] | undefined> {
  const bytes = await readAt(file, start, end - start);
  if (bytes === undefined || bytes.length < end - start) return undefined;
  return splitLines(bytes.subarray(0, bytes.length - 1));
}

async function readAt(file: LineFile, start: number, length: number): Promise<Buffer | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
  const handle = await open(file.path, flags).catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { dev, ino, birthtimeMs, size } = await handle.stat();
    if (`${dev}:${ino}:${Math.round(birthtimeMs)}` !== file.identity) return undefined;
    const wanted = Math.min(length, Math.max(0, size - start));
    const buffer = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await handle.read(buffer, filled, wanted - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

function splitLines(bytes: Buffer): string[] {
  return bytes.length === 0 ? [] : bytes.toString().split("\n");
}
