/**
 * Counts the records that gateways write (`records*.jsonl`) towards their invocations. How far a file was read is written
 * with the counts of what was read, as one: a kill at any point neither loses a record nor counts one twice.
 */
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { listLineFiles, maxLineBytes, readLines } from "../line-files.ts";
import type { LineFile } from "../line-files.ts";
import { recordFileKey } from "../record-file-key.ts";
import type { InvocationStore } from "./invocation-store.ts";
import { WakeUps } from "./wake-ups.ts";

/** What a feed is given; it does not close the store. */
export interface UsageFeedOptions {
  /** Folder of records */
  readonly directory: string;
  readonly store: Pick<InvocationStore, "addRecords" | "positionOf" | "forgetFiles">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Numbers since the start. */
export interface UsageFeedStatus {
  /** Records that were read, those of no invocation included */
  readonly taken: number;
  /** Lines that are no records */
  readonly unreadable: number;
  /** What does not work now, a sentence; empty when all does */
  readonly failure: string;
}

const lookEveryMs = 500;

/** Read at a time, and written as one. */
const chunkBytes = 1024 * 1024;

/** Reads from `start()` to `close()`. */
export class UsageFeed {
  readonly #options: UsageFeedOptions;
  readonly #wakeUps: WakeUps;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #known = "";
  #taken = 0;
  #unreadable = 0;
  #failure = "";

  constructor(options: UsageFeedOptions) {
    this.#options = options;
    this.#wakeUps = new WakeUps(options.clock);
  }

  /** Numbers of now; a new object each time */
  get status(): UsageFeedStatus {
    return { taken: this.#taken, unreadable: this.#unreadable, failure: this.#failure };
  }

  /** Begins, once; what fails is tried again. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks for news at once. */
  look(): void {
    this.#wakeUps.wake();
  }

  /** Resolves when what was read is in the store. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#readAll();
        this.#failure = "";
      } catch (error) {
        this.#noteFailure(error);
      }
      await this.#wakeUps.wait({ timeoutMs: lookEveryMs, signal });
    }
  }

  async #readAll(): Promise<void> {
    const { directory, store } = this.#options;
    const files = await listLineFiles(directory, recordFileKey);
    for (const file of files) await this.#readFile(file);
    const identities = files.map(({ identity }) => identity);
    const known = identities.join();
    if (known === this.#known || this.#stop.signal.aborted) return;
    store.forgetFiles(identities);
    this.#known = known;
  }

  async #readFile(file: LineFile): Promise<void> {
    const { store } = this.#options;
    const position = store.positionOf(file.identity);
    let from = position > file.sizeBytes ? 0 : position;
    while (!this.#stop.signal.aborted) {
      const chunk = await readLines(file, from, { maxBytes: chunkBytes, maxLineBytes });
      if (chunk === undefined || chunk.end === from) return;
      const lines = chunk.lines.filter((line) => line !== "");
      const records = lines.map(tryParseRecord).filter((record) => record !== undefined);
      store.addRecords(records, { file: file.identity, end: chunk.end });
      this.#taken += records.length;
      this.#unreadable += lines.length - records.length + (chunk.skippedBytes > 0 ? 1 : 0);
      from = chunk.end;
    }
  }

  #noteFailure(error: unknown): void {
    const failure = `Cannot count what invocations used: ${describeError(error)}`;
    if (this.#failure === "") {
      this.#options.logger.warn("Usage of invocations is not up to date", { error: failure });
    }
    this.#failure = failure;
  }
}

/** A record as far as usage is read from it; undefined for half a line of a process that was killed, and for others' text. */
function tryParseRecord(line: string): EgressRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is EgressRecord {
  if (typeof value !== "object" || value === null) return false;
  const member = (name: string): unknown => Reflect.get(value, name);
  const decision = member("decision");
  return (
    typeof member("id") === "string" &&
    member("agent") !== undefined &&
    typeof decision === "object" &&
    decision !== null
  );
}
