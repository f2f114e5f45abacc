/** Tables of the store of invocations, and the rows of versions: what is there now, and what was at a revision. */

import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { activeIndex } from "./active-rows.ts";
import { dueRootsTable } from "./due-roots.ts";
import type { InvocationObject } from "./invocation-object.ts";
import { openPrivateDatabase } from "./private-database.ts";
import type { StatementCache } from "../statement-cache.ts";

const version = 1;
/** `until` is the revision of the version after it: null for the present one. */
const schema = `
  CREATE TABLE IF NOT EXISTS invocations (
    namespace TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (namespace, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS versions (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    until INTEGER,
    change TEXT NOT NULL,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    written_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS versions_of ON versions (namespace, id, revision);
  CREATE INDEX IF NOT EXISTS versions_by_id ON versions (id, revision);
  CREATE INDEX IF NOT EXISTS versions_by_time ON versions (created_ms, namespace, id);
  CREATE INDEX IF NOT EXISTS versions_by_namespace ON versions (namespace, created_ms, id);
  CREATE INDEX IF NOT EXISTS versions_by_agent ON versions (namespace, kind, name, created_ms, id);
  CREATE INDEX IF NOT EXISTS versions_ended ON versions (until) WHERE until IS NOT NULL;
  CREATE INDEX IF NOT EXISTS versions_present ON versions (written_ms) WHERE until IS NULL;
  CREATE TABLE IF NOT EXISTS usage (
    namespace TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    model TEXT NOT NULL, requests INTEGER NOT NULL, denials INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    micro_dollars INTEGER NOT NULL, unpriced INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
    PRIMARY KEY (namespace, id, kind, name, model)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS usage_by_time ON usage (seen_ms);
  CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seen_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, epoch TEXT NOT NULL, number INTEGER NOT NULL) WITHOUT ROWID;
  ${dueRootsTable}
  ${activeIndex}`;

/** Opens the file of the store. Throws CLRK_STORAGE_FAILED where that fails, or another process has it. */
export function openInvocationTables(path: string): DatabaseSync {
  return openPrivateDatabase(path, { schema, version });
}

/** A version that is to be written. */
export interface NewVersion {
  readonly change: "ADDED" | "MODIFIED" | "DELETED";
  readonly createdMs: number;
  readonly writtenMs: number;
  readonly object: (revision: number) => InvocationObject;
}

/** The present version of an invocation. */
export interface PresentVersion {
  readonly revision: number;
  readonly object: InvocationObject;
  readonly createdMs: number;
}

/** The last revision that was given out; 0 before the first. */
export function lastRevision(statements: StatementCache): number {
  const row = statements.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'versions'").get();
  return Number(row?.["seq"] ?? 0);
}

/** The present version; undefined where the invocation is not there, or no more. */
export function presentVersion(
  statements: StatementCache,
  namespace: string,
  id: string,
): PresentVersion | undefined {
  const row = statements
    .prepare(
      `SELECT revision, body, created_ms FROM versions
       WHERE namespace = ? AND id = ? AND until IS NULL AND change <> 'DELETED'`,
    )
    .get(namespace, id);
  if (row === undefined) return undefined;
  return {
    revision: Number(row["revision"]),
    object: objectOf(row),
    createdMs: Number(row["created_ms"]),
  };
}

/** Writes a version after the one before it, in the transaction that is open; gives its revision. */
export function writeVersion(statements: StatementCache, next: NewVersion): number {
  const revision = lastRevision(statements) + 1;
  const object = next.object(revision);
  const { namespace, name: id } = object.metadata;
  const { kind, name } = object.spec.parentRef;
  statements
    .prepare("UPDATE versions SET until = ? WHERE namespace = ? AND id = ? AND until IS NULL")
    .run(revision, namespace, id);
  statements
    .prepare(
      `INSERT INTO versions (revision, change, namespace, id, kind, name, created_ms, written_ms, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...[revision, next.change, namespace, id, kind, name],
      ...[next.createdMs, next.writtenMs, JSON.stringify(object)],
    );
  return revision;
}

/** The object of a row's `body`, or of another column; rows are written by nobody else. */
export function objectOf(row: Record<string, SQLOutputValue>, column = "body"): InvocationObject {
  return JSON.parse(String(row[column]));
}
