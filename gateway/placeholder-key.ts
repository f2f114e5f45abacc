/** The key by which placeholders are made: one a home directory, created when it is first needed, never replaced. */

import { randomBytes } from "node:crypto";
import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { ClrkError } from "./errors.ts";

const keyBytes = 32;

/**
 * Reads the key at the path, and creates it where there is none; whoever comes first wins. Throws
 * CLRK_PRECONDITION_FAILED for a file that others could read or that holds no key: another key would make other
 * placeholders than the ones that agents were given.
 */
export async function openPlaceholderKey(path: string): Promise<Buffer> {
  const known = await readKey(path);
  if (known !== undefined) return known;
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(draft, randomBytes(keyBytes), { mode: 0o600, flag: "wx" });
    await link(draft, path).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readKey(path);
  if (made !== undefined) return made;
  throw unusable(path, "it is gone again", "it left alone");
}

async function readKey(path: string): Promise<Buffer | undefined> {
  try {
    const { mode, uid } = await stat(path);
    const self = process.getuid?.() ?? uid;
    if (uid !== self || (mode & 0o077) !== 0) {
      throw unusable(path, "others can read it", `mode 0600 of user ${self}`);
    }
    const key = await readFile(path);
    if (key.length === keyBytes) return key;
    throw unusable(path, `it holds ${key.length} bytes`, `${keyBytes}`);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function unusable(path: string, found: string, wanted: string): ClrkError {
  const message = `Cannot use "${path}" to make placeholders: ${found}, wanted ${wanted}; put it right, or remove it and give agents new placeholders`;
  return new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
}
