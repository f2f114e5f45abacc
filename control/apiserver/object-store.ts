/**
 * The objects of the API server in one SQLite file. All writes of one tick are committed together and acknowledged
 * after the disk has them; readers and subscribers see nothing earlier. A revision is never given out twice.
 */
import type { DatabaseSync } from "node:sqlite";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { KubeObject } from "./kube-object.ts";
import { withMetadata } from "./kube-object.ts";
import { ObjectReader } from "./object-reader.ts";
import type { ChangeKind, ObjectKey, StoredChange } from "./object-reader.ts";
import { openStoreTables } from "./store-tables.ts";
import { StoreHistory } from "./store-history.ts";
import { StoreWriter } from "./store-writer.ts";

/** How a store is opened. */
export interface ObjectStoreOptions {
  /** Path of the database; two files beside it belong to it */
  readonly file: string;
  /** Longest file in bytes; default 1 GiB. Writes beyond fail with CLRK_STORAGE_FAILED */
  readonly limitBytes?: number;
  /** Most changes that a watcher may lag behind; default 10,000 */
  readonly keptRevisions?: number;
  /** Most bytes of kept changes; default 64 MiB */
  readonly keptBytes?: number;
}

/** One committed change, with the objects already read. */
export interface ObjectChange extends StoredChange {
  readonly object: KubeObject;
  readonly previous?: KubeObject;
}

/** What a write may do; it sees the writes before it, also those that are not committed yet. */
export interface StoreTransaction extends Pick<ObjectReader, "hasUid" | "dependentsOf"> {
  find(key: ObjectKey): KubeObject | undefined;
  /** Whether objects of any kind are in the namespace. */
  hasObjectsIn(namespace: string): boolean;
  /** Stores a new state and returns it with its resourceVersion. */
  put(key: ObjectKey, object: KubeObject): KubeObject;
  /** Removes an object that exists; returns its last state with the resourceVersion of the removal. */
  remove(key: ObjectKey, object: KubeObject): KubeObject;
}

interface Batch {
  readonly changes: ObjectChange[];
  readonly waiting: { readonly settle: () => void; readonly fail: (error: unknown) => void }[];
}

const defaults = { limitBytes: 1024 ** 3, keptRevisions: 10_000, keptBytes: 64 * 1024 ** 2 };

/** Opens a store or creates it. Raises CLRK_STORAGE_FAILED; one process at a time (take a `FolderLock`). */
export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  return new ObjectStore(options);
}

/** See `openObjectStore`. */
export class ObjectStore {
  /** Reads of what is committed */
  readonly reader: ObjectReader;
  readonly #writer: DatabaseSync;
  readonly #readerDatabase: DatabaseSync;
  readonly #rows: StoreWriter;
  readonly #history: StoreHistory;
  readonly #subscribers = new Set<(changes: readonly ObjectChange[]) => void>();
  #committed: number;
  #batch: Batch | undefined;
  #closed = false;

  /** Use `openObjectStore`. */
  constructor(options: ObjectStoreOptions) {
    const { file, limitBytes, keptRevisions, keptBytes } = { ...defaults, ...options };
    const { writer, reader } = openStoreTables(file, { limitBytes });
    this.#writer = writer;
    this.#readerDatabase = reader;
    this.reader = new ObjectReader(reader);
    this.#rows = new StoreWriter(writer);
    this.#history = new StoreHistory(writer, { keptRevisions, keptBytes });
    this.#committed = this.#rows.lastRevision;
  }

  /** Revision of the newest committed change; 0 for an empty store */
  get revision(): number {
    return this.#committed;
  }

  /** Lists at and changes after a revision below this one are gone */
  get compactedRevision(): number {
    return this.#history.compacted;
  }

  /**
   * Runs `step` at once and resolves with its result when the disk has what it wrote. What it throws undoes its own
   * writes alone and rejects. Raises CLRK_STORAGE_FAILED when the disk does not take it: then nothing of it is there.
   */
  write<T>(step: (transaction: StoreTransaction) => T): Promise<T> {
    try {
      const batch = this.#openBatch();
      const result = this.#runStep(batch, step);
      return new Promise((resolve, reject) => {
        batch.waiting.push({ settle: () => resolve(result), fail: reject });
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What `step` would give: its writes are undone in any case. */
  rehearse<T>(step: (transaction: StoreTransaction) => T): T {
    const batch = this.#openBatch();
    const undone = new UndoneStep<T>();
    try {
      this.#runStep(batch, (transaction) => {
        undone.result = { value: step(transaction) };
        throw undone;
      });
    } catch (error) {
      if (error !== undone || undone.result === undefined) throw error;
    }
    if (undone.result === undefined) throw new TypeError("Cannot rehearse a step: it gave nothing");
    return undone.result.value;
  }

  /** Calls back after every commit, in the order of revisions. Returns an unsubscribe function. */
  subscribe(onChanges: (changes: readonly ObjectChange[]) => void): () => void {
    this.#subscribers.add(onChanges);
    return () => this.#subscribers.delete(onChanges);
  }

  /** Commits what waits and closes the file; safe to call again. */
  close(): void {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    this.#subscribers.clear();
    this.#readerDatabase.close();
    this.#writer.close();
  }

  #openBatch(): Batch {
    if (this.#closed) throw new ClrkError("CLRK_CLOSED", "Cannot write object: store is closed");
    if (this.#batch !== undefined) return this.#batch;
    try {
      this.#writer.exec("BEGIN IMMEDIATE");
    } catch (cause) {
      throw storageFailed(cause);
    }
    // Requests that arrived together are read in one phase of the event loop: they share one sync of the disk.
    setImmediate(() => this.#commit());
    this.#batch = { changes: [], waiting: [] };
    return this.#batch;
  }

  #runStep<T>(batch: Batch, step: (transaction: StoreTransaction) => T): T {
    const revisionBefore = this.#rows.lastRevision;
    const changesBefore = batch.changes.length;
    try {
      this.#writer.exec("SAVEPOINT step");
      const result = step(this.#transaction(batch));
      this.#writer.exec("RELEASE step");
      return result;
    } catch (error) {
      this.#rows.lastRevision = revisionBefore;
      batch.changes.length = changesBefore;
      // A full disk makes SQLite roll the whole transaction back, and the savepoint is gone with it.
      if (this.#writer.isTransaction) this.#writer.exec("ROLLBACK TO step; RELEASE step");
      else this.#failBatch(batch, error);
      throw isSqliteError(error) ? storageFailed(error) : error;
    }
  }

  #transaction(batch: Batch): StoreTransaction {
    const rows = this.#rows;
    const record = (
      key: ObjectKey,
      written: KubeObject,
      change: ChangeKind,
      previous?: KubeObject,
    ) => {
      batch.changes.push({
        resource: key.resource,
        namespace: key.namespace,
        name: key.name,
        revision: rows.lastRevision,
        text: rows.lastText,
        change,
        object: written,
        ...(previous !== undefined && { previous }),
      });
      return written;
    };
    return {
      find: (key) => rows.find(key)?.object,
      hasUid: (uid) => rows.reader.hasUid(uid),
      dependentsOf: (uid, limit) => rows.reader.dependentsOf(uid, limit),
      hasObjectsIn: (namespace) => rows.reader.inNamespace(namespace, 1).length > 0,
      put(key, object) {
        const before = rows.find(key);
        const written = withRevision(object, rows.lastRevision + 1);
        rows.put(key, written, before);
        return record(key, written, before ? "MODIFIED" : "ADDED", before?.object);
      },
      remove(key, object) {
        const before = rows.find(key);
        const written = withRevision(object, rows.lastRevision + 1);
        rows.remove(key, written, before);
        return record(key, written, "DELETED", before?.object);
      },
    };
  }

  #commit(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    try {
      this.#writer.exec("COMMIT");
    } catch (cause) {
      if (this.#writer.isTransaction) this.#writer.exec("ROLLBACK");
      this.#failBatch(batch, cause);
      return;
    }
    this.#committed = this.#rows.lastRevision;
    for (const { settle } of batch.waiting) settle();
    if (batch.changes.length === 0) return;
    const bytes = batch.changes.reduce((sum, { text }) => sum + text.length, 0);
    this.#history.compactIfDue(this.#committed, bytes);
    for (const onChanges of this.#subscribers) onChanges(batch.changes);
  }

  #failBatch(batch: Batch, cause: unknown): void {
    this.#batch = undefined;
    this.#rows.lastRevision = this.#committed;
    const error = storageFailed(cause);
    for (const { fail } of batch.waiting) fail(error);
  }
}

class UndoneStep<T> {
  result: { readonly value: T } | undefined;
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return withMetadata(object, { resourceVersion: String(revision) });
}

function isSqliteError(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
}

function storageFailed(cause: unknown): ClrkError {
  const message = `Cannot write to the object store: ${describeError(cause)}`;
  return new ClrkError("CLRK_STORAGE_FAILED", message, { cause });
}
