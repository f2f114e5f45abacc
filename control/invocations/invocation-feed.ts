/**
 * Takes what gateways write of their runs (`invocations*.jsonl` in the folder of records) into the log. It remembers how
 * far it has read each file when the log has that on the disk; what it reads twice all the same, the log keeps once.
 */

import { readFile, rename, writeFile } from "node:fs/promises";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError, errorCodeOf } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { listLineFiles, readLines } from "../line-files.ts";
import type { LineFile } from "../line-files.ts";
import { tryDecodeEvent } from "./event-codec.ts";
import type { EventLog } from "./event-log.ts";
import { RepeatedLook } from "./repeated-look.ts";

/** What a feed is given; it does not close the log. */
export interface InvocationFeedOptions {
  /** Folder of records */
  readonly directory: string;
  /** File in which it remembers how far it is */
  readonly positionsFile: string;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Numbers since the start. */
export interface InvocationFeedStatus {
  /** Events that the log has, those that it had already included */
  readonly taken: number;
  /** Lines that are no events */
  readonly unreadable: number;
  /** What does not work now, a sentence; empty when all does */
  readonly failure: string;
}

const namePattern = /^invocations(?:-[\w-]+)?\.jsonl$/;

/** A person who waits for the end of a run does not notice it, and to look costs next to nothing. */
const lookEveryMs = 500;

/** Read at a time; a line is at most 64 KiB. */
const chunkBytes = 256 * 1024;

/** Reads from `start()` to `close()`. */
export class InvocationFeed {
  readonly #options: InvocationFeedOptions;
  readonly #repeated: RepeatedLook;
  /** Bytes that were read, by file */
  #positions = new Map<string, number>();
  #hasPositions = false;
  #isClosing = false;
  #taken = 0;
  #unreadable = 0;

  constructor(options: InvocationFeedOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#repeated = new RepeatedLook({
      ...{ clock, everyMs: lookEveryMs },
      look: () => this.#readAll(),
      describe: (error) => this.#describe(error),
      onFailure: (error) => logger.warn("Invocations of runs are not up to date", { error }),
    });
  }

  /** Numbers of now; a new object each time */
  get status(): InvocationFeedStatus {
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

  /** Resolves when what is being taken is in the log. */
  close(): Promise<void> {
    this.#isClosing = true;
    return this.#repeated.close();
  }

  async #readAll(): Promise<void> {
    if (!this.#hasPositions) this.#positions = await this.#readPositions();
    this.#hasPositions = true;
    // Rotated files have a time in their names, and come before the one that is written now.
    const files = await listLineFiles(this.#options.directory, keyOf);
    for (const file of files) await this.#readFile(file);
    const seen = new Set(files.map(({ identity }) => identity));
    const before = this.#positions.size;
    for (const key of this.#positions.keys()) if (!seen.has(key)) this.#positions.delete(key);
    if (this.#positions.size !== before) await this.#writePositions();
  }

  /** Takes what is new in a file. */
  async #readFile(file: LineFile): Promise<void> {
    const known = this.#positions.get(file.identity) ?? 0;
    let from = known > file.sizeBytes ? 0 : known;
    for (;;) {
      const chunk = await readLines(file, from, { maxBytes: chunkBytes, maxLineBytes: chunkBytes });
      if (chunk === undefined || chunk.end === from) return;
      if (chunk.skippedBytes > 0) this.#unreadable++;
      await this.#take(chunk.lines);
      from = chunk.end;
      this.#positions.set(file.identity, from);
      await this.#writePositions();
    }
  }

  async #take(lines: readonly string[]): Promise<void> {
    const decoded = lines.filter((line) => line !== "").map(tryDecodeEvent);
    const events = decoded.filter((event) => event !== undefined);
    await Promise.all(events.map((event) => this.#options.log.append(event)));
    this.#taken += events.length;
    this.#unreadable += decoded.length - events.length;
  }

  async #readPositions(): Promise<Map<string, number>> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#options.positionsFile, "utf8"));
      const entries = Object.entries(value ?? {}).filter(([, read]) => Number.isSafeInteger(read));
      return new Map(entries);
    } catch (error) {
      // Without it everything is read again, which adds nothing.
      if (errorCodeOf(error) !== "ENOENT") this.#repeated.note(error);
      return new Map();
    }
  }

  async #writePositions(): Promise<void> {
    const { positionsFile } = this.#options;
    const draft = `${positionsFile}.new`;
    await writeFile(draft, JSON.stringify(Object.fromEntries(this.#positions)), { mode: 0o600 });
    await rename(draft, positionsFile);
  }

  /** A log that is closed with us is no failure. */
  #describe(error: unknown): string | undefined {
    if (this.#isClosing && error instanceof ClrkError) return undefined;
    return `Cannot take what became of runs: ${describeError(error)}`;
  }
}

function keyOf(name: string): string | undefined {
  return namePattern.test(name) ? name : undefined;
}
