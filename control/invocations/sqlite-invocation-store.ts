/**
 * The store of invocations in one SQLite file that this process alone has open. A batch of the log is written with its
 * position, as one transaction: a crash leaves both or none, and what the log gives again then changes nothing.
 */

import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { activeCounts, activeKeys, countActive } from "./active-rows.ts";
import type { ActiveCount, ActivePlace } from "./active-rows.ts";
import { isRootDue, noteDueRoot, readDueRoots, removeDueRoots } from "./due-roots.ts";
import type { LoggedEvent, LogPosition } from "./event-log.ts";
import { eventRetentionMs } from "./event-log.ts";
import { inTransaction } from "./group-commit.ts";
import { InvocationHistory } from "./invocation-history.ts";
import { InvocationRows } from "./invocation-rows.ts";
import type { InvocationKey } from "./invocation-rows.ts";
import { addEvent } from "./invocation-state.ts";
import type {
  ActiveState,
  ApplyCounts,
  ChangesResult,
  FilePosition,
  InvocationSelection,
  InvocationStore,
  ListResult,
  RecordCounts,
  StoreStatus,
} from "./invocation-store.ts";
import { lastRevision, openInvocationTables, presentVersion } from "./invocation-tables.ts";
import { useOfRecord } from "./invocation-usage.ts";
import { StatementCache } from "../statement-cache.ts";

/** Where the store is, and how much it keeps. */
export interface SqliteInvocationStoreOptions {
  /** Path of the file; its folder must be there */
  readonly path: string;
  readonly clock: Clock;
  /** Time without a change after which an invocation is removed; default 30 days, at least that of the log */
  readonly retentionMs?: number;
  /** Most invocations; those go first that changed longest ago. Default 200,000 */
  readonly mostInvocations?: number;
  /** Versions that are no more, for lists of several pages and watches; default 50,000 */
  readonly mostVersions?: number;
  /** The same by time, in `ms`; default 10 minutes */
  readonly historyMs?: number;
  /** Records that are known to have been counted; default 1,000,000 */
  readonly mostRecords?: number;
}

const defaults = {
  retentionMs: 30 * 24 * 60 * 60 * 1_000,
  mostInvocations: 200_000,
  mostVersions: 50_000,
  historyMs: 10 * 60 * 1_000,
  mostRecords: 1_000_000,
};

/** Old things are removed so often, in `ms`, with the writes that come anyway. */
const pruneEveryMs = 10_000;

/** Opens the store. Throws a RangeError for bounds that cannot work, CLRK_STORAGE_FAILED where the file cannot be used. */
export function openSqliteInvocationStore(options: SqliteInvocationStoreOptions): InvocationStore {
  return new SqliteInvocationStore({ ...defaults, ...options });
}

class SqliteInvocationStore implements InvocationStore {
  readonly #options: Required<SqliteInvocationStoreOptions>;
  readonly #database: DatabaseSync;
  readonly #statements: StatementCache;
  readonly #rows: InvocationRows;
  readonly #history: InvocationHistory;
  readonly #followers = new Set<() => void>();
  #position: LogPosition | undefined;
  #applied: ApplyCounts = { changed: 0, known: 0, foreign: 0, unreadable: 0 };
  #records: RecordCounts = { counted: 0, known: 0, foreign: 0 };
  #removed = 0;
  #prunedMs: number;
  #isClosed = false;

  constructor(options: Required<SqliteInvocationStoreOptions>) {
    if (options.retentionMs < eventRetentionMs) {
      throw new RangeError(
        `Cannot keep invocations for ${options.retentionMs} ms: wanted at least the ${eventRetentionMs} ms of the log, or what is removed comes back`,
      );
    }
    this.#options = options;
    this.#database = openInvocationTables(options.path);
    this.#statements = new StatementCache(this.#database);
    this.#rows = new InvocationRows(this.#statements);
    this.#history = new InvocationHistory(this.#statements);
    this.#position = this.#rows.position();
    this.#prunedMs = options.clock.now();
  }

  get position(): LogPosition | undefined {
    return this.#position;
  }

  get revision(): number {
    return lastRevision(this.#statements);
  }

  get status(): StoreStatus {
    return {
      invocations: this.#rows.count(),
      revision: this.revision,
      applied: this.#applied,
      records: this.#records,
      removed: this.#removed,
    };
  }

  apply(events: readonly LoggedEvent[]): ApplyCounts {
    const counts = { changed: 0, known: 0, foreign: 0, unreadable: 0 };
    const position = latest(this.#position, events);
    this.#write(() => {
      const touched = new Map<string, InvocationKey>();
      for (const { event } of events) {
        if (event === null) {
          counts.unreadable++;
          continue;
        }
        const key = { namespace: event.agent.namespace, id: event.id };
        const before = this.#rows.findState(key);
        const outcome = addEvent(before, event);
        if (outcome.kind === "changed") {
          this.#rows.putState(key, outcome.state);
          if (isRootDue(before, outcome.state)) noteDueRoot(this.#statements, key);
          touched.set(`${key.namespace}/${key.id}`, key);
        } else if (outcome.kind === "unchanged") counts.known++;
        else counts.foreign++;
      }
      counts.changed = touched.size;
      for (const key of touched.values()) this.#rows.writeVersion(key, this.#options.clock.now());
      if (position !== undefined) this.#rows.putPosition(position);
    });
    this.#position = position;
    this.#applied = addApplied(this.#applied, counts);
    if (counts.changed > 0) this.#tell();
    return counts;
  }

  addRecords(records: readonly EgressRecord[], from?: FilePosition): RecordCounts {
    const counts = { counted: 0, known: 0, foreign: 0 };
    let isChanged = false;
    this.#write(() => {
      const nowMs = this.#options.clock.now();
      const touched = new Map<string, InvocationKey>();
      for (const record of records) {
        const use = useOfRecord(record);
        if (use === undefined) counts.foreign++;
        else if (!this.#rows.addRecord(use.recordId, nowMs)) counts.known++;
        else {
          counts.counted++;
          this.#rows.addUse(use, nowMs);
          const key = { namespace: use.agent.namespace, id: use.invocationId };
          touched.set(`${key.namespace}/${key.id}`, key);
        }
      }
      for (const key of touched.values()) {
        isChanged = this.#rows.writeVersion(key, nowMs) || isChanged;
      }
      if (from !== undefined) this.#rows.putFilePosition(from);
    });
    this.#records = addRecordCounts(this.#records, counts);
    if (isChanged) this.#tell();
    return counts;
  }

  positionOf(file: string): number {
    return this.#rows.filePosition(file);
  }

  forgetFiles(kept: readonly string[]): void {
    this.#write(() => this.#rows.forgetFiles(kept));
  }

  get(namespace: string, id: string) {
    return presentVersion(this.#statements, namespace, id)?.object;
  }

  countActive(agent: Omit<ActiveCount, "count">): number {
    return countActive(this.#statements, agent);
  }

  activeCounts(): readonly ActiveCount[] {
    return activeCounts(this.#statements);
  }

  active(
    kind: string,
    page: { readonly after: ActivePlace | undefined; readonly limit: number },
  ): readonly ActiveState[] {
    return activeKeys(this.#statements, kind, page).flatMap((key) => {
      const state = this.#rows.findState(key);
      return state === undefined ? [] : { state, changedMs: key.writtenMs };
    });
  }

  list(
    selection: InvocationSelection,
    options: Parameters<InvocationStore["list"]>[1],
  ): ListResult {
    return this.#history.list(selection, options);
  }

  changes(after: number, options: { readonly limit: number }): ChangesResult {
    return this.#history.changes(after, options);
  }

  dueRoots(limit: number): readonly InvocationOutcome[] {
    return readDueRoots(this.#statements, limit);
  }

  removeDueRoots(told: readonly InvocationOutcome[]): void {
    this.#write(() => removeDueRoots(this.#statements, told));
  }

  subscribe(onChange: () => void): () => void {
    this.#followers.add(onChange);
    return () => this.#followers.delete(onChange);
  }

  prune(): void {
    this.#prunedMs = Number.NEGATIVE_INFINITY;
    const before = this.#removed;
    this.#write(() => {});
    if (this.#removed !== before) this.#tell();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#followers.clear();
    this.#database.close();
  }

  #write(writes: () => void): void {
    if (this.#isClosed) throw new ClrkError("CLRK_CLOSED", "Cannot write invocations: closed");
    let removed = 0;
    try {
      inTransaction(this.#database, () => {
        writes();
        removed = this.#pruneIfDue();
      });
    } catch (cause) {
      const message = `Cannot write invocations into "${this.#options.path}": ${describeError(cause)}`;
      throw new ClrkError("CLRK_STORAGE_FAILED", message, { cause });
    }
    this.#removed += removed;
  }

  #pruneIfDue(): number {
    const { clock, retentionMs, mostInvocations, mostRecords } = this.#options;
    const { mostVersions, historyMs } = this.#options;
    const nowMs = clock.now();
    if (nowMs - this.#prunedMs < pruneEveryMs) return 0;
    this.#prunedMs = nowMs;
    const removed = this.#rows.removeOld(nowMs, { retentionMs, mostInvocations });
    this.#rows.forgetRecords(nowMs, { mostRecords, keptMs: eventRetentionMs });
    this.#history.compact(nowMs, { mostVersions, keptMs: historyMs });
    return removed;
  }

  #tell(): void {
    for (const onChange of [...this.#followers]) onChange();
  }
}

/** The last position of a batch, unless what was taken before is later in the same log. */
function latest(
  known: LogPosition | undefined,
  events: readonly LoggedEvent[],
): LogPosition | undefined {
  return events.reduce<LogPosition | undefined>((before, { position }) => {
    const isLater = before?.epoch !== position.epoch || position.sequence > before.sequence;
    return isLater ? position : before;
  }, known);
}

function addApplied(total: ApplyCounts, more: ApplyCounts): ApplyCounts {
  return {
    changed: total.changed + more.changed,
    known: total.known + more.known,
    foreign: total.foreign + more.foreign,
    unreadable: total.unreadable + more.unreadable,
  };
}

function addRecordCounts(total: RecordCounts, more: RecordCounts): RecordCounts {
  return {
    counted: total.counted + more.counted,
    known: total.known + more.known,
    foreign: total.foreign + more.foreign,
  };
}
