/**
 * Stores what files of lines hold, from where it stopped last time. The files are the spool: whoever writes them waits
 * for nobody, and while the store is down they only grow within their own bounds.
 */
import { unlink } from "node:fs/promises";
import { sleep } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { measureLag } from "./ingest-lag.ts";
import type { IngestLag } from "./ingest-lag.ts";
import { readPosition, writePosition } from "./ingest-position.ts";
import type { IngestPosition, PendingBatch } from "./ingest-position.ts";
import { listLineFiles, maxLineBytes, readLines, readLinesAgain } from "../line-files.ts";
import type { LineFile } from "../line-files.ts";
import type { TelemetryTable } from "./table-rows.ts";
import type { RowBatch, WriteOutcome } from "./writer.ts";

/** Which lines, and what they become. */
export interface LineIngestOptions {
  /** For messages */
  readonly name: string;
  readonly directory: string;
  /** Order of a file of that name; undefined: it is not ours */
  readonly keyOf: (name: string) => string | undefined;
  /**
   * Whether lines may come to a file without end, so that the next ones must not wait for its end; absent: to none but the
   * last one
   */
  readonly isOpenEnded?: (name: string) => boolean;
  /** Where the position is kept */
  readonly positionPath: string;
  readonly table: TelemetryTable;
  /** The line as a row; `""` when it is to become none, undefined when it cannot */
  readonly encode: (line: string) => string | undefined;
  /** Columns that the lines of a file have; default all of the table */
  readonly columnsOf?: (name: string) => number | undefined;
  readonly writer: { write(batch: RowBatch): Promise<WriteOutcome> };
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the size of a file that was read to its end and deleted; absent: files stay */
  readonly onRemoved?: (bytes: number) => void;
  /** Time in which lines gather; default 1 s */
  readonly intervalMs?: number;
  /** Most bytes of one batch; default 8 MiB, which of records without bodies are some 5,000 */
  readonly maxBatchBytes?: number;
}

/** Numbers since the start. */
export interface LineIngestStatus {
  readonly storedLines: number;
  /** Lines that are no rows, such as half of one */
  readonly malformedLines: number;
  /** Bytes that were deleted before they were read, or were too long for a line */
  readonly lostBytes: number;
  /** Bytes that wait in the files */
  readonly waitingBytes: number;
  /** Why it stopped; absent when all is well */
  readonly error?: string;
}

const defaultIntervalMs = 1_000;
const defaultMaxBatchBytes = 8 * 1024 * 1024;

/** Pause after the writer's queue was full. */
const fullPauseMs = 100;

/** Whether the file is the one that is written to. */
interface Place {
  readonly isLast: boolean;
}

interface Pass {
  readonly isFull: boolean;
  readonly isClosed: boolean;
}

/** One reader; `start()` once, `close()` at the end. */
export class LineIngest {
  readonly #options: LineIngestOptions;
  readonly #closing = new AbortController();
  readonly #sizes = new Map<string, number>();
  #offsets = new Map<string, number>();
  #pending: PendingBatch | undefined;
  /** What is on its way to the store, also where its file is gone */
  #sending: { readonly identity: string; readonly end: number } | undefined;
  #lastSequence = 0n;
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  #storedLines = 0;
  #malformedLines = 0;
  #lostBytes = 0;
  #waitingBytes = 0;
  #error: string | undefined;
  #rounds = 0;
  #onRound: Array<() => void> = [];

  constructor(options: LineIngestOptions) {
    this.#options = options;
  }

  /** Numbers of now; a new object each time */
  get status(): LineIngestStatus {
    return {
      storedLines: this.#storedLines,
      malformedLines: this.#malformedLines,
      lostBytes: this.#lostBytes,
      waitingBytes: this.#waitingBytes,
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }

  /**
   * What waits: lines as they are in the files now, so that they are true while the store takes nothing; bytes as of the last
   * look, which are those that are counted as lost when their file goes. Never rejects.
   */
  async lag(): Promise<IngestLag> {
    const { directory, keyOf } = this.#options;
    try {
      const { lines } = await measureLag(await listLineFiles(directory, keyOf), this.#offsets);
      return { bytes: this.#waitingBytes, lines };
    } catch {
      // Whoever reads them says what is wrong.
      return { bytes: this.#waitingBytes, lines: 0 };
    }
  }

  /** Reads the position and begins; gives the highest sequence that was used before. */
  async open(): Promise<IngestPosition> {
    const position = await readPosition(this.#options.positionPath);
    this.#offsets = new Map(position.offsets);
    this.#pending = position.pending;
    this.#lastSequence = position.lastSequence;
    return position;
  }

  /**
   * Sends the batch again of which nobody knows whether it is stored. All readers of a store do this before any of them
   * starts: its sequence is below those of what comes now.
   */
  async recover(): Promise<void> {
    const { directory, keyOf } = this.#options;
    if (this.#pending !== undefined) {
      await this.#repeat(this.#pending, await listLineFiles(directory, keyOf));
    }
  }

  /** Begins to read, in the background, after `open()` and `recover()`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when everything that was in the files at the call is stored, or the reader is closed. */
  async flush(): Promise<void> {
    // The round that runs may have looked at the files before.
    const target = this.#rounds + 2;
    while (this.#rounds < target && !this.#closing.signal.aborted) {
      this.#wake.abort();
      await new Promise<void>((resolve) => this.#onRound.push(resolve));
    }
  }

  /** Stops reading; close the writer first where its batch is not to be waited for. Safe to call again. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#running;
    for (const resolve of this.#onRound.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    const { clock, intervalMs = defaultIntervalMs, log, name } = this.#options;
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      let isFull = false;
      try {
        isFull = await this.#round();
        this.#error = undefined;
      } catch (error) {
        const text = describeError(error);
        if (this.#error === undefined)
          log.error("Cannot read telemetry to store", { name, error: text });
        this.#error = text;
      }
      if (!isFull || this.#error !== undefined) {
        this.#rounds++;
        for (const resolve of this.#onRound.splice(0)) resolve();
        const signal = AbortSignal.any([this.#wake.signal, this.#closing.signal]);
        await sleep(clock, intervalMs, signal);
      }
    }
  }

  /** One look at all files; true when there is more than it took. */
  async #round(): Promise<boolean> {
    const { directory, keyOf } = this.#options;
    const files = await listLineFiles(directory, keyOf);
    // Of a batch whose outcome could not be written down.
    if (this.#pending !== undefined) await this.#repeat(this.#pending, files);
    if (this.#pending !== undefined) return false;
    let isMore = false;
    for (const [index, file] of files.entries()) {
      if (this.#closing.signal.aborted) return false;
      const isLast = index === files.length - 1;
      const { isFull, isClosed } = await this.#readFile(file, { isLast });
      if (isClosed) return false;
      isMore ||= isFull;
      // The oldest goes first, to its end: it is the next that is rotated away.
      if (isFull && this.#options.isOpenEnded?.(file.name) !== true) break;
      if (isFull) continue;
      await this.#removeRead(file, { isLast });
    }
    await this.#look();
    return isMore;
  }

  /** Notes what is in the folder and what is there no more. */
  async #look(): Promise<void> {
    const { directory, keyOf } = this.#options;
    const files = await listLineFiles(directory, keyOf);
    this.#forgetGone(files);
    this.#waitingBytes = files.reduce((sum, { identity, sizeBytes }) => {
      return sum + Math.max(0, sizeBytes - (this.#offsets.get(identity) ?? 0));
    }, 0);
  }

  async #readFile(file: LineFile, { isLast }: Place): Promise<Pass> {
    const { maxBatchBytes = defaultMaxBatchBytes } = this.#options;
    let start = this.#offsets.get(file.identity) ?? 0;
    // Cut by somebody: what is in it now is new.
    if (start > file.sizeBytes) start = 0;
    if (start === file.sizeBytes) return { isFull: false, isClosed: false };
    const chunk = await readLines(file, start, { maxBytes: maxBatchBytes, maxLineBytes });
    if (chunk === undefined) return { isFull: false, isClosed: false };
    if (chunk.end === start) {
      // Half a line at the end of a file that nobody writes to any more.
      if (this.#options.onRemoved !== undefined && !isLast) {
        this.#lostBytes += file.sizeBytes - start;
        this.#offsets.set(file.identity, file.sizeBytes);
      }
      return { isFull: false, isClosed: false };
    }
    this.#lostBytes += chunk.skippedBytes;
    const outcome = await this.#store(file, { start, end: chunk.end, lines: chunk.lines });
    return { isFull: chunk.isFull, isClosed: outcome === "closed" };
  }

  async #store(
    file: LineFile,
    {
      start,
      end,
      lines,
      sequence,
    }: {
      readonly start: number;
      readonly end: number;
      readonly lines: readonly string[];
      readonly sequence?: bigint;
    },
  ): Promise<"stored" | "closed"> {
    const { table, encode, columnsOf } = this.#options;
    const rows = lines.flatMap((line) => {
      // A line feed is put before the first line after half a one.
      const row = line === "" ? undefined : encode(line);
      if (row === undefined && line !== "") this.#malformedLines++;
      return row === undefined || row === "" ? [] : [row];
    });
    const { identity } = file;
    if (rows.length > 0) {
      const columns = columnsOf?.(file.name);
      this.#sending = { identity, end };
      const outcome = await this.#writeAndLook({
        table,
        rows,
        ...(columns !== undefined && { columns }),
        ...(sequence !== undefined && { sequence }),
        onReserved: async (first) => {
          this.#pending = { identity, start, end, sequence: String(first) };
          this.#lastSequence = first + BigInt(rows.length) - 1n;
          await this.#save();
        },
      });
      this.#sending = undefined;
      if (outcome.kind !== "stored") return "closed";
      this.#storedLines += outcome.rows;
    }
    this.#pending = undefined;
    this.#offsets.set(identity, end);
    await this.#save();
    return "stored";
  }

  /** While the store is away files go on to come and go. */
  async #writeAndLook(batch: RowBatch): Promise<WriteOutcome> {
    const { clock, intervalMs = defaultIntervalMs } = this.#options;
    const settled = new AbortController();
    const writing = this.#write(batch).finally(() => settled.abort());
    // It may fail during a look; whoever asked is told at the end.
    writing.catch(() => {});
    const signal = AbortSignal.any([settled.signal, this.#closing.signal]);
    while (!signal.aborted) {
      await sleep(clock, intervalMs, signal);
      // A folder that cannot be read is told by the next round.
      if (!signal.aborted) await this.#look().catch(() => {});
    }
    return writing;
  }

  async #write(batch: RowBatch): Promise<WriteOutcome> {
    for (;;) {
      const outcome = await this.#options.writer.write(batch);
      if (outcome.kind !== "full") return outcome;
      await sleep(this.#options.clock, fullPauseMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return { kind: "closed" };
    }
  }

  /** Sends the batch of which nobody knows again, the same lines with the same sequence. */
  async #repeat(pending: PendingBatch, files: readonly LineFile[]): Promise<void> {
    const { identity, start, end, sequence } = pending;
    const file = files.find((candidate) => candidate.identity === identity);
    const lines = file && (await readLinesAgain(file, start, end));
    if (file === undefined || lines === undefined) {
      // Deleted meanwhile: they are stored or lost.
      this.#lostBytes += end - start;
      this.#pending = undefined;
      this.#offsets.delete(identity);
      await this.#save();
      return;
    }
    await this.#store(file, { start, end, lines, sequence: BigInt(sequence) });
  }

  async #removeRead(file: LineFile, { isLast }: Place): Promise<void> {
    const { onRemoved } = this.#options;
    // The last one is written to still.
    if (onRemoved === undefined || isLast) return;
    if ((this.#offsets.get(file.identity) ?? 0) < file.sizeBytes) return;
    await unlink(file.path);
    this.#offsets.delete(file.identity);
    this.#sizes.delete(file.identity);
    onRemoved(file.sizeBytes);
  }

  #forgetGone(files: readonly LineFile[]): void {
    const there = new Map(files.map(({ identity, sizeBytes }) => [identity, sizeBytes]));
    for (const [identity, size] of this.#sizes) {
      if (there.has(identity)) continue;
      const sent = this.#sending?.identity === identity ? this.#sending.end : 0;
      const offset = Math.max(sent, this.#offsets.get(identity) ?? 0);
      this.#lostBytes += Math.max(0, size - offset);
      this.#sizes.delete(identity);
    }
    for (const identity of this.#offsets.keys()) {
      if (!there.has(identity)) this.#offsets.delete(identity);
    }
    for (const [identity, size] of there) this.#sizes.set(identity, size);
  }

  #save(): Promise<void> {
    return writePosition(this.#options.positionPath, {
      offsets: this.#offsets,
      pending: this.#pending,
      lastSequence: this.#lastSequence,
    });
  }
}
