/**
 * The directory that holds an EgressGateway's authorities, one immutable file `authority-<number>.pem` each.
 * Invariant: a number is given out once, so processes that create at the same time end with the same authority.
 */
import type { FileHandle } from "node:fs/promises";
import type { Stats } from "node:fs";
import { constants } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ClrkError } from "../gateway/errors.ts";
import type { AuthorityCertificate } from "./authority-certificate.ts";
import { createFile, hasCode, syncDirectory } from "./atomic-file.ts";
import { encodeAuthority, parseAuthority } from "./authority-certificate.ts";

/** An authority and its place in the order of creation. */
export interface StoredAuthority extends AuthorityCertificate {
  /** 1 for the first; the highest number is the newest */
  readonly number: number;
}

/** Reads and writes one directory; holds nothing open. */
export interface AuthorityStore {
  /** All authorities, oldest first. Raises ClrkError when a file is broken or others could read it. */
  load(): Promise<readonly StoredAuthority[]>;
  /** Writes an authority under a number; `false` when another process has used that number. */
  add(number: number, authority: AuthorityCertificate): Promise<boolean>;
  /** Removes authorities; those that are already gone do not matter. */
  remove(numbers: readonly number[]): Promise<void>;
}

const FILE_NAME = /^authority-([1-9]\d{0,8})\.pem$/;
/** A certificate and a key take about 1 KiB; what is larger is not ours. */
const maxFileBytes = 65_536;

/** Opens the directory, created with mode 0700 when absent. Raises ClrkError when other users can write to it. */
export async function openAuthorityStore(directory: string): Promise<AuthorityStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { mode } = await stat(directory);
  if ((mode & 0o022) !== 0) {
    throw new ClrkError(
      "CLRK_PRECONDITION_FAILED",
      `Cannot open authority directory "${directory}": mode is ${octal(mode)}, wanted no write access for group and others; run chmod go-w "${directory}"`,
    );
  }
  return {
    load: () => load(directory),
    add: (number, authority) =>
      createFile(filePath(directory, number), encodeAuthority(authority), "owner"),
    async remove(numbers) {
      for (const number of numbers) await rm(filePath(directory, number), { force: true });
      if (numbers.length > 0) await syncDirectory(directory);
    },
  };
}

async function load(directory: string): Promise<readonly StoredAuthority[]> {
  const authorities: StoredAuthority[] = [];
  for (const name of await readdir(directory)) {
    const number = Number(FILE_NAME.exec(name)?.[1]);
    if (Number.isNaN(number)) continue;
    const authority = await loadFile(join(directory, name));
    if (authority !== undefined) authorities.push({ ...authority, number });
  }
  return authorities.sort((left, right) => left.number - right.number);
}

/** Undefined when another process removed the file after it was listed. */
async function loadFile(path: string): Promise<AuthorityCertificate | undefined> {
  let file: FileHandle;
  try {
    // O_NOFOLLOW: a link could point to a file whose permissions are not the ones we check.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    throw new ClrkError(
      "CLRK_PRECONDITION_FAILED",
      `Cannot load authority "${path}": file cannot be opened`,
      { cause },
    );
  }
  try {
    assertPrivate(path, await file.stat());
    return parseNamed(path, await file.readFile("utf8"));
  } finally {
    await file.close();
  }
}

function parseNamed(path: string, text: string): AuthorityCertificate {
  try {
    return parseAuthority(text);
  } catch (cause) {
    if (!(cause instanceof ClrkError)) throw cause;
    const detail = cause.message.slice(cause.message.indexOf(": ") + 2);
    throw new ClrkError("CLRK_PRECONDITION_FAILED", `Cannot load authority "${path}": ${detail}`, {
      cause,
    });
  }
}

/** Refused, not tightened: a key that others could read may be known to them, and only a person can judge that. */
function assertPrivate(path: string, stats: Stats): void {
  const owner = process.getuid?.();
  if (!stats.isFile() || stats.size > maxFileBytes) {
    throw new ClrkError(
      "CLRK_PRECONDITION_FAILED",
      `Cannot load authority "${path}": it is not a regular file of at most ${maxFileBytes} bytes`,
    );
  }
  if (owner !== undefined && stats.uid !== owner) {
    throw new ClrkError(
      "CLRK_PRECONDITION_FAILED",
      `Cannot load authority "${path}": owner is user ${stats.uid}, wanted ${owner}; use a directory of this user`,
    );
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new ClrkError(
      "CLRK_PRECONDITION_FAILED",
      `Cannot load authority "${path}": mode is ${octal(stats.mode)}, wanted 0600; run chmod 600 "${path}" if nobody else has read it, else delete it to get a new authority`,
    );
  }
}

function filePath(directory: string, number: number): string {
  return join(directory, `authority-${number}.pem`);
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
