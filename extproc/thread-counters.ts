/**
 * Counters of the engine's threads in memory that all share: each thread writes only its own row, so that reading them
 * costs nobody a message, and a thread that hangs is seen by its heart standing still.
 */

/** Bounds in seconds of the time that handling one message of Envoy takes the thread. */
export const handlingBounds: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05,
];

const handlingColumns = [
  "handled0",
  "handled1",
  "handled2",
  "handled3",
  "handled4",
  "handled5",
  "handled6",
  "handled7",
  "handled8",
  "handled9",
] as const;

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
  /** Time in `ns` that handling messages took, and how many messages it was, by the bounds of `handlingBounds` */
  "handlingNs",
  ...handlingColumns,
] as const;

/** Name of a counter. */
export type Counter = (typeof columns)[number];

const index = Object.fromEntries(columns.map((name, at) => [name, at])) as Record<Counter, number>;

const firstHandled = index.handled0;
const handlingAt = index.handlingNs;

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

  /** Counts a message whose handling took that long, in `ms`. */
  addHandling(tookMs: number): void {
    let at = 0;
    while (at < handlingBounds.length && tookMs > (handlingBounds[at] ?? 0) * 1_000) at++;
    const column = firstHandled + at;
    this.#row[column] = (this.#row[column] ?? 0) + 1;
    this.#row[handlingAt] = (this.#row[handlingAt] ?? 0) + tookMs * 1e6;
  }

  /** Messages by how long their handling took, the last above every bound; and all of the time in `s`. */
  get handling(): { readonly counts: readonly number[]; readonly sum: number } {
    const counts = handlingColumns.map((name) => this.get(name));
    return { counts, sum: this.get("handlingNs") / 1e9 };
  }

  /** Sets a counter that describes now; for the process, when a thread is gone. */
  set(name: Counter, value: number): void {
    this.#row[index[name]] = value;
  }
}
