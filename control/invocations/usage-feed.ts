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
import { RepeatedLook } from "./repeated-look.ts";

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
  readonly #repeated: RepeatedLook;
  #known = "";
  #taken = 0;
  #unreadable = 0;

  constructor(options: UsageFeedOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#repeated = new RepeatedLook({
      ...{ clock, everyMs: lookEveryMs },
      look: (signal) => this.#readAll(signal),
      describe: (error) => `Cannot count what invocations used: ${describeError(error)}`,
      onFailure: (error) => logger.warn("Usage of invocations is not up to date", { error }),
    });
  }

  /** Numbers of now; a new object each time */
  get status(): UsageFeedStatus {
    return { taken: this.#taken, unreadable: this.#unreadable, failure: this.#repeated.failure };
  }

  /** Begins, once; what fails is tried again. */
  start(): void {
    this.#repeated.start();
  }

  /** Looks for news at once. */
  look(): void {
    this.#repeated.wake();
  }

  /** Resolves when what was read is in the store. */
  close(): Promise<void> {
    return this.#repeated.close();
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    const { directory, store } = this.#options;
    const files = await listLineFiles(directory, recordFileKey);
    for (const file of files) await this.#readFile(file, signal);
    const identities = files.map(({ identity }) => identity);
    const known = identities.join();
    if (known === this.#known || signal.aborted) return;
    store.forgetFiles(identities);
    this.#known = known;
  }

  async #readFile(file: LineFile, signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const position = store.positionOf(file.identity);
    let from = position > file.sizeBytes ? 0 : position;
    while (!signal.aborted) {
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
