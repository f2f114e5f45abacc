/**
 * Sink that appends records to a file, one JSON object a line, and rotates it by size and age. It never makes the
 * gateway wait: lines are buffered within a bound, written together, and dropped and counted when the disk cannot follow.
 */
import { join } from "node:path";
import { sleep } from "./clock.ts";
import type { TimerHandle } from "./clock.ts";
import { describeError, errorCodeOf } from "./errors.ts";
import { readLineFileName, rotatedFileName } from "./line-file-name.ts";
import type { EgressRecord } from "./record.ts";
import { fillRecordFileOptions } from "./record-file-options.ts";
import type { RecordFileOptions } from "./record-file-options.ts";
import type { AppendFile } from "./record-file-system.ts";
import type { RecordSink } from "./record-hub.ts";
import { RecordLines } from "./record-lines.ts";
import type { LineText, RecordBatch } from "./record-lines.ts";

/** `disk-full` and `failing` are tried again by themselves. */
export type RecordFileState = "working" | "disk-full" | "failing" | "closed";

/** Numbers since the start, for the gateway's status. */
export interface RecordFileStatus {
  readonly state: RecordFileState;
  /** The file that is written now */
  readonly path: string;
  /** What the system said, while the state is `disk-full` or `failing` */
  readonly error?: string;
  readonly writtenRecords: number;
  readonly writtenBytes: number;
  /** Records that found the buffer full, or came after or were left at `close()` */
  readonly droppedRecords: number;
  readonly bufferedBytes: number;
  readonly rotations: number;
}

const lineFeed = Buffer.from("\n");

interface OpenFile {
  readonly file: AppendFile;
  readonly identity: string;
  readonly createdMs: number;
  sizeBytes: number;
  endsLine: boolean;
}

/** The record file of one gateway process. */
export class RecordFile implements RecordSink {
  readonly #options: Required<RecordFileOptions>;
  readonly #path: string;
  readonly #lines: RecordLines;
  #timer: TimerHandle | undefined;
  #flushing: Promise<void> | undefined;
  #open: OpenFile | undefined;
  #state: RecordFileState = "working";
  #error: string | undefined;
  #warnedOfMode = false;
  #writtenRecords = 0;
  #writtenBytes = 0;
  #droppedRecords = 0;
  #rotations = 0;

  /** Opens nothing yet: the file is made with the first record. Throws a RangeError for bounds that are not positive. */
  constructor(options: RecordFileOptions) {
    this.#options = fillRecordFileOptions(options);
    const { directory, name, maxBufferedBytes } = this.#options;
    this.#lines = new RecordLines(maxBufferedBytes);
    this.#path = join(directory, `${name}.jsonl`);
  }

  /** Numbers of now; a new object each time */
  get status(): RecordFileStatus {
    return {
      state: this.#state,
      path: this.#path,
      ...(this.#error !== undefined && { error: this.#error }),
      writtenRecords: this.#writtenRecords,
      writtenBytes: this.#writtenBytes,
      droppedRecords: this.#droppedRecords,
      bufferedBytes: this.#lines.bytes,
      rotations: this.#rotations,
    };
  }

  /** Buffers the record; drops and counts it when the buffer is full. Never throws, never waits. */
  add(record: EgressRecord, json?: LineText): void {
    this.addLine(json ?? JSON.stringify(record));
  }

  /** The same with any JSON that is one line. */
  addLine(json: LineText): void {
    if (this.#state === "closed" || !this.#lines.add(json)) {
      this.#droppedRecords++;
      return;
    }
    if (this.#timer === undefined && this.#flushing === undefined) {
      this.#arm(this.#options.flushIntervalMs);
    }
  }

  /** Resolves when everything added so far is written or has failed to be. Never rejects. */
  async flush(): Promise<void> {
    this.#disarm();
    if (this.#flushing !== undefined) await this.#flushing;
    await this.#startFlush();
  }

  /** Writes what is buffered, within `closeTimeoutMs`, and closes the file; counts what is left as dropped. Never rejects. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const drained = this.flush().then(() => this.#closeFile());
    this.#state = "closed";
    const timeout = new AbortController();
    await Promise.race([
      drained.finally(() => timeout.abort()),
      sleep(this.#options.clock, this.#options.closeTimeoutMs, timeout.signal),
    ]);
    this.#disarm();
    this.#droppedRecords += this.#lines.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #arm(delayMs: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#startFlush();
    }, delayMs);
    // the owner closes the sink; a waiting line must not keep the process alive by itself
    this.#timer.unref();
  }

  #disarm(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #startFlush(): Promise<void> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined;
      if (this.#lines.isEmpty || this.#state === "closed" || this.#timer !== undefined) return;
      const { retryMs, flushIntervalMs } = this.#options;
      this.#arm(this.#error === undefined ? flushIntervalMs : retryMs);
    });
    return this.#flushing;
  }

  async #writeAll(): Promise<void> {
    try {
      for (;;) {
        const batch = this.#lines.first();
        if (batch === undefined) break;
        await this.#writeBatch(batch);
      }
    } catch (error) {
      await this.#onFailure(error);
    }
  }

  async #writeBatch(batch: RecordBatch): Promise<void> {
    const { bytes, lines } = batch;
    const open = await this.#readyFile(bytes.length);
    await this.#append(open, open.endsLine ? bytes : Buffer.concat([lineFeed, bytes]));
    // close() gave up waiting and has counted these lines as dropped
    if (!this.#lines.remove(batch)) return;
    this.#writtenRecords += lines;
    this.#writtenBytes += bytes.length;
    this.#onSuccess();
  }

  async #append(open: OpenFile, bytes: Buffer): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        const count = await open.file.write(bytes.subarray(written));
        if (count === 0) throw new Error("The file takes no bytes");
        written += count;
      }
    } catch (error) {
      if (written > 0) await this.#undo(open, written);
      throw error;
    }
    open.sizeBytes += written;
    open.endsLine = true;
  }

  // Cuts off half-written lines, unless someone else has written to the file meanwhile.
  async #undo(open: OpenFile, written: number): Promise<void> {
    open.endsLine = false;
    try {
      const { sizeBytes } = await open.file.stat();
      if (sizeBytes !== open.sizeBytes + written) return;
      await open.file.truncate(open.sizeBytes);
      open.endsLine = true;
    } catch (error) {
      this.#options.log.debug("Cannot cut half-written records", { error: describeError(error) });
    }
  }

  async #readyFile(bytes: number): Promise<OpenFile> {
    const { fileSystem, clock, maxFileBytes, maxFileAgeMs } = this.#options;
    if (this.#open !== undefined) {
      const identity = await fileSystem.identify(this.#path);
      if (identity !== this.#open.identity) await this.#closeFile();
    }
    const open = this.#open ?? (await this.#openFile());
    const isLarge = open.sizeBytes + bytes > maxFileBytes;
    const isOld = clock.now() - open.createdMs >= maxFileAgeMs;
    if (open.sizeBytes === 0 || !(isLarge || isOld)) return open;
    await this.#rotate();
    return this.#openFile();
  }

  async #openFile(): Promise<OpenFile> {
    const { fileSystem, directory, clock, log } = this.#options;
    const mode = await fileSystem.makeDirectory(directory);
    if ((mode & 0o077) !== 0 && !this.#warnedOfMode) {
      this.#warnedOfMode = true;
      const shown = `0${mode.toString(8)}`;
      log.warn("Directory of records is open to others", { directory, mode: shown, want: "0700" });
    }
    const file = await fileSystem.openAppend(this.#path);
    try {
      const { sizeBytes, identity, createdMs, endsLine } = await file.stat();
      const now = clock.now();
      const isDated = sizeBytes > 0 && createdMs > 0 && createdMs <= now;
      const age = isDated ? createdMs : now;
      this.#open = { file, identity, createdMs: age, sizeBytes, endsLine };
      return this.#open;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { fileSystem, directory, name, clock } = this.#options;
    const rotated = (await fileSystem.list(directory)).filter((file) => {
      const found = readLineFileName(file);
      return found?.series === name && found.rotatedAt !== undefined;
    });
    // Renaming would overwrite a file that was rotated in the same millisecond or before the clock stepped back.
    let stamp = clock.now();
    while (rotated.includes(rotatedFileName(name, stamp))) stamp++;
    const target = rotatedFileName(name, stamp);
    await fileSystem.rename(this.#path, join(directory, target));
    this.#rotations++;
    await this.#closeFile();
    await this.#prune([...rotated, target]);
  }

  async #prune(rotated: string[]): Promise<void> {
    const { fileSystem, directory, maxFiles, log } = this.#options;
    const excess = rotated.sort().slice(0, Math.max(0, rotated.length - (maxFiles - 1)));
    for (const file of excess) {
      try {
        await fileSystem.remove(join(directory, file));
      } catch (error) {
        log.warn("Cannot delete old records", { file, error: describeError(error) });
      }
    }
  }

  async #closeFile(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    try {
      await open?.file.close();
    } catch (error) {
      this.#options.log.warn("Cannot close record file", { error: describeError(error) });
    }
  }

  async #onFailure(error: unknown): Promise<void> {
    const code = errorCodeOf(error);
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    const text = describeError(error);
    if (this.#error === undefined) {
      const message = isFull ? "Cannot write records: disk full" : "Cannot write records";
      this.#options.log.error(message, { path: this.#path, error: text });
    }
    this.#error = text;
    if (this.#state !== "closed") this.#state = isFull ? "disk-full" : "failing";
    // Any other failure may lie in the handle: the next try opens the file again.
    if (!isFull) await this.#closeFile();
  }

  #onSuccess(): void {
    if (this.#error === undefined) return;
    this.#error = undefined;
    if (this.#state !== "closed") this.#state = "working";
    const dropped = this.#droppedRecords;
    this.#options.log.info("Writing records again", { path: this.#path, droppedRecords: dropped });
  }
}

// `records-20260102T030405678Z.jsonl`: sorts by time as text.
