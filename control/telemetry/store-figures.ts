/**
 * How much the store holds, asked of it now and then: rows and the oldest of them come from what it keeps of its parts, so
 * that a question costs the same however many there are.
 */
import { readFile } from "node:fs/promises";
import type { Clock } from "../../gateway/clock.ts";
import { monotonicMs } from "../../gateway/clock.ts";
import { sequenceMs } from "./ingest-sequence.ts";
import type { StoreClient } from "./store-client.ts";

/** What it holds. */
export interface StoreFigures {
  readonly rows: number;
  /** Of all tables, on disk */
  readonly bytes: number;
  /** When the oldest row was stored, Unix `ms`; absent where there is none */
  readonly oldestMs?: number;
}

/** An answer is good for so long in `ms`, and for longer while nothing is stored. */
const freshMs = 1_000;
const idleMs = 30_000;

/** A store that is busy gives its answer to the next who asks, in `ms`. */
const patienceMs = 500;

/** An answer that takes longer is given up, in seconds. */
const patienceSeconds = 1;

const question = `SELECT
  (SELECT sum(rows) FROM system.parts WHERE active AND database = currentDatabase()
     AND table IN ('otel_traces', 'otel_logs')) AS rows,
  (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()
     AND table IN ('otel_traces', 'otel_logs')) AS bytes,
  (SELECT min(first) FROM (SELECT min(Sequence) AS first FROM otel_traces HAVING count() > 0
     UNION ALL SELECT min(Sequence) AS first FROM otel_logs HAVING count() > 0)) AS oldest`;

/** Figures of one store. */
export class StoreCounter {
  readonly #client: Pick<StoreClient, "query">;
  readonly #clock: Clock;
  #last: { readonly figures: StoreFigures; readonly atMs: number; readonly at: bigint } | undefined;
  #asking: Promise<void> | undefined;

  constructor(client: Pick<StoreClient, "query">, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Figures of now, or the last ones where it does not answer; undefined before its first answer. `highWater` as in the writer. */
  async read(highWater: bigint): Promise<StoreFigures | undefined> {
    const ageMs = this.#last === undefined ? Infinity : monotonicMs(this.#clock) - this.#last.atMs;
    const goodMs = this.#last?.at === highWater ? idleMs : freshMs;
    if (ageMs >= goodMs) {
      this.#asking ??= this.#ask(highWater).finally(() => {
        this.#asking = undefined;
      });
      await this.#waitFor(this.#asking);
    }
    return this.#last?.figures;
  }

  /** Whoever asks how the store is must hear it while the store hangs, too. */
  async #waitFor(asking: Promise<void>): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(over.resolve, patienceMs);
    await Promise.race([asking, over.promise]);
    this.#clock.clearTimeout(timer);
  }

  async #ask(highWater: bigint): Promise<void> {
    try {
      const signal = AbortSignal.timeout(2_000 * patienceSeconds);
      const [row] = await this.#client.query(question, {}, { maxSeconds: patienceSeconds, signal });
      if (row === undefined) return;
      const rows = Number(row["rows"] ?? 0);
      const bytes = Number(row["bytes"] ?? 0);
      const oldest = row["oldest"];
      const oldestMs =
        oldest === null || oldest === undefined ? 0 : sequenceMs(BigInt(String(oldest)));
      const figures = { rows, bytes, ...(rows > 0 && oldestMs > 0 && { oldestMs }) };
      this.#last = { figures, atMs: monotonicMs(this.#clock), at: highWater };
    } catch {
      // Whoever watches over the store says what is wrong with it.
    }
  }
}

/** Resident bytes of a process; undefined where the system does not tell. */
export async function residentBytesOf(pid: number | undefined): Promise<number | undefined> {
  if (pid === undefined) return undefined;
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(
      await readFile(`/proc/${pid}/status`, "utf8"),
    )?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // It has ended, or there is no /proc.
    return undefined;
  }
}
