/**
 * The newest refresh token of one grant, in a file that only its user can read. It is on the disk, or it is not: a
 * crash at any moment leaves the one before or the new one, whole.
 */

import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../clock.ts";
import { sleep } from "../clock.ts";
import { tryTakeFolder } from "../folder-lock.ts";
import type { FolderLock } from "../folder-lock.ts";
import type { RefreshTokenRecipe } from "../mint-plan.ts";
import { SecretValue } from "../secret-value.ts";

const fileName = "grant.json";
const fileVersion = 1;

/** Another process that refreshes the same grant is done after one request to the endpoint. */
const lockDeadlineMs = 15_000;
const lockPollMs = 50;

/** One grant on the disk. */
export interface GrantFile {
  /** Folder of all grants, which stands in what the file system says */
  readonly directory: string;
  /**
   * The grant for one holder at a time, of all processes: a refresh token that is used twice may end the grant.
   * Undefined when it stays taken for 15 s. Throws what the file system says.
   */
  lock(clock: Clock): Promise<FolderLock | undefined>;
  /** The token that was written last; undefined while none was. Throws when the file is open to others, or malformed. */
  read(): Promise<SecretValue | undefined>;
  /** Writes a token; when it resolves, the token survives a crash of the machine. */
  write(token: SecretValue): Promise<void>;
}

/** Makes the grant file of a recipe below a private folder: one for each endpoint, client and first token. */
export function grantFile(directory: string, recipe: RefreshTokenRecipe): GrantFile {
  const identity = [recipe.tokenUrl, recipe.clientId.reveal(), recipe.refreshToken.reveal()];
  const name = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
  const folder = path.join(directory, name);
  const file = path.join(folder, fileName);
  return {
    directory,
    async lock(clock) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const untilNs = clock.monotonicNs() + BigInt(lockDeadlineMs) * 1_000_000n;
      for (;;) {
        const lock = tryTakeFolder(folder, process.pid);
        if (lock.kind === "held") return lock;
        if (clock.monotonicNs() >= untilNs) return undefined;
        await sleep(clock, lockPollMs);
      }
    },
    async read() {
      const text = await readPrivateFile(file);
      return text === undefined ? undefined : parseGrant(file, text);
    },
    write: (token) => writeWhole(folder, token),
  };
}

async function readPrivateFile(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new Error(`Cannot use "${file}": it is open to other users`);
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function parseGrant(file: string, text: string): SecretValue {
  // Nothing of the parser's own message: it repeats what it read.
  const malformed = new Error(`Cannot use "${file}": it does not hold a refresh token`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed;
  }
  if (typeof value !== "object" || value === null) throw malformed;
  const { version, refreshToken } = Object.fromEntries(Object.entries(value));
  if (version !== fileVersion || typeof refreshToken !== "string" || refreshToken === "") {
    throw malformed;
  }
  return new SecretValue(refreshToken);
}

/** Temporary file, fsync, rename, fsync of the folder: without the last the rename itself may be lost. */
async function writeWhole(folder: string, token: SecretValue): Promise<void> {
  const temporary = path.join(folder, `.${fileName}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      const grant = { version: fileVersion, refreshToken: token.reveal() };
      await file.writeFile(`${JSON.stringify(grant)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path.join(folder, fileName));
    const directory = await open(folder, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } finally {
    await rm(temporary, { force: true });
  }
}
