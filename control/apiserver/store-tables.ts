/**
 * The tables of the object store and how a database file is opened. Invariant: `log` holds every state that a reader
 * may still ask for; a row of `objects` points to the newest state of an object that exists.
 */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ClrkError, describeError } from "../../gateway/errors.ts";

/** Version of the tables; a file of another version is refused, never guessed at. */
const SCHEMA_VERSION = 1;

/** Bytes of a page of the database. */
const pageBytes = 4096;

const createTables = `
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    change TEXT NOT NULL,
    previous INTEGER,
    bytes INTEGER NOT NULL,
    value TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_by_resource ON log (resource, revision);
  CREATE INDEX log_by_object ON log (resource, namespace, name, revision);
  CREATE TABLE objects (
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    uid TEXT NOT NULL,
    deleting INTEGER NOT NULL,
    PRIMARY KEY (resource, namespace, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX objects_by_uid ON objects (uid);
  CREATE INDEX objects_by_namespace ON objects (namespace);
  CREATE INDEX objects_deleting ON objects (resource, namespace, name) WHERE deleting = 1;
  CREATE TABLE owners (
    uid TEXT NOT NULL,
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (uid, resource, namespace, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX owners_by_object ON owners (resource, namespace, name);
  CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO facts VALUES ('compacted', 0);
`;

/** Two connections to one file: what `reader` sees is durable, what `writer` sees may still be undone. */
export interface StoreConnections {
  readonly writer: DatabaseSync;
  readonly reader: DatabaseSync;
}

/**
 * Opens or creates a database for its owner alone (0600). `limitBytes` bounds the file; writes beyond it fail.
 * Raises CLRK_STORAGE_FAILED when the file cannot be read or is of another version.
 */
export function openStoreTables(
  file: string,
  options: { readonly limitBytes: number },
): StoreConnections {
  let writer: DatabaseSync | undefined;
  try {
    writer = new DatabaseSync(file);
    chmodSync(file, 0o600);
    // Deleted Secrets must not stay in free pages, and an acknowledged write must survive a loss of power.
    writer.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA foreign_keys = OFF;
      PRAGMA cache_size = -4096;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA max_page_count = ${Math.floor(options.limitBytes / pageBytes)};
    `);
    prepareTables(writer);
    const reader = new DatabaseSync(file, { readOnly: true });
    reader.exec("PRAGMA cache_size = -4096");
    return { writer, reader };
  } catch (cause) {
    writer?.close();
    const detail = describeError(cause);
    throw new ClrkError("CLRK_STORAGE_FAILED", `Cannot open object store "${file}": ${detail}`, {
      cause,
    });
  }
}

function prepareTables(writer: DatabaseSync): void {
  const version = writer.prepare("PRAGMA user_version").get()?.["user_version"];
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new RangeError(
      `Tables are of version ${version}, wanted ${SCHEMA_VERSION}: start the release that wrote them, or move the file away`,
    );
  }
  writer.exec(`BEGIN IMMEDIATE; ${createTables}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}
