/**
 * Keeps the store within an age and a size: whole partitions go when all of their rows are too old, and the oldest parts
 * go when all together are too large. What goes is counted.
 */
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { sequenceMs, sequencesPerPartition } from "./ingest-sequence.ts";
import { storeErrorCode } from "./store-client.ts";
import type { StoreClient } from "./store-client.ts";

/** Bounds and surroundings. */
export interface RetentionOptions {
  readonly client: Pick<StoreClient, "query" | "command">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Age by the time of storing, from which on rows go; they go by partitions of four hours. Default 7 days */
  readonly maxAgeMs?: number;
  /** Bytes of all tables on disk; default 5 GiB */
  readonly maxBytes?: number;
  /** Pause between two looks; default 1 min */
  readonly intervalMs?: number;
}

/** Numbers since the start. */
export interface RetentionStatus {
  /** Bytes of all tables at the last look */
  readonly bytes: number;
  readonly maxBytes: number;
  readonly expiredRows: number;
  /** Rows that went although they were young enough */
  readonly evictedRows: number;
  /** Why the last look failed; absent when all is well */
  readonly error?: string;
}

interface Part {
  readonly table: string;
  readonly name: string;
  readonly partition: bigint;
  readonly block: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Default of `maxAgeMs`. */
export const defaultMaxAgeMs: number = 7 * 24 * 3_600_000;
/** Default of `maxBytes`. */
export const defaultMaxBytes: number = 5 * 1024 ** 3;
const defaultIntervalMs = 60_000;

/** Evicting goes on to this share of the bound, so that it has not to be done again at once. */
const evictionTarget = 0.9;

/** NO_SUCH_DATA_PART */
const noSuchPart = 232;

const partsQuery = `SELECT table, name, partition_id, min_block_number, rows, bytes_on_disk
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('otel_traces', 'otel_logs')
ORDER BY toUInt64OrZero(partition_id), min_block_number
LIMIT 20000`;

/** Looks now and then; `start()` once, `close()` at the end. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #maxBytes: number;
  #timer: TimerHandle | undefined;
  #closed = false;
  #running: Promise<void> | undefined;
  #bytes = 0;
  #expiredRows = 0;
  #evictedRows = 0;
  #error: string | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
  }

  /** Numbers of now; a new object each time */
  get status(): RetentionStatus {
    return {
      bytes: this.#bytes,
      maxBytes: this.#maxBytes,
      expiredRows: this.#expiredRows,
      evictedRows: this.#evictedRows,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /** Begins to look. */
  start(): void {
    const { clock, intervalMs = defaultIntervalMs } = this.#options;
    if (this.#closed) return;
    this.#timer = clock.setTimeout(() => {
      this.#running = this.sweep().finally(() => this.start());
    }, intervalMs);
    this.#timer.unref();
  }

  /** Stops looking. Safe to call again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#running;
  }

  /** One look; the timer makes them by itself. Never rejects. */
  async sweep(): Promise<void> {
    try {
      const parts = (await this.#options.client.query(partsQuery)).map(toPart);
      const left = await this.#expire(parts);
      await this.#evict(left);
      this.#error = undefined;
    } catch (error) {
      // A store that is down is told by whoever watches over it.
      this.#error = describeError(error);
    }
  }

  async #expire(parts: readonly Part[]): Promise<readonly Part[]> {
    const { client, clock, log, maxAgeMs = defaultMaxAgeMs } = this.#options;
    const isOld = ({ partition }: Part) => partitionEndMs(partition) < clock.now() - maxAgeMs;
    const old = parts.filter(isOld);
    const dropped = new Set(old.map(({ table, partition }) => `${table} ${partition}`));
    for (const entry of dropped) {
      const [table, partition] = entry.split(" ");
      await client.command(`ALTER TABLE ${table} DROP PARTITION ID '${partition}'`);
    }
    const rows = old.reduce((sum, part) => sum + part.rows, 0);
    this.#expiredRows += rows;
    if (rows > 0) log.info("Dropped old telemetry", { rows, partitions: dropped.size });
    return parts.filter((part) => !isOld(part));
  }

  async #evict(parts: readonly Part[]): Promise<void> {
    const { client, log } = this.#options;
    this.#bytes = parts.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#bytes <= this.#maxBytes) return;
    let rows = 0;
    for (const part of parts) {
      if (this.#bytes <= this.#maxBytes * evictionTarget) break;
      try {
        await client.command(`ALTER TABLE ${part.table} DROP PART '${part.name}'`);
      } catch (error) {
        // It was merged into another meanwhile; the next look finds that one.
        if (storeErrorCode(error) === noSuchPart) continue;
        throw error;
      }
      this.#bytes -= part.bytes;
      rows += part.rows;
    }
    this.#evictedRows += rows;
    log.warn("Dropped the oldest telemetry: the store is full", {
      rows,
      maxBytes: this.#maxBytes,
    });
  }
}

/** When the last row of a partition can have been stored. */
function partitionEndMs(partition: bigint): number {
  return sequenceMs((partition + 1n) * sequencesPerPartition);
}

function toPart(row: Readonly<Record<string, unknown>>): Part {
  const {
    table,
    name,
    partition_id: id,
    min_block_number: block,
    rows,
    bytes_on_disk: bytes,
  } = row;
  const isSafe =
    /^\w+$/.test(String(name)) && /^\w+$/.test(String(table)) && /^\d+$/.test(String(id));
  if (!isSafe) throw new TypeError(`Cannot read a part of the store: its name is "${name}"`);
  return {
    table: String(table),
    name: String(name),
    partition: BigInt(String(id)),
    block: Number(block),
    rows: Number(rows),
    bytes: Number(bytes),
  };
}
