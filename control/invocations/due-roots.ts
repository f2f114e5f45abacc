/**
 * Invocations that are over and whose root span nobody has told: calls of agents, which pass no gateway as a whole, and runs
 * of gateways that were killed. Noted in the write that ends them, so that none is forgotten and none is noted twice.
 */
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { StatementCache } from "../statement-cache.ts";
import { isConcludedEnd, runKind } from "./concluded-end.ts";
import type { InvocationState } from "./invocation-state.ts";
import { endOf, summarise } from "./invocation-state.ts";

/** Made with the other tables; a row goes with its invocation. */
export const dueRootsTable = `CREATE TABLE IF NOT EXISTS due_roots (
  namespace TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (namespace, id)) WITHOUT ROWID;`;

/** Whether this change ended an invocation whose root its gateway does not tell. */
export function isRootDue(before: InvocationState | undefined, after: InvocationState): boolean {
  const wasOver = before !== undefined && endOf(before) !== undefined;
  const end = endOf(after);
  if (wasOver || end === undefined || summarise(after).root === null) return false;
  return end.agent.kind !== runKind || isConcludedEnd(end.reason);
}

/** Notes one, in the transaction that is open. */
export function noteDueRoot(
  statements: StatementCache,
  { namespace, id }: { readonly namespace: string; readonly id: string },
): void {
  statements
    .prepare("INSERT INTO due_roots (namespace, id) VALUES (?, ?) ON CONFLICT DO NOTHING")
    .run(namespace, id);
}

/** At most `limit` of them. */
export function readDueRoots(statements: StatementCache, limit: number): InvocationOutcome[] {
  return statements
    .prepare(
      `SELECT state FROM due_roots JOIN invocations USING (namespace, id)
       ORDER BY namespace, id LIMIT ?`,
    )
    .all(limit)
    .flatMap((row) => {
      const outcome = outcomeOf(JSON.parse(String(row["state"])));
      return outcome === undefined ? [] : [outcome];
    });
}

/** Forgets those that were told, in the transaction that is open. */
export function removeDueRoots(
  statements: StatementCache,
  told: readonly InvocationOutcome[],
): void {
  const remove = statements.prepare("DELETE FROM due_roots WHERE namespace = ? AND id = ?");
  for (const { end } of told) remove.run(end.agent.namespace, end.id);
}

function outcomeOf(state: InvocationState): InvocationOutcome | undefined {
  const end = endOf(state);
  const { root, createdMs, gateways } = summarise(state);
  if (end === undefined || root === null) return undefined;
  // Its uid, and its ways out, may have been told by another event.
  return { root, startUnixMs: createdMs, end: { ...end, agent: state.agent, gateways } };
}
