/** A database file that one process writes and no other user reads. */

import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ClrkError, describeError } from "../../gateway/errors.ts";

/** Opening it waits so long for a process that is just ending. */
const busyMs = 2_000;

/**
 * Opens the file, and makes it where there is none, with what is committed on the disk when a commit returns. Throws
 * CLRK_STORAGE_FAILED where it cannot be opened, another process has it, or its tables are of another version.
 */
export function openPrivateDatabase(
  path: string,
  { schema, version }: { readonly schema: string; readonly version: number },
): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (path !== ":memory:") makePrivate(path);
    database = new DatabaseSync(path, { timeout: busyMs });
    // Exclusive: a second writer is refused when it opens the file, and not when it has confused the first one.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216");
    takeVersion(database, schema, version);
    return database;
  } catch (cause) {
    database?.close();
    const message = `Cannot open "${path}": ${describeError(cause)}`;
    throw new ClrkError("CLRK_STORAGE_FAILED", message, { cause, expose: message });
  }
}

function makePrivate(path: string): void {
  // SQLite gives its other files the mode of this one.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

function takeVersion(database: DatabaseSync, schema: string, version: number): void {
  const found = database.prepare("PRAGMA user_version").get()?.["user_version"];
  if (found !== 0 && found !== version) {
    throw new Error(
      `Its tables are of version ${found}, wanted ${version}: move the file away to begin anew`,
    );
  }
  database.exec("BEGIN EXCLUSIVE");
  database.exec(`${schema}; PRAGMA user_version = ${version}; COMMIT`);
}
