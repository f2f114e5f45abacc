/**
 * Reads the FIFO into which the Envoy of one gateway writes a line of every HTTP transaction, and makes records of
 * them. Envoy keeps without bound what is left in the pipe: it is always drained, and a reader that has been behind
 * for 16 MiB throws lines away, counted, until it has caught up. So Envoy holds no more than what it writes while
 * this thread is busy elsewhere or works off those 16 MiB; and it ends with us, so that none waits for a dead reader.
 */

import { execFile } from "node:child_process";
import { constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";
import type { LoggedAttempt } from "./access-log/attempt-line.ts";
import { isAttemptLine, tryParseAttemptLine } from "./access-log/attempt-line.ts";
import { EngineLine } from "./access-log/engine-line.ts";
import type { EntryContext } from "./access-log/entry-context.ts";
import type { Line } from "./access-log/line-cutter.ts";
import { LineCutter } from "./access-log/line-cutter.ts";
import { PipeLineReader } from "./access-log/pipe-line.ts";
import { describeError, errorCodeOf } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { LineText } from "./record-lines.ts";
import type { EgressRecord } from "./record.ts";

/** What a pipe holds on Linux: a read that fills this says that more is waiting. */
const readBytes = 64 * 1024;

/** Read without once finding the pipe less than full; at 400 bytes a line, 40,000 transactions. */
const defaultMaxBehindBytes = 16 * 1024 * 1024;

/** What a pipe needs. */
export interface AccessLogPipeOptions {
  /** Where the FIFO is made; its folder must be private to the user */
  readonly path: string;
  readonly log: Logger;
  /** Takes a record and the same as JSON on one line */
  readonly onRecord: (record: EgressRecord, json: LineText | undefined) => void;
  /** Takes a transaction that the engine saw; without it records are made of what the line says */
  readonly onEngineLine?: (line: EngineLine) => void;
  /** Takes an attempt at one of several backends, before the transaction that it belongs to */
  readonly onAttempt?: (attempt: LoggedAttempt) => void;
  /** Called after a read that lost lines, with their number */
  readonly onDrop?: (lines: number) => void;
  /** Facts of the gateway; lines that come while it is undefined are dropped */
  readonly findContext: () => Omit<EntryContext, "listener"> | undefined;
  /** Bytes that may be read without catching up before lines are dropped; default 16 MiB */
  readonly maxBehindBytes?: number;
}

/**
 * Makes the FIFO and opens it, to be done before Envoy is told its path. Rejects where there is no `mkfifo`, or
 * something is at the path.
 */
export async function openAccessLogPipe(options: AccessLogPipeOptions): Promise<AccessLogPipe> {
  await promisify(execFile)("mkfifo", ["-m", "600", options.path]);
  // Also for writing, although nothing is written: a restart of Envoy is no end of file then.
  const fd = openSync(options.path, constants.O_RDWR | constants.O_NONBLOCK);
  return new AccessLogPipe(options, fd);
}

/** The reading end of an open FIFO; `close()` when Envoy has ended. */
export class AccessLogPipe {
  readonly #options: AccessLogPipeOptions;
  readonly #reader = new PipeLineReader();
  readonly #lines = new LineCutter();
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  readonly #socket: Socket;
  #behindBytes = 0;
  #received = 0;
  #dropped = 0;
  #isFailing = false;
  #isClosed = false;

  /** Takes over the descriptor, which does not block. */
  constructor(options: AccessLogPipeOptions, fd: number) {
    this.#options = options;
    this.#fd = fd;
    this.#socket = new Socket({
      fd,
      readable: true,
      writable: false,
      onread: { buffer: this.#buffer, callback: (size) => this.#take(size) },
    });
    this.#socket.on("error", (error) => {
      options.log.error("Cannot read the access log pipe", { error: error.message });
    });
    this.#socket.resume();
  }

  /** Path of the FIFO. */
  get path(): string {
    return this.#options.path;
  }

  /** Lines that came in. */
  get received(): number {
    return this.#received;
  }

  /** Lines that did not become records: unreadable, or thrown away because the reader was behind. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reads what is left, at most a full pipe, and closes it. Safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drain();
    this.#socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #take(size: number): true {
    const { maxBehindBytes = defaultMaxBehindBytes, findContext } = this.#options;
    this.#behindBytes = size === readBytes ? this.#behindBytes + size : 0;
    const isBehind = this.#behindBytes > maxBehindBytes;
    const context = isBehind ? undefined : findContext();
    const before = this.#dropped;
    this.#lines.cut(this.#buffer.subarray(0, size), (line) => {
      this.#received++;
      if (context === undefined || line === undefined || !this.#record(line, context)) {
        this.#dropped++;
      }
    });
    this.#report(this.#dropped - before, isBehind);
    return true;
  }

  #record(line: Line, context: Omit<EntryContext, "listener">): boolean {
    try {
      if (isAttemptLine(line)) return this.#addAttempt(line);
      const read = this.#reader.read(line, context);
      if (read === undefined) return false;
      if (read instanceof EngineLine) this.#addEngineLine(read);
      else this.#options.onRecord(read.record, read.json);
      return true;
    } catch (error) {
      if (!this.#isFailing) {
        this.#options.log.error("Cannot record a transaction", { error: describeError(error) });
      }
      return false;
    }
  }

  #addAttempt(line: Line): boolean {
    const attempt = tryParseAttemptLine(line);
    if (attempt !== undefined) this.#options.onAttempt?.(attempt);
    return attempt !== undefined;
  }

  #addEngineLine(line: EngineLine): void {
    const { onEngineLine, onRecord } = this.#options;
    if (onEngineLine !== undefined) {
      onEngineLine(line);
      return;
    }
    const { record, json } = line.complete(undefined);
    onRecord(record, json);
  }

  /** Counts what a read lost, and says once that lines are dropped, until a read went without. */
  #report(lines: number, isBehind: boolean): void {
    if (lines > 0) this.#options.onDrop?.(lines);
    if (lines > 0 && !this.#isFailing) {
      const message = isBehind
        ? "Cannot keep up with the access log: lines are dropped"
        : "Cannot read lines of the access log";
      this.#options.log.warn(message, { lines, dropped: this.#dropped });
    }
    this.#isFailing = lines > 0;
  }

  #drain(): void {
    try {
      // No more than a pipe holds: whoever still writes is not waited for.
      const size = readSync(this.#fd, this.#buffer);
      if (size > 0) this.#take(size);
    } catch (error) {
      if (errorCodeOf(error) === "EAGAIN") return;
      const text = describeError(error);
      this.#options.log.warn("Cannot read the end of the access log", { error: text });
    }
  }
}
