/**
 * Counters of the engine's threads in memory that all share: each thread writes only its own row, so that reading them
 * costs nobody a message, and a thread that hangs is seen by its heart standing still.
 */

/** What is counted of one thread; each has one writer. */
const columns = [
  /** Rises ten times a second while the thread turns */
  "heartbeat",
  "openStreams",
  "totalStreams",
  /** Streams that ended for a malformed message or a fault of ours */
  "failedStreams",
  "droppedFacts",
  /** Bytes of facts that the process has taken, written by the process */
  "takenFactBytes",
  /** Raw connections that are looked at now, and since the start with their bytes */
  "openConnections",
  "totalConnections",
  "bytesUpstream",
  "bytesDownstream",
  /** Requests that a rate limit refused: because it was spent, or because no more callers could be counted */
  "limitedRequests",
  "fullLimits",
  /** Because replicas share it and nobody could be asked; or let by without having asked */
  "unreachableLimits",
  "unsharedLimits",
  /** Calls that a budget refused: because it had no room, because no more could be counted, or written down */
  "exhaustedBudgets",
  "fullBudgets",
  "unwrittenBudgets",
] as const;

/** Name of a counter. */
export type Counter = (typeof columns)[number];

const index = Object.fromEntries(columns.map((name, at) => [name, at])) as Record<Counter, number>;

/** Memory for so many threads, all zero. */
export function createCounters(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * columns.length * Float64Array.BYTES_PER_ELEMENT);
}

/** The row of one thread. Values are whole numbers up to 2^53. */
export class ThreadCounters {
  readonly #row: Float64Array;

  constructor(memory: SharedArrayBuffer, slot: number) {
    // An aligned double is written at once on every machine that Node runs on, and each has one writer.
    const offset = slot * columns.length * Float64Array.BYTES_PER_ELEMENT;
    this.#row = new Float64Array(memory, offset, columns.length);
  }

  /** Value of now. */
  get(name: Counter): number {
    return this.#row[index[name]] ?? 0;
  }

  /** Changes a counter; only its one writer may. */
  add(name: Counter, by: number): void {
    const at = index[name];
    this.#row[at] = (this.#row[at] ?? 0) + by;
  }

  /** Sets a counter that describes now; for the process, when a thread is gone. */
  set(name: Counter, value: number): void {
    this.#row[index[name]] = value;
  }
}
