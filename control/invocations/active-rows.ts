/** Rows of invocations that have not ended, by an index of their own: there are few of them among many that have. */
import { invocationPhases } from "../../crds/invocation.ts";
import { isTerminalPhase } from "../../gateway/invocation-event.ts";
import type { StatementCache } from "../statement-cache.ts";

/** An agent, and how many of its invocations have not ended; at least one. */
export interface ActiveCount {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
}

const phases = invocationPhases.filter((phase) => !isTerminalPhase(phase));
/** Condition of a version that is the present one of an invocation that runs; a query uses the index only by these words. */
export const isActive: string = `until IS NULL AND change <> 'DELETED'
  AND json_extract(body, '$.status.phase') IN (${phases.map((phase) => `'${phase}'`).join(", ")})`;

/** Made with the tables; files of before get it, for the one that they had, when they are opened. */
export const activeIndex: string = `DROP INDEX IF EXISTS versions_active;
  CREATE INDEX IF NOT EXISTS versions_open ON versions (kind, namespace, name, id) WHERE ${isActive}`;

/** Place of an invocation among those of a kind that have not ended; it has the same as long as it is there. */
export interface ActivePlace {
  readonly namespace: string;
  /** Of its agent */
  readonly name: string;
  readonly id: string;
}

/** Number of invocations of an agent that have not ended. */
export function countActive(
  statements: StatementCache,
  { kind, namespace, name }: Omit<ActiveCount, "count">,
): number {
  const row = statements
    .prepare(
      `SELECT count(*) AS n FROM versions WHERE kind = ? AND namespace = ? AND name = ? AND ${isActive}`,
    )
    .get(kind, namespace, name);
  return Number(row?.["n"] ?? 0);
}

/** The same of every agent that has any. */
export function activeCounts(statements: StatementCache): readonly ActiveCount[] {
  return statements
    .prepare(
      `SELECT kind, namespace, name, count(*) AS n FROM versions WHERE ${isActive}
       GROUP BY kind, namespace, name`,
    )
    .all()
    .map((row) => ({
      kind: String(row["kind"]),
      namespace: String(row["namespace"]),
      name: String(row["name"]),
      count: Number(row["n"]),
    }));
}

/** An invocation that has not ended. */
export interface ActiveKey {
  readonly namespace: string;
  readonly id: string;
  /** When its present version was written, Unix `ms` */
  readonly writtenMs: number;
}

/** Those of agents of a kind after a place, at most `limit`, in the order of their places. */
export function activeKeys(
  statements: StatementCache,
  kind: string,
  { after, limit }: { readonly after: ActivePlace | undefined; readonly limit: number },
): readonly ActiveKey[] {
  const { namespace, name, id } = after ?? { namespace: "", name: "", id: "" };
  return statements
    .prepare(
      `SELECT namespace, id, written_ms FROM versions
       WHERE kind = ? AND (namespace, name, id) > (?, ?, ?) AND ${isActive}
       ORDER BY namespace, name, id LIMIT ?`,
    )
    .all(kind, namespace, name, id, limit)
    .map((row) => ({
      namespace: String(row["namespace"]),
      id: String(row["id"]),
      writtenMs: Number(row["written_ms"]),
    }));
}
