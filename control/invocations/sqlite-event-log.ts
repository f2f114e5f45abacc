/**
 * The embedded log of events: one database file that this process alone has open. What was appended is on the disk when
 * that is said, in transactions that take all events of one turn.
 */

import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../gateway/clock.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { encodeEvent, tryDecodeEvent } from "./event-codec.ts";
import type {
  Appended,
  ConsumerOptions,
  EventLog,
  LogConsumer,
  LogEnds,
  LoggedEvent,
  LogPage,
  LogPosition,
} from "./event-log.ts";
import { eventRetentionBytes, eventRetentionMs } from "./event-log.ts";
import { GroupCommit } from "./group-commit.ts";
import { openPrivateDatabase } from "./private-database.ts";
import { SqliteLogConsumer } from "./sqlite-log-consumer.ts";
import { StatementCache } from "../statement-cache.ts";
import { WakeUps } from "./wake-ups.ts";

/** Where the log is, and how much it keeps. */
export interface SqliteEventLogOptions {
  /** Path of the file; its folder must be there */
  readonly path: string;
  readonly clock: Clock;
  /** Default 72 h */
  readonly retentionMs?: number;
  /** Default 256 MiB */
  readonly retentionBytes?: number;
}

const schemaVersion = 1;
// AUTOINCREMENT: a sequence is never used again, also when the last event was removed.
const schema = `
  CREATE TABLE IF NOT EXISTS epoch (name TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    phase TEXT NOT NULL,
    logged_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (id, phase)
  );
  CREATE TABLE IF NOT EXISTS consumers (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS acks (
    consumer TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (consumer, sequence)
  ) WITHOUT ROWID`;

/** Appends that may wait for the next transaction. */
const mostWaiting = 16_384;

/** Events that one page of a watch has at most. */
const watchPage = 256;

/** What is too old is looked for so often, in `ms`: removing it is no hurry. */
const pruneEveryMs = 10_000;

/** Opens the log, and makes it where there is none. Throws CLRK_STORAGE_FAILED where another process has it open. */
export function openSqliteEventLog(options: SqliteEventLogOptions): EventLog {
  return new SqliteEventLog(options);
}

class SqliteEventLog implements EventLog {
  readonly #options: SqliteEventLogOptions;
  readonly #database: DatabaseSync;
  readonly #statements: StatementCache;
  readonly #epoch: string;
  readonly #commits: GroupCommit;
  readonly #wakeUps: WakeUps;
  readonly #consumers = new Map<string, SqliteLogConsumer>();
  #bytes: number;
  #prunedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: SqliteEventLogOptions) {
    this.#options = options;
    this.#wakeUps = new WakeUps(options.clock);
    this.#database = openPrivateDatabase(options.path, { schema, version: schemaVersion });
    this.#statements = new StatementCache(this.#database);
    this.#epoch = this.#openEpoch();
    this.#bytes = this.#countBytes();
    this.#commits = new GroupCommit({
      database: this.#database,
      what: `events into "${options.path}"`,
      mostWaiting,
      afterWrites: () => this.#prune(),
      onCommitted: () => this.#wakeUps.wake(),
      onFailed: () => {
        this.#bytes = this.#countBytes();
      },
    });
  }

  async append(event: InvocationEvent): Promise<Appended> {
    const body = encodeEvent(event);
    const { clock } = this.#options;
    return await this.#commits.add(() => {
      // Asked first: an insert that finds a conflict would use up a sequence.
      const known = this.#statements
        .prepare("SELECT sequence FROM events WHERE id = ? AND phase = ?")
        .get(event.id, event.phase)?.["sequence"];
      if (typeof known === "number") return { position: this.#at(known), isDuplicate: true };
      const { lastInsertRowid } = this.#statements
        .prepare("INSERT INTO events (id, phase, logged_ms, body) VALUES (?, ?, ?, ?)")
        .run(event.id, event.phase, clock.now(), body);
      this.#bytes += body.length;
      return { position: this.#at(Number(lastInsertRowid)), isDuplicate: false };
    });
  }

  async read(
    after: LogPosition | undefined,
    { limit }: { readonly limit: number },
  ): Promise<LogPage> {
    const ends = await this.ends();
    const from = after === undefined ? ends.earliest : after.sequence + 1;
    const isOther = after !== undefined && after.epoch !== this.#epoch;
    if (isOther || from < ends.earliest || from > ends.latest + 1) return { kind: "expired", ends };
    const rows = this.#statements
      .prepare("SELECT sequence, body FROM events WHERE sequence >= ? ORDER BY sequence LIMIT ?")
      .all(from, limit);
    return { kind: "events", events: rows.map((row) => this.#eventOf(row)) };
  }

  async *watch(
    after: LogPosition | undefined,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<LogPage> {
    let position = after;
    while (!signal.aborted && !this.#isClosed) {
      const page = await this.read(position, { limit: watchPage });
      if (page.kind === "expired") {
        yield page;
        return;
      }
      const last = page.events.at(-1);
      if (last === undefined) {
        // Taken before anything is waited for: an event that comes meanwhile is not missed.
        position ??= this.#at((await this.ends()).earliest - 1);
        await this.#wakeUps.wait({ signal });
        continue;
      }
      position = last.position;
      yield page;
    }
  }

  async ends(): Promise<LogEnds> {
    const latest = numberOf(
      this.#statements,
      "SELECT coalesce(max(seq), 0) AS n FROM sqlite_sequence WHERE name = 'events'",
    );
    const least = this.#statements.prepare("SELECT min(sequence) AS n FROM events").get()?.["n"];
    const earliest = typeof least === "number" ? least : latest + 1;
    return { epoch: this.#epoch, earliest, latest };
  }

  async consumer(name: string, { ackWaitMs }: ConsumerOptions = {}): Promise<LogConsumer> {
    const known = this.#consumers.get(name);
    if (known !== undefined) return known;
    const consumer = await SqliteLogConsumer.open({
      name,
      statements: this.#statements,
      commits: this.#commits,
      wakeUps: this.#wakeUps,
      clock: this.#options.clock,
      eventOf: (row) => this.#eventOf(row),
      ...(ackWaitMs !== undefined && { ackWaitMs }),
    });
    this.#consumers.set(name, consumer);
    return consumer;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#commits.close();
    for (const consumer of this.#consumers.values()) consumer.close();
    this.#wakeUps.wake();
    this.#database.close();
  }

  #openEpoch(): string {
    const made = this.#statements.prepare("SELECT name FROM epoch").get()?.["name"];
    if (typeof made === "string") return made;
    const name = randomBytes(8).toString("hex");
    this.#statements.prepare("INSERT INTO epoch (name) VALUES (?)").run(name);
    return name;
  }

  #at(sequence: number): LogPosition {
    return { epoch: this.#epoch, sequence };
  }

  #eventOf({ sequence, body }: Record<string, unknown>): LoggedEvent {
    return { position: this.#at(Number(sequence)), event: tryDecodeEvent(String(body)) ?? null };
  }

  #countBytes(): number {
    return numberOf(this.#statements, "SELECT coalesce(sum(length(body)), 0) AS n FROM events");
  }

  /** Removes what is too old or too much, the oldest first. */
  #prune(): void {
    const { clock, retentionMs = eventRetentionMs } = this.#options;
    const { retentionBytes = eventRetentionBytes } = this.#options;
    const nowMs = clock.now();
    if (this.#bytes <= retentionBytes && nowMs - this.#prunedMs < pruneEveryMs) return;
    this.#prunedMs = nowMs;
    const oldest = this.#statements.prepare(
      "SELECT sequence, logged_ms, length(body) AS bytes FROM events ORDER BY sequence",
    );
    let last = 0;
    for (const { sequence, logged_ms: loggedMs, bytes } of oldest.iterate()) {
      const isOld = Number(loggedMs) < nowMs - retentionMs;
      if (!isOld && this.#bytes <= retentionBytes) break;
      last = Number(sequence);
      this.#bytes -= Number(bytes);
    }
    this.#statements.prepare("DELETE FROM events WHERE sequence <= ?").run(last);
    this.#statements.prepare("DELETE FROM acks WHERE sequence <= ?").run(last);
  }
}

function numberOf(statements: StatementCache, query: string): number {
  return Number(statements.prepare(query).get()?.["n"]);
}
