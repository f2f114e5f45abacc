/**
 * A consumer of the embedded log. What it has answered is in the log's own file; what was given to it and is not answered
 * is known in memory only, and given again after a crash.
 */

import type { Clock } from "../../gateway/clock.ts";
import { monotonicMs } from "../../gateway/clock.ts";
import { ClrkError } from "../../gateway/errors.ts";
import type { Delivery, FetchOptions, LogConsumer, LoggedEvent } from "./event-log.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { StatementCache } from "../statement-cache.ts";
import type { WakeUps } from "./wake-ups.ts";

/** What a consumer is given. */
export interface SqliteLogConsumerOptions {
  readonly name: string;
  readonly statements: StatementCache;
  readonly commits: GroupCommit;
  readonly wakeUps: WakeUps;
  readonly clock: Clock;
  readonly eventOf: (row: Record<string, unknown>) => LoggedEvent;
  /** Default 30 s */
  readonly ackWaitMs?: number;
}

/** Events that may be without an answer at once; no more are given until there are some. */
const mostUnanswered = 4_096;
const defaultAckWaitMs = 30_000;

interface Unanswered {
  dueMs: number;
  attempt: number;
}

/** One consumer; `open()` makes it. */
export class SqliteLogConsumer implements LogConsumer {
  readonly #options: SqliteLogConsumerOptions;
  readonly #unanswered = new Map<number, Unanswered>();
  /** Everything up to it was given once */
  #given: number;
  #isClosed = false;

  private constructor(options: SqliteLogConsumerOptions, floor: number) {
    this.#options = options;
    this.#given = floor;
  }

  /** Finds the consumer in the file, or makes it at the log's begin. Throws a RangeError for what is no name. */
  static async open(options: SqliteLogConsumerOptions): Promise<SqliteLogConsumer> {
    const { name, statements, commits } = options;
    if (!/^[a-z0-9-]{1,64}$/.test(name)) {
      throw new RangeError(
        `Cannot open consumer ${JSON.stringify(name)}: wanted up to 64 of a-z, 0-9 and "-"`,
      );
    }
    await commits.add(() =>
      statements
        .prepare("INSERT INTO consumers (name, floor) VALUES (?, 0) ON CONFLICT DO NOTHING")
        .run(name),
    );
    return new SqliteLogConsumer(options, floorOf(options));
  }

  async fetch({ limit, waitMs, signal }: FetchOptions): Promise<readonly Delivery[]> {
    const { clock, wakeUps } = this.#options;
    const endMs = monotonicMs(clock) + waitMs;
    for (;;) {
      if (this.#isClosed) {
        throw new ClrkError("CLRK_CLOSED", "Cannot fetch events: the log is closed");
      }
      const nowMs = monotonicMs(clock);
      const deliveries = [...this.#overdue(nowMs, limit)];
      for (const row of this.#next(limit - deliveries.length)) {
        deliveries.push(this.#give(row, nowMs));
      }
      if (deliveries.length > 0 || signal?.aborted === true || nowMs >= endMs) return deliveries;
      const dueMs = Math.min(endMs, ...[...this.#unanswered.values()].map((one) => one.dueMs));
      await wakeUps.wait({ timeoutMs: Math.max(0, dueMs - nowMs), signal });
    }
  }

  /** Ends waits; nothing is given any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** What should have been answered by now, oldest first. */
  *#overdue(nowMs: number, limit: number): Generator<Delivery> {
    const { statements } = this.#options;
    const find = statements.prepare("SELECT sequence, body FROM events WHERE sequence = ?");
    let count = 0;
    for (const [sequence, { dueMs }] of this.#unanswered) {
      if (count >= limit) return;
      if (dueMs > nowMs) continue;
      const row = find.get(sequence);
      // It was too old to be kept.
      if (row === undefined) this.#unanswered.delete(sequence);
      else {
        count++;
        yield this.#give(row, nowMs);
      }
    }
  }

  #next(limit: number): Record<string, unknown>[] {
    const { statements, name } = this.#options;
    const room = Math.min(limit, mostUnanswered - this.#unanswered.size);
    if (room <= 0) return [];
    return statements
      .prepare(
        `SELECT sequence, body FROM events WHERE sequence > ?
         AND sequence NOT IN (SELECT sequence FROM acks WHERE consumer = ?) ORDER BY sequence LIMIT ?`,
      )
      .all(this.#given, name, room);
  }

  #give(row: Record<string, unknown>, nowMs: number): Delivery {
    const logged = this.#options.eventOf(row);
    const { sequence } = logged.position;
    const attempt = (this.#unanswered.get(sequence)?.attempt ?? 0) + 1;
    const dueMs = nowMs + (this.#options.ackWaitMs ?? defaultAckWaitMs);
    this.#unanswered.set(sequence, { dueMs, attempt });
    this.#given = Math.max(this.#given, sequence);
    return {
      ...logged,
      attempt,
      ack: () => this.#ack(sequence),
      retry: () => this.#retry(sequence),
    };
  }

  async #ack(sequence: number): Promise<void> {
    await this.#options.commits.add(() => this.#writeAck(sequence));
    this.#unanswered.delete(sequence);
  }

  /** Answers without a gap before them are one number, the floor, so that the table stays small. */
  #writeAck(sequence: number): void {
    const { statements, name } = this.#options;
    const floor = floorOf(this.#options);
    if (sequence <= floor) return;
    statements
      .prepare("INSERT INTO acks (consumer, sequence) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .run(name, sequence);
    const open = statements
      .prepare(
        `SELECT min(sequence) AS n FROM events WHERE sequence > ?
         AND sequence NOT IN (SELECT sequence FROM acks WHERE consumer = ?)`,
      )
      .get(floor, name)?.["n"];
    const raised = typeof open === "number" ? open - 1 : this.#given;
    if (raised <= floor) return;
    statements.prepare("UPDATE consumers SET floor = ? WHERE name = ?").run(raised, name);
    statements.prepare("DELETE FROM acks WHERE consumer = ? AND sequence <= ?").run(name, raised);
  }

  #retry(sequence: number): void {
    const known = this.#unanswered.get(sequence);
    if (known === undefined) return;
    known.dueMs = Number.NEGATIVE_INFINITY;
    this.#options.wakeUps.wake();
  }
}

/** Everything up to it was answered; 0 before the first. */
function floorOf({
  statements,
  name,
}: Pick<SqliteLogConsumerOptions, "statements" | "name">): number {
  const row = statements.prepare("SELECT floor FROM consumers WHERE name = ?").get(name);
  return Number(row?.["floor"] ?? 0);
}
