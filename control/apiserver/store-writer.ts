/** Writes rows of the object store inside a transaction that somebody else opens, commits or undoes. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { KubeObject } from "./kube-object.ts";
import { ObjectReader } from "./object-reader.ts";
import type { ChangeKind, ObjectKey } from "./object-reader.ts";

/** A state that was read for a change. */
export interface FoundObject {
  readonly revision: number;
  readonly object: KubeObject;
}

/** The row writer of one connection. */
export class StoreWriter {
  /** Reads that see the open transaction */
  readonly reader: ObjectReader;
  /** The newest revision that was given out; put it back when a transaction is undone */
  lastRevision: number;
  /** JSON of the state that was written last */
  lastText = "";
  readonly #log: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #addOwner: StatementSync;
  readonly #dropOwners: StatementSync;

  /** The tables must be there. */
  constructor(database: DatabaseSync) {
    this.reader = new ObjectReader(database);
    const sequence = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'log'").get();
    this.lastRevision = Number(sequence?.["seq"] ?? 0);
    this.#log = database.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    this.#upsert = database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)");
    this.#delete = database.prepare(
      "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?",
    );
    this.#addOwner = database.prepare("INSERT OR IGNORE INTO owners VALUES (?, ?, ?, ?)");
    this.#dropOwners = database.prepare(
      "DELETE FROM owners WHERE resource = ? AND namespace = ? AND name = ?",
    );
  }

  /** The newest state, committed or not. */
  find(key: ObjectKey): FoundObject | undefined {
    const state = this.reader.find(key);
    if (state === undefined) return undefined;
    const object: KubeObject = JSON.parse(state.text);
    return { revision: state.revision, object };
  }

  /** Writes a new state, whose resourceVersion must be `lastRevision + 1`. */
  put(key: ObjectKey, object: KubeObject, before: FoundObject | undefined): void {
    const { resource, namespace, name } = key;
    this.#append(key, { object, before, change: before ? "MODIFIED" : "ADDED" });
    const { uid = "", deletionTimestamp } = object.metadata;
    const deleting = deletionTimestamp === undefined ? 0 : 1;
    this.#upsert.run(resource, namespace, name, this.lastRevision, uid, deleting);
    this.#writeOwners(key, object, before);
  }

  /** Removes an object; the log keeps its last state. */
  remove(key: ObjectKey, object: KubeObject, before: FoundObject | undefined): void {
    const { resource, namespace, name } = key;
    this.#append(key, { object, before, change: "DELETED" });
    this.#delete.run(resource, namespace, name);
    this.#dropOwners.run(resource, namespace, name);
  }

  #append(
    { resource, namespace, name }: ObjectKey,
    entry: { object: KubeObject; before: FoundObject | undefined; change: ChangeKind },
  ): void {
    const revision = this.lastRevision + 1;
    const text = JSON.stringify(entry.object);
    const previous = entry.before?.revision ?? null;
    const bytes = Buffer.byteLength(text);
    this.#log.run(revision, resource, namespace, name, entry.change, previous, bytes, text);
    this.lastRevision = revision;
    this.lastText = text;
  }

  #writeOwners(key: ObjectKey, object: KubeObject, before: FoundObject | undefined): void {
    const owners = object.metadata.ownerReferences ?? [];
    const ownersBefore = before?.object.metadata.ownerReferences ?? [];
    if (owners.length === 0 && ownersBefore.length === 0) return;
    const { resource, namespace, name } = key;
    this.#dropOwners.run(resource, namespace, name);
    for (const { uid } of owners) this.#addOwner.run(uid, resource, namespace, name);
  }
}
