/** Reads of the object store over one connection: objects, lists at a revision, changes since one, who owns whom. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { StatementCache } from "../statement-cache.ts";

/** Names one object among all that are stored; `namespace` is empty for objects of the whole server. */
export interface ObjectKey {
  /** Store name of the kind, such as `backends.clrk.apoxy.dev` */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** One stored state of an object. */
export interface StoredState extends ObjectKey {
  readonly revision: number;
  /** The object as JSON, its `metadata.resourceVersion` included */
  readonly text: string;
}

/** What happened to an object. */
export type ChangeKind = "ADDED" | "MODIFIED" | "DELETED";

/** A state and how it came about. */
export interface StoredChange extends StoredState {
  readonly change: ChangeKind;
  /** The state before, as JSON; absent for a new object */
  readonly previousText?: string;
}

/** Which objects a list is of, in the order of namespace and name. */
export interface ListQuery {
  readonly resource: string;
  /** All namespaces when absent */
  readonly namespace?: string;
  /** Only this name */
  readonly name?: string;
  /** Only objects after this one */
  readonly after?: { readonly namespace: string; readonly name: string };
  /** State as of this revision, which must not be compacted; the newest when absent */
  readonly at?: number;
  readonly limit: number;
}

/** Of `each()`. */
const pageSize = 500;

type Row = Record<string, SQLOutputValue>;

/** Reads over one connection: committed states on the reader's, those of the open transaction on the writer's. */
export class ObjectReader {
  /** Conditions come in few combinations: the statements are kept. */
  readonly #statements: StatementCache;

  /** Does not own the connection. */
  constructor(database: DatabaseSync) {
    this.#statements = new StatementCache(database);
  }

  /** The newest state, or undefined when the object does not exist. */
  find(key: ObjectKey): StoredState | undefined {
    const row = this.#statements
      .prepare(`${selectObjects} WHERE o.resource = ? AND o.namespace = ? AND o.name = ?`)
      .get(key.resource, key.namespace, key.name);
    return row === undefined ? undefined : readState(row);
  }

  /** At most `limit` states in the order of namespace and name. */
  list(query: ListQuery): readonly StoredState[] {
    const { resource, namespace, name, after, at, limit } = query;
    const isPast = at !== undefined && this.#changedAfter(resource, at);
    const table = isPast ? "l" : "o";
    const conditions = [`${table}.resource = ?`];
    const values: (string | number)[] = [resource];
    if (namespace !== undefined) {
      conditions.push(`${table}.namespace = ?`);
      values.push(namespace);
    }
    if (name !== undefined) {
      conditions.push(`${table}.name = ?`);
      values.push(name);
    }
    if (after !== undefined) {
      conditions.push(`(${table}.namespace, ${table}.name) > (?, ?)`);
      values.push(after.namespace, after.name);
    }
    if (isPast) {
      conditions.push(`l.change <> 'DELETED' AND l.revision = (${newestUntil})`);
      values.push(at);
    }
    const order = `ORDER BY ${table}.namespace, ${table}.name LIMIT ?`;
    const sql = `${isPast ? selectLog : selectObjects} WHERE ${conditions.join(" AND ")} ${order}`;
    return this.#statements
      .prepare(sql)
      .all(...values, limit)
      .map(readState);
  }

  /** All newest states of a resource in that order, read in pages: there may be many, and readers stop when they like. */
  *each(query: Pick<ListQuery, "resource" | "namespace">): Generator<StoredState> {
    let after: ListQuery["after"];
    for (;;) {
      const page = this.list({ ...query, limit: pageSize, ...(after && { after }) });
      yield* page;
      after = page.at(-1);
      if (page.length < pageSize) return;
    }
  }

  /** How many objects a list without limit would have now. */
  count(resource: string, namespace?: string): number {
    const where = namespace === undefined ? "" : " AND namespace = ?";
    const values = namespace === undefined ? [resource] : [resource, namespace];
    const sql = `SELECT count(*) AS number FROM objects WHERE resource = ?${where}`;
    return Number(this.#statements.prepare(sql).get(...values)?.["number"]);
  }

  /** How many objects there are of each resource that has some, in the order of their names. */
  counts(): readonly { readonly resource: string; readonly count: number }[] {
    return this.#statements
      .prepare("SELECT resource, count(*) AS number FROM objects GROUP BY resource")
      .all()
      .map((row) => ({ resource: String(row["resource"]), count: Number(row["number"]) }));
  }

  /** At most `limit` changes of a resource after a revision, oldest first. */
  changesAfter(resource: string, revision: number, limit: number): readonly StoredChange[] {
    const sql = `
      SELECT l.resource, l.namespace, l.name, l.revision, l.value, l.change, p.value AS before
      FROM log l LEFT JOIN log p ON p.revision = l.previous
      WHERE l.resource = ? AND l.revision > ? ORDER BY l.revision LIMIT ?`;
    return this.#statements.prepare(sql).all(resource, revision, limit).map(readChange);
  }

  /** Whether an object with that uid exists. */
  hasUid(uid: string): boolean {
    return (
      this.#statements.prepare("SELECT 1 FROM objects WHERE uid = ? LIMIT 1").get(uid) !== undefined
    );
  }

  /** Objects whose owner references name that uid. */
  dependentsOf(uid: string, limit: number): readonly ObjectKey[] {
    const sql = "SELECT resource, namespace, name FROM owners WHERE uid = ? LIMIT ?";
    return this.#statements.prepare(sql).all(uid, limit).map(readKey);
  }

  /** Objects that name an owner which does not exist, after the given one in the order of their keys. */
  withAbsentOwner(after: ObjectKey | undefined, limit: number): readonly ObjectKey[] {
    const sql = `
      SELECT DISTINCT w.resource, w.namespace, w.name FROM owners w
      WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.uid = w.uid)
      AND (w.resource, w.namespace, w.name) > (?, ?, ?)
      ORDER BY w.resource, w.namespace, w.name LIMIT ?`;
    const { resource = "", namespace = "", name = "" } = after ?? {};
    return this.#statements.prepare(sql).all(resource, namespace, name, limit).map(readKey);
  }

  /** Objects that wait for their finalizers, after the given one in the order of their keys. */
  deleting(after: ObjectKey | undefined, limit: number): readonly ObjectKey[] {
    const sql = `
      SELECT resource, namespace, name FROM objects
      WHERE deleting = 1 AND (resource, namespace, name) > (?, ?, ?)
      ORDER BY resource, namespace, name LIMIT ?`;
    const { resource = "", namespace = "", name = "" } = after ?? {};
    return this.#statements.prepare(sql).all(resource, namespace, name, limit).map(readKey);
  }

  /** Objects of any kind in a namespace. */
  inNamespace(namespace: string, limit: number): readonly ObjectKey[] {
    const sql = "SELECT resource, namespace, name FROM objects WHERE namespace = ? LIMIT ?";
    return this.#statements.prepare(sql).all(namespace, limit).map(readKey);
  }

  #changedAfter(resource: string, revision: number): boolean {
    const sql = "SELECT 1 FROM log WHERE resource = ? AND revision > ? LIMIT 1";
    return this.#statements.prepare(sql).get(resource, revision) !== undefined;
  }
}

const selectObjects =
  "SELECT o.resource, o.namespace, o.name, l.revision, l.value FROM objects o JOIN log l ON l.revision = o.revision";
const selectLog = "SELECT l.resource, l.namespace, l.name, l.revision, l.value FROM log l";
const newestUntil = `SELECT max(m.revision) FROM log m WHERE m.resource = l.resource
  AND m.namespace = l.namespace AND m.name = l.name AND m.revision <= ?`;

function readKey(row: Row): ObjectKey {
  return {
    resource: String(row["resource"]),
    namespace: String(row["namespace"]),
    name: String(row["name"]),
  };
}

function readState(row: Row): StoredState {
  return { ...readKey(row), revision: Number(row["revision"]), text: String(row["value"]) };
}

function readChange(row: Row): StoredChange {
  const { change, before } = row;
  return {
    ...readState(row),
    change: change === "ADDED" || change === "DELETED" ? change : "MODIFIED",
    ...(typeof before === "string" && { previousText: before }),
  };
}
