/** One manifest file: read through one descriptor, so that content and identity belong together, then parsed. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import type { SourceProblem } from "../control-api.ts";
import { errorCodeOf } from "../errors.ts";
import { maxManifestBytes, parseManifests, tooLarge } from "../manifests.ts";
import type { ManifestReading } from "../manifests.ts";

/** A file as it was read last. */
export interface ManifestFile {
  /** The path as the user would write it */
  readonly file: string;
  /** Differs when the name leads to another file than before */
  readonly inode: string;
  /** Differs when the file may have changed; equal values of a file just written prove nothing */
  readonly identity: string;
  /** The content; undefined when it could not be read */
  readonly text: string | undefined;
  readonly reading: ManifestReading;
}

/** Whether a directory entry of that name is read when it is a file. */
export function isManifestName(name: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(name) && !name.startsWith(".");
}

/** Device and inode. */
export function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** All that changes when a file is replaced or written to, as far as the clock of the file system can tell. */
export function identityOf(stats: BigIntStats): string {
  return `${inodeOf(stats)}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

/**
 * Reads and parses a file; undefined when there is none of that name. What cannot be read is a problem of the result.
 * A `before` with the same content is not parsed again.
 */
export function readManifestFile(
  path: string,
  file: string,
  before: ManifestFile | undefined,
): ManifestFile | undefined {
  let descriptor: number;
  try {
    // Without O_NONBLOCK a pipe in the place of a file would hold the process until somebody writes to it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    return unreadable(file, "", describeReadError(code));
  }
  try {
    return readDescriptor(descriptor, file, before);
  } catch (error) {
    return unreadable(file, "", describeReadError(errorCodeOf(error)));
  } finally {
    closeSync(descriptor);
  }
}

function readDescriptor(
  descriptor: number,
  file: string,
  before: ManifestFile | undefined,
): ManifestFile {
  const stats = fstatSync(descriptor, { bigint: true });
  const identity = identityOf(stats);
  const inode = inodeOf(stats);
  if (!stats.isFile()) return unreadable(file, identity, "not a regular file");
  const bytes = Number(stats.size);
  if (bytes > maxManifestBytes) {
    return { ...unreadable(file, identity, ""), reading: failed(tooLarge(file, bytes)) };
  }
  const text = decode(readFileSync(descriptor));
  if (text === undefined) return unreadable(file, identity, "not text in UTF-8");
  const reading = before?.text === text ? before.reading : parseManifests(file, text);
  return { file, inode, identity, text, reading };
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // the only failure of a fatal decoder is the one that the caller reports
    return undefined;
  }
}

function unreadable(file: string, identity: string, message: string): ManifestFile {
  const problem: SourceProblem = { file, line: 0, field: "", message };
  return { file, inode: "", identity, text: undefined, reading: failed(problem) };
}

function failed(problem: SourceProblem): ManifestReading {
  return { objects: [], problems: [problem], warnings: [] };
}

/** What a system error of a file or directory means to the person who named it. */
export function describeReadError(code: string | undefined): string {
  switch (code) {
    case "ENOENT":
      return "no such file or directory";
    case "ENOTDIR":
      return "a part of the path is a file, wanted a directory";
    case "EACCES":
    case "EPERM":
      return "not readable for the user of this process";
    case "ELOOP":
      return "a symbolic link that leads to itself";
    default:
      return `cannot be read (${code ?? "unknown error"})`;
  }
}
