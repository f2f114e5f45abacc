/**
 * How long old states are kept. Invariant: what a reader at or after the compacted revision may ask for is there;
 * older lists and watches are told that it is gone (410).
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** How far back watchers may lag and pages of a list may last. */
export interface HistoryLimits {
  readonly keptRevisions: number;
  readonly keptBytes: number;
}

/** Revisions between two compactions: one costs milliseconds, and that many more rows are kept at most. */
const compactEvery = 500;

/** Removes states that nobody can ask for any more. */
export class StoreHistory {
  readonly #database: DatabaseSync;
  readonly #limits: HistoryLimits;
  readonly #recent: StatementSync;
  readonly #dropSuperseded: StatementSync;
  readonly #dropRemovals: StatementSync;
  readonly #remember: StatementSync;
  #compacted: number;
  #checkedAt: number;
  #bytesSince = 0;

  /** The tables must be there; the caller owns the connection. */
  constructor(database: DatabaseSync, limits: HistoryLimits) {
    this.#database = database;
    this.#limits = limits;
    const fact = database.prepare("SELECT value FROM facts WHERE name = 'compacted'").get();
    this.#compacted = Number(fact?.["value"] ?? 0);
    this.#checkedAt = this.#compacted;
    this.#recent = database.prepare(
      "SELECT revision, bytes FROM log WHERE revision > ? ORDER BY revision DESC",
    );
    this.#dropSuperseded = database.prepare(
      "DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision > ? AND revision <= ?)",
    );
    this.#dropRemovals = database.prepare(
      "DELETE FROM log WHERE revision > ? AND revision <= ? AND change = 'DELETED'",
    );
    this.#remember = database.prepare("UPDATE facts SET value = ? WHERE name = 'compacted'");
  }

  /** The oldest revision whose whole state is still there */
  get compacted(): number {
    return this.#compacted;
  }

  /** Compacts once enough was written since the last time; `bytes` came since the last call. Outside of any transaction. */
  compactIfDue(newest: number, bytes: number): void {
    this.#bytesSince += bytes;
    const { keptRevisions, keptBytes } = this.#limits;
    const isDue =
      newest - this.#checkedAt >= Math.min(compactEvery, keptRevisions) ||
      this.#bytesSince >= keptBytes / 4;
    if (!isDue) return;
    this.#checkedAt = newest;
    this.#bytesSince = 0;
    const until = this.#lastToDrop();
    if (until <= this.#compacted) return;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#dropSuperseded.run(this.#compacted, until);
      this.#dropRemovals.run(this.#compacted, until);
      this.#remember.run(until);
      this.#database.exec("COMMIT");
      this.#compacted = until;
    } catch {
      // The history stays longer than it must; the next compaction tries again, and writers hear of a full disk.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    }
  }

  #lastToDrop(): number {
    const { keptRevisions, keptBytes } = this.#limits;
    let count = 0;
    let bytes = 0;
    for (const row of this.#recent.iterate(this.#compacted)) {
      count++;
      bytes += Number(row["bytes"]);
      if (count > keptRevisions || bytes > keptBytes) return Number(row["revision"]);
    }
    return this.#compacted;
  }
}
