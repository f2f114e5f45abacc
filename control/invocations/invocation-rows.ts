/** Rows of the store of invocations, one method for each statement; all of them work in the transaction that is open. */

import { isActive } from "./active-rows.ts";
import type { LogPosition } from "./event-log.ts";
import type { FilePosition } from "./invocation-store.ts";
import { invocationObject } from "./invocation-object.ts";
import type { InvocationState } from "./invocation-state.ts";
import { summarise } from "./invocation-state.ts";
import { presentVersion, writeVersion } from "./invocation-tables.ts";
import type { ModelUsage, RecordUse } from "./invocation-usage.ts";
import { sumUsage } from "./invocation-usage.ts";
import type { StatementCache } from "../statement-cache.ts";

/** Names an invocation. */
export interface InvocationKey {
  readonly namespace: string;
  readonly id: string;
}

/** Models that are told apart for one invocation; what more of them use is one more. */
const mostModels = 32;
const otherModels = "(others)";

const fileMark = "records:";

/** Old invocations that one transaction removes at most: the rest goes with the next. */
const removedAtOnce = 1_000;

/** Usage whose invocation nobody told of is kept for so long. */
const orphanMs = 24 * 60 * 60 * 1_000;

/** Rows over one connection. */
export class InvocationRows {
  readonly #statements: StatementCache;

  constructor(statements: StatementCache) {
    this.#statements = statements;
  }

  /** Undefined before the first event. */
  findState({ namespace, id }: InvocationKey): InvocationState | undefined {
    const row = this.#statements
      .prepare("SELECT state FROM invocations WHERE namespace = ? AND id = ?")
      .get(namespace, id);
    return row === undefined ? undefined : JSON.parse(String(row["state"]));
  }

  putState({ namespace, id }: InvocationKey, state: InvocationState): void {
    this.#statements
      .prepare("INSERT OR REPLACE INTO invocations (namespace, id, state) VALUES (?, ?, ?)")
      .run(namespace, id, JSON.stringify(state));
  }

  count(): number {
    return Number(this.#statements.prepare("SELECT count(*) AS n FROM invocations").get()?.["n"]);
  }

  /** Writes the invocation as it is now; false where nothing is known of it yet. */
  writeVersion(key: InvocationKey, nowMs: number): boolean {
    const state = this.findState(key);
    if (state === undefined) return false;
    const usage = sumUsage(this.#usageOf(key, state));
    const before = presentVersion(this.#statements, key.namespace, key.id);
    writeVersion(this.#statements, {
      change: before === undefined ? "ADDED" : "MODIFIED",
      createdMs: summarise(state).createdMs,
      writtenMs: nowMs,
      object: (revision) => invocationObject({ state, usage, revision }),
    });
    return true;
  }

  /** Notes that a record is counted; false where it was before. */
  addRecord(id: string, nowMs: number): boolean {
    const { changes } = this.#statements
      .prepare("INSERT INTO records (id, seen_ms) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .run(id, nowMs);
    return changes !== 0;
  }

  addUse(use: RecordUse, nowMs: number): void {
    const { agent, invocationId: id } = use;
    const key = [agent.namespace, id, agent.kind, agent.name] as const;
    this.#statements
      .prepare(
        `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET
           requests = requests + excluded.requests, denials = denials + excluded.denials,
           input_tokens = input_tokens + excluded.input_tokens,
           output_tokens = output_tokens + excluded.output_tokens,
           micro_dollars = micro_dollars + excluded.micro_dollars,
           unpriced = unpriced + excluded.unpriced, seen_ms = excluded.seen_ms`,
      )
      .run(
        ...[...key, this.#modelFor(key, use.model), use.requests, use.denials],
        ...[use.inputTokens, use.outputTokens, use.microDollars, use.unpriced, nowMs],
      );
  }

  /**
   * Removes invocations that ended and did not change for long, and those that are too many; gives their number. One that
   * still runs stays, however old: who asks would take it for one that never was.
   */
  removeOld(
    nowMs: number,
    {
      retentionMs,
      mostInvocations,
    }: { readonly retentionMs: number; readonly mostInvocations: number },
  ): number {
    const excess = Math.max(0, this.count() - mostInvocations);
    const oldMs = nowMs - retentionMs;
    // Bounded by time, the walk over the index is short while nothing is too many.
    const oldest = this.#statements
      .prepare(
        `SELECT namespace, id, written_ms FROM versions
         WHERE until IS NULL AND change <> 'DELETED' AND written_ms < ? AND NOT (${isActive})
         ORDER BY written_ms LIMIT ?`,
      )
      .all(excess > 0 ? Number.MAX_SAFE_INTEGER : oldMs, removedAtOnce);
    const old = oldest.filter(
      ({ written_ms: writtenMs }, at) => at < excess || Number(writtenMs) < oldMs,
    );
    for (const { namespace, id } of old) {
      this.#remove({ namespace: String(namespace), id: String(id) }, nowMs);
    }
    this.#statements
      .prepare(
        `DELETE FROM usage WHERE seen_ms < ? AND NOT EXISTS (
           SELECT 1 FROM invocations i WHERE i.namespace = usage.namespace AND i.id = usage.id)`,
      )
      .run(nowMs - orphanMs);
    return old.length;
  }

  /** Forgets which records were counted longest ago. */
  forgetRecords(
    nowMs: number,
    { mostRecords, keptMs }: { readonly mostRecords: number; readonly keptMs: number },
  ): void {
    const last = this.#statements.prepare("SELECT max(number) AS n FROM records").get()?.["n"];
    const old = this.#statements
      .prepare("SELECT number, seen_ms FROM records ORDER BY number")
      .iterate();
    let forgotten = Number(last ?? 0) - mostRecords;
    for (const { number, seen_ms: seenMs } of old) {
      if (Number(seenMs) >= nowMs - keptMs) break;
      forgotten = Math.max(forgotten, Number(number));
    }
    this.#statements.prepare("DELETE FROM records WHERE number <= ?").run(forgotten);
  }

  position(): LogPosition | undefined {
    const row = this.#statements
      .prepare("SELECT epoch, number FROM marks WHERE name = 'log'")
      .get();
    return row && { epoch: String(row["epoch"]), sequence: Number(row["number"]) };
  }

  putPosition({ epoch, sequence }: LogPosition): void {
    this.#statements
      .prepare("INSERT OR REPLACE INTO marks (name, epoch, number) VALUES ('log', ?, ?)")
      .run(epoch, sequence);
  }

  /** 0 where nothing is known of the file. */
  filePosition(file: string): number {
    const row = this.#statements
      .prepare("SELECT number FROM marks WHERE name = ?")
      .get(`${fileMark}${file}`);
    return Number(row?.["number"] ?? 0);
  }

  putFilePosition({ file, end }: FilePosition): void {
    this.#statements
      .prepare("INSERT OR REPLACE INTO marks (name, epoch, number) VALUES (?, '', ?)")
      .run(`${fileMark}${file}`, end);
  }

  forgetFiles(kept: readonly string[]): void {
    this.#statements
      .prepare(
        `DELETE FROM marks WHERE substr(name, 1, ${fileMark.length}) = '${fileMark}'
         AND name NOT IN (SELECT '${fileMark}' || value FROM json_each(?))`,
      )
      .run(JSON.stringify(kept));
  }

  #remove(key: InvocationKey, nowMs: number): void {
    const before = presentVersion(this.#statements, key.namespace, key.id);
    if (before === undefined) return;
    const { object, createdMs } = before;
    writeVersion(this.#statements, {
      change: "DELETED",
      createdMs,
      writtenMs: nowMs,
      object: (revision) => ({
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(revision) },
      }),
    });
    for (const table of ["invocations", "usage", "due_roots"]) {
      this.#statements
        .prepare(`DELETE FROM ${table} WHERE namespace = ? AND id = ?`)
        .run(key.namespace, key.id);
    }
  }

  /** What others used under the same id is not counted towards it. */
  #usageOf({ namespace, id }: InvocationKey, { agent }: InvocationState): ModelUsage[] {
    return this.#statements
      .prepare("SELECT * FROM usage WHERE namespace = ? AND id = ? AND kind = ? AND name = ?")
      .all(namespace, id, agent.kind, agent.name)
      .map((row) => ({
        model: String(row["model"]),
        requests: Number(row["requests"]),
        denials: Number(row["denials"]),
        inputTokens: Number(row["input_tokens"]),
        outputTokens: Number(row["output_tokens"]),
        microDollars: Number(row["micro_dollars"]),
        unpriced: Number(row["unpriced"]),
      }));
  }

  /** Agents choose names of models: an invocation has no more rows than there are bounds for. */
  #modelFor(key: readonly string[], model: string): string {
    const known = this.#statements
      .prepare(
        `SELECT count(*) AS n, coalesce(max(model = ?), 0) AS has FROM usage
         WHERE namespace = ? AND id = ? AND kind = ? AND name = ?`,
      )
      .get(model, ...key);
    const isRoom = Number(known?.["n"]) < mostModels;
    return Number(known?.["has"]) === 1 || isRoom || model === "" ? model : otherModels;
  }
}
