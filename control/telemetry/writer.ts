/**
 * Stores rows in order, one INSERT at a time, so that the order of their sequence is the order in which they are seen.
 * A batch is tried until the store has it; rows that it can never take are set aside. What does not fit the queue is
 * refused at once: nobody waits here who has something else to do.
 */
import { sleep } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import type { Logger } from "../../gateway/log.ts";
import type { IngestSequence } from "./ingest-sequence.ts";
import { judgeInsertFailure } from "./insert-failure.ts";
import type { InsertFailure } from "./insert-failure.ts";
import type { Quarantine, QuarantineStatus } from "./quarantine.ts";
import type { StoreClient } from "./store-client.ts";
import { rowLine, tableColumns } from "./table-rows.ts";
import type { TelemetryTable } from "./table-rows.ts";

/** Rows that are stored together. */
export interface RowBatch {
  readonly table: TelemetryTable;
  /** Lines as `encodeTraceRow()` and `encodeLogRow()` give them, at least one */
  readonly rows: readonly string[];
  /** Number of columns of the lines with the sequence; default all of the table */
  readonly columns?: number;
  /** First sequence that the rows had when they were written before and nobody knows whether they are stored */
  readonly sequence?: bigint;
  /** Called with the first sequence before the store is; when it rejects the batch is not written */
  readonly onReserved?: (first: bigint) => Promise<void>;
}

/** What became of a batch. */
export type WriteOutcome =
  | {
      readonly kind: "stored";
      readonly first: bigint;
      readonly rows: number;
      readonly quarantined: number;
    }
  /** The queue is full: nothing was taken */
  | { readonly kind: "full" }
  /** The writer is closed; nobody knows whether the store has them */
  | { readonly kind: "closed" };

/** `waiting`: the store does not take rows now. */
export type WriterState = "working" | "waiting" | "disk-full" | "closed";

/** Numbers since the start. */
export interface WriterStatus {
  readonly state: WriterState;
  /** Why it waits; absent when all is well */
  readonly error?: string;
  readonly queuedBatches: number;
  readonly queuedBytes: number;
  readonly storedRows: number;
  readonly inserts: number;
  readonly retries: number;
  /** Rows of batches that found the queue full; their sender has them still, or counts them as lost */
  readonly refusedRows: number;
  readonly quarantine: QuarantineStatus;
  /** All rows up to this sequence are stored or set aside */
  readonly highWater: bigint;
}

/** What the writer needs. */
export interface TelemetryWriterOptions {
  readonly store: Pick<StoreClient, "insert" | "query">;
  readonly sequence: IngestSequence;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why nothing may be stored now, such as a disk that is nearly full; undefined when it may */
  readonly obstacle?: () => string | undefined;
  /** Batches that wait; default 64 */
  readonly maxQueuedBatches?: number;
  /** Bytes that wait; default 32 MiB */
  readonly maxQueuedBytes?: number;
}

const firstBackoffMs = 100;
const lastBackoffMs = 5_000;

/** A single row that is too much for the store's memory is tried so often before it is set aside. */
const mostSingleTries = 8;

interface Queued {
  readonly batch: RowBatch;
  readonly bytes: number;
  readonly settle: (outcome: WriteOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/** Lines with their sequences, ready to be sent. */
interface Lines {
  readonly table: TelemetryTable;
  readonly columns: readonly string[];
  readonly first: bigint;
  readonly lines: readonly string[];
}

/** Whether the store may have taken rows without our hearing of it. */
interface Doubt {
  readonly isDoubtful: boolean;
}

/** The one writer of a store. */
export class TelemetryWriter {
  readonly #options: TelemetryWriterOptions;
  readonly #queue: Queued[] = [];
  readonly #closing = new AbortController();
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #state: WriterState = "working";
  #error: string | undefined;
  #storedRows = 0;
  #inserts = 0;
  #retries = 0;
  #refusedRows = 0;
  #highWater: bigint;

  /** Writes nothing by itself. */
  constructor(options: TelemetryWriterOptions) {
    this.#options = options;
    this.#highWater = options.sequence.last;
  }

  /** Numbers of now; a new object each time */
  get status(): WriterStatus {
    return {
      state: this.#state,
      ...(this.#error !== undefined && { error: this.#error }),
      queuedBatches: this.#queue.length,
      queuedBytes: this.#queuedBytes,
      storedRows: this.#storedRows,
      inserts: this.#inserts,
      retries: this.#retries,
      refusedRows: this.#refusedRows,
      quarantine: this.#options.quarantine.status,
      highWater: this.#highWater,
    };
  }

  /** Stores the rows; resolves when they are stored or set aside. Rejects only with what `onReserved` threw. */
  write(batch: RowBatch): Promise<WriteOutcome> {
    if (this.#closing.signal.aborted) return Promise.resolve({ kind: "closed" });
    const { maxQueuedBatches = 64, maxQueuedBytes = 32 * 1024 * 1024 } = this.#options;
    const bytes = batch.rows.reduce((sum, row) => sum + row.length, 0);
    const isFull =
      this.#queue.length >= maxQueuedBatches ||
      (this.#queuedBytes + bytes > maxQueuedBytes && this.#queue.length > 0);
    if (isFull) {
      this.#refusedRows += batch.rows.length;
      return Promise.resolve({ kind: "full" });
    }
    this.#queuedBytes += bytes;
    return new Promise((settle, fail) => {
      this.#queue.push({ batch, bytes, settle, fail });
      this.#running ??= this.#run();
    });
  }

  /** Gives up waiting: the INSERT that runs is waited for, all else is `closed`. Safe to call again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    this.#state = "closed";
  }

  async #run(): Promise<void> {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined) {
        // In the same step as the look: a batch that comes after it must start another run.
        this.#running = undefined;
        return;
      }
      try {
        next.settle(await this.#store(next.batch));
      } catch (error) {
        next.fail(error);
      }
      this.#queue.shift();
      this.#queuedBytes -= next.bytes;
    }
  }

  async #store(batch: RowBatch): Promise<WriteOutcome> {
    if (this.#closing.signal.aborted) return { kind: "closed" };
    const { sequence } = this.#options;
    const { table, rows } = batch;
    const first = batch.sequence ?? sequence.reserve(rows.length);
    const last = first + BigInt(rows.length) - 1n;
    sequence.raise(last);
    await batch.onReserved?.(first);
    const lines = rows.map((row, index) => rowLine(first + BigInt(index), row));
    const columns = tableColumns[table].slice(0, batch.columns);
    const part = { table, columns, first, lines };
    // Its token is known where all of it was stored, but not where it was stored in parts.
    const parts = batch.sequence === undefined ? [part] : await this.#missing(part);
    const quarantined = parts && (await this.#storeParts(parts));
    if (quarantined === undefined) return { kind: "closed" };
    if (last > this.#highWater) this.#highWater = last;
    this.#storedRows += rows.length - quarantined;
    return { kind: "stored", first, rows: rows.length, quarantined };
  }

  /** Number of lines that were set aside; undefined when the writer was closed meanwhile. */
  async #storeLines(part: Lines): Promise<number | undefined> {
    let isDoubtful = false;
    for (let tries = 1; ; tries++) {
      const failure = await this.#insert(part);
      if (failure === undefined) return 0;
      isDoubtful ||= failure.kind === "again";
      const isSingle = part.lines.length === 1;
      if (failure.kind !== "again" && !isSingle) return this.#storeSmaller(part, { isDoubtful });
      if (failure.kind === "poison" || (failure.kind === "smaller" && tries >= mostSingleTries)) {
        await this.#options.quarantine.add(part.table, part.lines[0] ?? "", failure.text);
        this.#options.log.warn("Set aside a row that the telemetry store refuses", {
          table: part.table,
          error: failure.text,
        });
        return 1;
      }
      if (!(await this.#pause(tries, failure))) return undefined;
    }
  }

  async #storeSmaller(part: Lines, { isDoubtful }: Doubt): Promise<number | undefined> {
    // An answer that was lost may have been that all is stored: parts have tokens that the store does not know.
    const missing = isDoubtful ? await this.#missing(part) : [part];
    if (missing === undefined) return undefined;
    const isWhole = missing[0]?.lines.length === part.lines.length;
    return this.#storeParts(isWhole ? halves(part) : missing);
  }

  async #storeParts(parts: readonly Lines[]): Promise<number | undefined> {
    let sum = 0;
    for (const part of parts) {
      const quarantined = await this.#storeLines(part);
      if (quarantined === undefined) return undefined;
      sum += quarantined;
    }
    return sum;
  }

  /** The runs of lines that the store does not have; undefined when the writer was closed before it said so. */
  async #missing(part: Lines): Promise<readonly Lines[] | undefined> {
    const { table, first, lines } = part;
    const last = first + BigInt(lines.length) - 1n;
    for (let tries = 1; ; tries++) {
      try {
        const rows = await this.#options.store.query(
          `SELECT Sequence FROM ${table} WHERE Sequence >= {first:UInt64} AND Sequence <= {last:UInt64} LIMIT {limit:UInt64}`,
          { first, last, limit: lines.length },
        );
        const stored = new Set(rows.map((row) => String(row["Sequence"])));
        return runsOf(part, (sequence) => !stored.has(String(sequence)));
      } catch (error) {
        // Whatever it is: what is not known may not be stored again.
        const { text } = judgeInsertFailure(error);
        if (!(await this.#pause(tries, { kind: "again", text, isDiskFull: false }))) {
          return undefined;
        }
      }
    }
  }

  async #insert({ table, columns, first, lines }: Lines): Promise<InsertFailure | undefined> {
    const obstacle = this.#options.obstacle?.();
    if (obstacle !== undefined) return { kind: "again", text: obstacle, isDiskFull: true };
    try {
      await this.#options.store.insert({
        table,
        columns,
        lines: Buffer.from(lines.join("")),
        // The same rows have the same token, also after a restart.
        token: `${table}-${first}-${lines.length}`,
      });
      this.#inserts++;
      this.#onSuccess();
      return undefined;
    } catch (error) {
      return judgeInsertFailure(error);
    }
  }

  /** False when the writer was closed. */
  async #pause(tries: number, failure: InsertFailure): Promise<boolean> {
    const { clock, log } = this.#options;
    this.#retries++;
    const isDiskFull = failure.kind === "again" && failure.isDiskFull;
    if (this.#error === undefined) {
      const text = isDiskFull ? "Cannot store telemetry: disk full" : "Cannot store telemetry";
      log.error(text, { error: failure.text });
    }
    this.#error = failure.text;
    this.#state = isDiskFull ? "disk-full" : "waiting";
    const pauseMs = Math.min(lastBackoffMs, firstBackoffMs * 2 ** Math.min(tries - 1, 16));
    await sleep(clock, pauseMs, this.#closing.signal);
    return !this.#closing.signal.aborted;
  }

  #onSuccess(): void {
    if (this.#error === undefined) return;
    this.#options.log.info("Storing telemetry again", { retries: this.#retries });
    this.#error = undefined;
    this.#state = "working";
  }
}

function halves(part: Lines): readonly Lines[] {
  const middle = part.lines.length >> 1;
  return [slice(part, 0, middle), slice(part, middle, part.lines.length)];
}

function runsOf(part: Lines, isWanted: (sequence: bigint) => boolean): readonly Lines[] {
  const runs: Lines[] = [];
  for (let at = 0; at < part.lines.length; ) {
    let end = at;
    while (end < part.lines.length && isWanted(part.first + BigInt(end))) end++;
    if (end > at) runs.push(slice(part, at, end));
    at = end + 1;
  }
  return runs;
}

function slice(part: Lines, from: number, until: number): Lines {
  return {
    ...part,
    first: part.first + BigInt(from),
    lines: part.lines.slice(from, until),
  };
}
