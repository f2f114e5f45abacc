/**
 * Takes what gateways write of their runs (`invocations*.jsonl` in the folder of records) into the log. It remembers how
 * far it has read each file when the log has that on the disk; what it reads twice all the same, the log keeps once. What
 * went before it was read is missed by the numbers of lines, and counted.
 */

import { readFile, rename, writeFile } from "node:fs/promises";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError, errorCodeOf } from "../../gateway/errors.ts";
import { readLineFileName } from "../../gateway/line-file-name.ts";
import { lineNumber } from "../../gateway/line-number.ts";
import type { Logger } from "../../gateway/log.ts";
import { listLineFiles, readLines } from "../line-files.ts";
import type { LineFile } from "../line-files.ts";
import { tryDecodeEvent } from "./event-codec.ts";
import type { EventLog } from "./event-log.ts";
import { LineGaps } from "./line-gaps.ts";
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
  /** Lines that went before they were read: their files were rotated away, or the disk did not take them */
  readonly lost: number;
  /** What does not work now, a sentence; empty when all does */
  readonly failure: string;
}

const namePattern = /^invocations(?:-[\w-]+)?\.jsonl$/;

/** A person who waits for the end of a run does not notice it, and to look costs next to nothing. */
const lookEveryMs = 500;

/** Read at a time; a line is at most 64 KiB. */
const chunkBytes = 256 * 1024;

/** Stands before the name of a series in the file of positions, with the number of its last line. */
const numberMark = "last:";

/** Reads from `start()` to `close()`. */
export class InvocationFeed {
  readonly #options: InvocationFeedOptions;
  readonly #repeated: RepeatedLook;
  /** Bytes that were read, by file */
  #positions = new Map<string, number>();
  #gaps = new LineGaps();
  #hasPositions = false;
  #isClosing = false;
  #taken = 0;
  #unreadable = 0;
  #lost = 0;
  /** Who wants to know whether the next look reads everything */
  #waiting: ((isRead: boolean) => void)[] = [];

  constructor(options: InvocationFeedOptions) {
    this.#options = options;
    const { clock, logger } = options;
    this.#repeated = new RepeatedLook({
      ...{ clock, everyMs: lookEveryMs },
      look: () => this.#look(),
      describe: (error) => this.#describe(error),
      onFailure: (error) => logger.warn("Invocations of runs are not up to date", { error }),
    });
  }

  /** Numbers of now; a new object each time */
  get status(): InvocationFeedStatus {
    return {
      ...{ taken: this.#taken, unreadable: this.#unreadable, lost: this.#lost },
      failure: this.#repeated.failure,
    };
  }

  /** Begins, once; what fails is tried again. */
  start(): void {
    this.#repeated.start();
  }

  /** Looks for news at once. */
  look(): void {
    this.#repeated.wake();
  }

  /** Resolves with true when all that was written before the call is in the log; with false where that cannot be had now. */
  readAll(): Promise<boolean> {
    if (this.#isClosing) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.look();
    });
  }

  /** Resolves when what is being taken is in the log. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#repeated.close();
    for (const resolve of this.#waiting.splice(0)) resolve(false);
  }

  async #look(): Promise<void> {
    // Whoever comes from now on waits for the next look.
    const waiting = this.#waiting.splice(0);
    let isRead = false;
    try {
      isRead = await this.#readFiles();
    } finally {
      for (const resolve of waiting) resolve(isRead);
    }
  }

  /** False where files were moved meanwhile, which the next look reads in their order. */
  async #readFiles(): Promise<boolean> {
    if (!this.#hasPositions) await this.#readPositions();
    this.#hasPositions = true;
    // Rotated files have a time in their names, and come before the one that is written now.
    const files = await listLineFiles(this.#options.directory, keyOf);
    for (const file of files) {
      if ((await this.#readFile(file, files)) === "moved") return false;
    }
    const seen = new Set(files.map(({ identity }) => identity));
    const before = this.#positions.size;
    for (const key of this.#positions.keys()) if (!seen.has(key)) this.#positions.delete(key);
    if (this.#positions.size !== before) await this.#writePositions();
    return true;
  }

  /** Takes what is new in a file; `moved` where it is not there any more, or lines are missed and there are others. */
  async #readFile(file: LineFile, files: readonly LineFile[]): Promise<"read" | "moved"> {
    const known = this.#positions.get(file.identity) ?? 0;
    const series = readLineFileName(file.name)?.series ?? "";
    let from = known > file.sizeBytes ? 0 : known;
    for (;;) {
      const chunk = await readLines(file, from, { maxBytes: chunkBytes, maxLineBytes: chunkBytes });
      if (chunk === undefined) return "moved";
      if (chunk.end === from) return "read";
      const numbers = chunk.lines.map(lineNumber).filter((number) => number !== undefined);
      const look = this.#gaps.look(series, numbers);
      const missing = look?.missing ?? 0;
      // A file that is rotated while the folder is listed may not be in the list.
      if (missing > 0 && (await this.#isOther(files))) return "moved";
      if (chunk.skippedBytes > 0) this.#unreadable++;
      await this.#take(chunk.lines);
      from = chunk.end;
      this.#positions.set(file.identity, from);
      if (look !== undefined) this.#gaps.keep(series, look.last);
      if (missing > 0) this.#noteLost(missing, file);
      await this.#writePositions();
    }
  }

  async #isOther(files: readonly LineFile[]): Promise<boolean> {
    const now = await listLineFiles(this.#options.directory, keyOf);
    return identitiesOf(now) !== identitiesOf(files);
  }

  #noteLost(missing: number, { name }: LineFile): void {
    this.#lost += missing;
    const message = "What became of runs went before it was read";
    this.#options.logger.warn(message, { events: missing, before: name });
  }

  async #take(lines: readonly string[]): Promise<void> {
    const decoded = lines.filter((line) => line !== "").map(tryDecodeEvent);
    const events = decoded.filter((event) => event !== undefined);
    await Promise.all(events.map((event) => this.#options.log.append(event)));
    this.#taken += events.length;
    this.#unreadable += decoded.length - events.length;
  }

  async #readPositions(): Promise<void> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#options.positionsFile, "utf8"));
      const entries: readonly (readonly [string, number])[] = Object.entries(value ?? {}).filter(
        ([, number]) => Number.isSafeInteger(number),
      );
      const isNumber = ([key]: readonly [string, number]) => key.startsWith(numberMark);
      this.#positions = new Map(entries.filter((entry) => !isNumber(entry)));
      this.#gaps = new LineGaps(
        entries.filter(isNumber).map(([key, last]) => [key.slice(numberMark.length), last]),
      );
    } catch (error) {
      // Without it everything is read again, which adds nothing.
      if (errorCodeOf(error) !== "ENOENT") this.#repeated.note(error);
    }
  }

  async #writePositions(): Promise<void> {
    const { positionsFile } = this.#options;
    const draft = `${positionsFile}.new`;
    const numbers = [...this.#gaps.entries()].map(([series, last]) => [numberMark + series, last]);
    const kept = Object.fromEntries([...this.#positions, ...numbers]);
    await writeFile(draft, JSON.stringify(kept), { mode: 0o600 });
    await rename(draft, positionsFile);
  }

  /** A log that is closed with us is no failure. */
  #describe(error: unknown): string | undefined {
    if (this.#isClosing && error instanceof ClrkError) return undefined;
    return `Cannot take what became of runs: ${describeError(error)}`;
  }
}

function identitiesOf(files: readonly LineFile[]): string {
  return files.map(({ identity }) => identity).join();
}

function keyOf(name: string): string | undefined {
  return namePattern.test(name) ? name : undefined;
}
