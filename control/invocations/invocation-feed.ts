/**
 * Takes what gateways write of their runs (`invocations*.jsonl` in the folder of records) into the log. It remembers how
 * far it has read each file when the log has that on the disk; what it reads twice all the same, the log keeps once.
 */

import { open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { tryDecodeEvent } from "./event-codec.ts";
import type { EventLog } from "./event-log.ts";
import { WakeUps } from "./wake-ups.ts";

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
  readonly #wakeUps: WakeUps;
  readonly #stop = new AbortController();
  /** Bytes that were read, by file */
  #positions = new Map<string, number>();
  #running: Promise<void> | undefined;
  #taken = 0;
  #unreadable = 0;
  #failure = "";

  constructor(options: InvocationFeedOptions) {
    this.#options = options;
    this.#wakeUps = new WakeUps(options.clock);
  }

  /** Numbers of now; a new object each time */
  get status(): InvocationFeedStatus {
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

  /** Resolves when what is being taken is in the log. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    this.#positions = await this.#readPositions();
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
    const { directory } = this.#options;
    const seen = new Set<string>();
    // Rotated files have a time in their names, and come before the one that is written now.
    for (const name of (await listFiles(directory)).sort()) {
      const key = await this.#readFile(path.join(directory, name));
      if (key !== undefined) seen.add(key);
    }
    const before = this.#positions.size;
    for (const key of this.#positions.keys()) if (!seen.has(key)) this.#positions.delete(key);
    if (this.#positions.size !== before) await this.#writePositions();
  }

  /** Takes what is new in a file; gives its key, which it keeps when it is renamed. */
  async #readFile(file: string): Promise<string | undefined> {
    const handle = await open(file, "r").catch((error: unknown) => {
      // Rotation has deleted it meanwhile.
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    });
    if (handle === undefined) return undefined;
    try {
      const { dev, ino, birthtimeMs, size } = await handle.stat();
      const key = `${dev}-${ino}-${Math.round(birthtimeMs)}`;
      for (;;) {
        const known = this.#positions.get(key) ?? 0;
        const from = known > size ? 0 : known;
        const buffer = Buffer.alloc(Math.min(chunkBytes, size - from));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
        const end = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
        // No line has so many bytes: it is none of ours, and is passed over.
        const isStuck = end === 0 && bytesRead === chunkBytes;
        if (end === 0 && !isStuck) return key;
        if (isStuck) this.#unreadable++;
        await this.#take(buffer.toString("utf8", 0, end));
        this.#positions.set(key, from + (isStuck ? bytesRead : end));
        await this.#writePositions();
      }
    } finally {
      await handle.close();
    }
  }

  async #take(lines: string): Promise<void> {
    const decoded = lines
      .split("\n")
      .filter((line) => line !== "")
      .map(tryDecodeEvent);
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
      if (!hasCode(error, "ENOENT")) this.#noteFailure(error);
      return new Map();
    }
  }

  async #writePositions(): Promise<void> {
    const { positionsFile } = this.#options;
    const draft = `${positionsFile}.new`;
    await writeFile(draft, JSON.stringify(Object.fromEntries(this.#positions)), { mode: 0o600 });
    await rename(draft, positionsFile);
  }

  #noteFailure(error: unknown): void {
    if (this.#stop.signal.aborted && error instanceof ClrkError) return;
    const text = `Cannot take what became of runs: ${describeError(error)}`;
    if (this.#failure === "") {
      this.#options.logger.warn("Invocations of runs are not up to date", { error: text });
    }
    this.#failure = text;
  }
}

async function listFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => namePattern.test(name));
  } catch (error) {
    // It is made with the first record.
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
