/**
 * The bearer tokens of the API server, one line each (`role user token`) in a file for its owner alone. Tokens are
 * made here, compared in constant time, and never printed.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createFile, hasCode } from "../../certs/atomic-file.ts";
import { ClrkError } from "../../gateway/errors.ts";

/** What a caller may do: everything, or look at what is no secret. */
export type Role = "admin" | "viewer";

/** A caller that is known. */
export interface ApiUser {
  readonly name: string;
  readonly role: Role;
}

/** One line of the file. */
export interface TokenEntry extends ApiUser {
  /** Secret */
  readonly token: string;
}

/** Most tokens of a file: each is compared with every request. */
const maxTokens = 256;

const tokenBytes = 32;
const linePattern = /^(admin|viewer) ([A-Za-z\d](?:[-\w.@]{0,62})) ([\w-]{32,256})$/;

/**
 * Reads the tokens; creates the file with one token of each role where there is none. Raises
 * CLRK_PRECONDITION_FAILED for a file that others can read, and CLRK_MALFORMED_MESSAGE with the line for a broken one.
 */
export async function openTokenFile(file: string): Promise<readonly TokenEntry[]> {
  const text = await readOwn(file);
  if (text !== undefined) return parseTokens(text, file);
  const lines = (["admin", "viewer"] as const).map((role) => {
    return `${role} ${role} ${randomBytes(tokenBytes).toString("base64url")}\n`;
  });
  const head = "# role user token: tokens of the API server; keep this file to yourself\n";
  await createFile(file, head + lines.join(""), "owner");
  return parseTokens((await readOwn(file)) ?? "", file);
}

/** Finds callers by their token. Takes the same time whichever token it is, and for none. */
export function createTokenAuthenticator(
  entries: readonly TokenEntry[],
): (token: string) => ApiUser | undefined {
  // Hashes have one length, which the comparison needs.
  const known = entries.map(({ name, role, token }) => ({
    user: { name, role },
    hash: hashOf(token),
  }));
  return (token) => {
    const hash = hashOf(token);
    let found: ApiUser | undefined;
    for (const one of known) if (timingSafeEqual(one.hash, hash)) found = one.user;
    return found;
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750); undefined for anything else. */
export function readBearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1];
}

async function readOwn(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) === 0) return await readFile(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const message = `Cannot use tokens in "${file}": others can read it; make new tokens (remove the file), since these may be known`;
  throw new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
}

function parseTokens(text: string, file: string): readonly TokenEntry[] {
  const entries: TokenEntry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, role, name = "", token = ""] = linePattern.exec(line.trim()) ?? [];
    if (role !== "admin" && role !== "viewer") {
      throw malformed(
        `Cannot read tokens in "${file}": line ${index + 1} is not "admin|viewer USER TOKEN" with a token of 32 to 256 letters, digits, "-" and "_"`,
      );
    }
    entries.push({ role, name, token });
  }
  if (!entries.some(({ role }) => role === "admin")) {
    throw malformed(
      `Cannot read tokens in "${file}": none is of an admin; remove the file to get new ones`,
    );
  }
  if (entries.length <= maxTokens) return entries;
  throw malformed(
    `Cannot read tokens in "${file}": ${entries.length} of them, at most ${maxTokens} work`,
  );
}

function malformed(message: string): ClrkError {
  return new ClrkError("CLRK_MALFORMED_MESSAGE", message, { expose: message });
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
