/**
 * Reads of the store at a revision. Versions that are no more are kept for a while; what is older than that is expired,
 * and said to be, rather than told wrong.
 */

import type {
  ChangesResult,
  InvocationSelection,
  InvocationVersion,
  InvocationListOptions,
  ListPlace,
  ListResult,
} from "./invocation-store.ts";
import { lastRevision, objectOf } from "./invocation-tables.ts";
import type { StatementCache } from "../statement-cache.ts";

/** Rows that are read at a time where a selection has a predicate. */
const scanRows = 512;

/** Rows that one call reads at most where few of them fit; who asks gets a shorter page, and others are served between. */
const mostScanned = 8 * scanRows;

/** How many versions that are no more are kept, and for how long. */
export interface HistoryBounds {
  readonly mostVersions: number;
  readonly keptMs: number;
}

/** Lists and changes of one store. */
export class InvocationHistory {
  readonly #statements: StatementCache;
  #compacted: number;

  constructor(statements: StatementCache) {
    this.#statements = statements;
    const row = statements.prepare("SELECT number FROM marks WHERE name = 'compacted'").get();
    this.#compacted = Number(row?.["number"] ?? 0);
  }

  /** See `InvocationStore.list`. */
  list(selection: InvocationSelection, options: InvocationListOptions): ListResult {
    const last = lastRevision(this.#statements);
    const { limit, revision = last } = options;
    if (revision < this.#compacted || revision > last) return { kind: "expired" };
    const items = [];
    let place = options.after;
    let isEnd = false;
    let scanned = 0;
    while (items.length <= limit && !isEnd) {
      if (scanned >= mostScanned) {
        const part = items.map(({ object }) => object);
        return { kind: "page", items: part, revision, ...(place !== undefined && { next: place }) };
      }
      const count = selection.matches === undefined ? limit + 1 - items.length : scanRows;
      const rows = this.#rowsAt(selection, { revision, after: place, count });
      isEnd = rows.length < count;
      scanned += rows.length;
      for (const row of rows) {
        place = row.place;
        if (selection.matches === undefined || selection.matches(row.object)) items.push(row);
        if (items.length > limit) break;
      }
    }
    const page = items.slice(0, limit);
    const next = items.length > limit ? page.at(-1)?.place : undefined;
    return {
      kind: "page",
      items: page.map(({ object }) => object),
      revision,
      ...(next !== undefined && { next }),
    };
  }

  /** See `InvocationStore.changes`. */
  changes(after: number, { limit }: { readonly limit: number }): ChangesResult {
    if (after < this.#compacted || after > lastRevision(this.#statements))
      return { kind: "expired" };
    const rows = this.#statements
      .prepare(
        `SELECT v.revision, v.change, v.body, p.body AS before
         FROM versions v LEFT JOIN versions p
           ON p.namespace = v.namespace AND p.id = v.id AND p.until = v.revision
         WHERE v.revision > ? ORDER BY v.revision LIMIT ?`,
      )
      .all(after, limit);
    return {
      kind: "changes",
      versions: rows.map((row): InvocationVersion => {
        const { change, before } = row;
        return {
          revision: Number(row["revision"]),
          change: change === "ADDED" || change === "DELETED" ? change : "MODIFIED",
          object: objectOf(row),
          ...(typeof before === "string" && { previous: objectOf(row, "before") }),
        };
      }),
    };
  }

  /** Forgets old versions, in the transaction that is open. */
  compact(nowMs: number, { mostVersions, keptMs }: HistoryBounds): void {
    const last = lastRevision(this.#statements);
    // From the newest on: those that are to be kept are few, the others may be all there are.
    const old = this.#statements
      .prepare("SELECT revision FROM versions WHERE written_ms < ? ORDER BY revision DESC LIMIT 1")
      .get(nowMs - keptMs)?.["revision"];
    const compacted = Math.min(last, Math.max(Number(old ?? 0), last - mostVersions));
    if (compacted <= this.#compacted) return;
    // The state at `compacted` itself stays: a version that ended there is not part of it.
    this.#statements.prepare("DELETE FROM versions WHERE until <= ?").run(compacted);
    this.#statements
      .prepare("DELETE FROM versions WHERE until IS NULL AND change = 'DELETED' AND revision <= ?")
      .run(compacted);
    this.#statements
      .prepare("INSERT OR REPLACE INTO marks (name, epoch, number) VALUES ('compacted', '', ?)")
      .run(compacted);
    this.#compacted = compacted;
  }

  #rowsAt(
    selection: InvocationSelection,
    options: {
      readonly revision: number;
      readonly after: ListPlace | undefined;
      readonly count: number;
    },
  ) {
    const { revision, after, count } = options;
    const { namespace, agent, id } = selection;
    const index = indexFor(selection);
    const conditions = [
      "revision <= ? AND (until IS NULL OR until > ?) AND change <> 'DELETED'",
      ...(namespace === undefined ? [] : ["namespace = ?"]),
      ...(id === undefined ? [] : ["id = ?"]),
      ...(agent === undefined ? [] : ["kind = ? AND name = ?"]),
      ...(after === undefined ? [] : ["(created_ms, namespace, id) < (?, ?, ?)"]),
    ];
    const values = [
      ...[revision, revision],
      ...(namespace === undefined ? [] : [namespace]),
      ...(id === undefined ? [] : [id]),
      ...(agent === undefined ? [] : [agent.kind, agent.name]),
      ...(after === undefined ? [] : [after.createdMs, after.namespace, after.id]),
    ];
    return this.#statements
      .prepare(
        `SELECT created_ms, namespace, id, body FROM versions INDEXED BY ${index}
         WHERE ${conditions.join(" AND ")}
         ORDER BY created_ms DESC, namespace DESC, id DESC LIMIT ?`,
      )
      .all(...values, count)
      .map((row) => ({
        place: {
          createdMs: Number(row["created_ms"]),
          namespace: String(row["namespace"]),
          id: String(row["id"]),
        },
        object: objectOf(row),
      }));
  }
}

/** But for those by id, of which there are few, each has the order of the list: nothing is sorted for a page. */
function indexFor({ namespace, agent, id }: InvocationSelection): string {
  if (id !== undefined) return namespace === undefined ? "versions_by_id" : "versions_of";
  if (namespace === undefined) return "versions_by_time";
  return agent === undefined ? "versions_by_namespace" : "versions_by_agent";
}
