/**
 * Batches for one receiver on disk, a file each, oldest first: what was written is there after a kill of the process. Names
 * of files say how many records they hold; nothing but the encoded batch is in them, no header and no address.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describeError, errorCodeOf } from "./errors.ts";
import type { FolderLock } from "./folder-lock.ts";
import { tryTakeFolder } from "./folder-lock.ts";
import type { Logger } from "./log.ts";
import type { OtlpBody } from "./otlp-request.ts";
import type { HalfBatch } from "./otlp-split.ts";

/** Where the batches of one signal for one receiver are kept. */
export interface OtlpSpoolOptions {
  /** For this receiver and signal alone; created with mode 0700 */
  readonly directory: string;
  /** Bytes of all files; the oldest go when more would be there */
  readonly maxBytes: number;
  readonly log: Logger;
}

/** A batch on disk. */
export interface SpooledBatch {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  readonly isCompressed: boolean;
  /** Of a batch that a receiver broke off at */
  readonly isPart: boolean;
}

/** What became of a batch that was to be written. */
export interface SpoolOutcome {
  /** Undefined when it could not be written, or is larger than all of the spool may be */
  readonly batch: SpooledBatch | undefined;
  /** Records of older batches that went for it */
  readonly evictedRecords: number;
}

/**
 * Halves have the name of their batch with `.0` and `.1` behind it, so that all stand in their order, behind their batch.
 * While that is there they stand for nothing: to delete it is what puts both in its place, at once.
 */
const batchName = /^(\d{16})((?:\.[01])*)-(\d{1,9})\.(otlp|otlp\.gz)$/;

/** The spool; `open()` first, `close()` at the end. */
export class OtlpSpool {
  readonly #options: OtlpSpoolOptions;
  #batches: SpooledBatch[] = [];
  #lock: FolderLock | undefined;
  #number = 0;
  #bytes = 0;

  constructor(options: OtlpSpoolOptions) {
    this.#options = options;
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records of all files. */
  get records(): number {
    return this.#batches.reduce((sum, { records }) => sum + records, 0);
  }

  /** The batch that comes next; undefined when none is there. */
  get oldest(): SpooledBatch | undefined {
    return this.#batches[0];
  }

  /**
   * Takes the folder and looks at what is there from before. False when it cannot be used, because another process has
   * it or it cannot be written: nothing may be added then. Never rejects.
   */
  async open(): Promise<boolean> {
    const { directory, log } = this.#options;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const lock = tryTakeFolder(directory, process.pid);
      if (lock.kind === "taken") {
        log.warn("Cannot keep records on disk", { directory, takenBy: lock.by });
        return false;
      }
      this.#lock = lock;
      const places = new Set<string>();
      for (const name of (await readdir(directory)).toSorted()) await this.#find(name, places);
      return true;
    } catch (error) {
      log.warn("Cannot keep records on disk", { directory, error: describeError(error) });
      this.close();
      return false;
    }
  }

  /** Writes a batch; it is whole or not there. Never rejects. */
  async add(body: OtlpBody, records: number): Promise<SpoolOutcome> {
    const { maxBytes } = this.#options;
    const bytes = body.bytes.length;
    if (bytes > maxBytes) return { batch: undefined, evictedRecords: 0 };
    const evictedRecords = await this.#makeRoom(maxBytes - bytes);
    this.#number++;
    const batch = await this.#write(String(this.#number).padStart(16, "0"), body, records);
    if (batch === undefined) return { batch, evictedRecords };
    this.#batches.push(batch);
    this.#bytes += bytes;
    return { batch, evictedRecords };
  }

  /**
   * Puts two halves in the place of a batch. After a kill at any point there are either the batch or both halves, for
   * whoever opens the folder next. False when that fails, or the batch has gone since: then they are not there. They may
   * be some bytes more than it. Never rejects.
   */
  async replace(batch: SpooledBatch, halves: readonly [HalfBatch, HalfBatch]): Promise<boolean> {
    const [place = ""] = batch.name.split("-");
    const parts: SpooledBatch[] = [];
    for (const [at, { body, records }] of halves.entries()) {
      const part = await this.#write(`${place}.${at}`, body, records);
      if (part !== undefined) parts.push(part);
    }
    const isDone = parts.length === halves.length && (await this.#unlink(batch));
    // It may have gone to make room meanwhile, and was counted then.
    const index = this.#batches.indexOf(batch);
    if (!isDone || index < 0) {
      for (const part of parts) await this.#unlink(part);
      return false;
    }
    this.#batches.splice(index, 1, ...parts);
    this.#bytes += parts.reduce((sum, { bytes }) => sum + bytes, -batch.bytes);
    return true;
  }

  /** The batch as it was written; undefined when it cannot be read any more. */
  async read({ name, isCompressed }: SpooledBatch): Promise<OtlpBody | undefined> {
    try {
      const bytes = await readFile(path.join(this.#options.directory, name));
      return { bytes: new Uint8Array(bytes), isCompressed };
    } catch (error) {
      this.#options.log.error("Cannot read records on disk", { error: describeError(error) });
      return undefined;
    }
  }

  /** Deletes a batch; false when it has gone since, to make room. Never rejects. */
  async remove(batch: SpooledBatch): Promise<boolean> {
    const index = this.#batches.indexOf(batch);
    if (index < 0) return false;
    this.#batches.splice(index, 1);
    this.#bytes -= batch.bytes;
    await this.#unlink(batch);
    return true;
  }

  /** Gives the folder up; what is in it stays. Safe to call again. */
  close(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  async #write(place: string, body: OtlpBody, records: number): Promise<SpooledBatch | undefined> {
    const { directory, log } = this.#options;
    const { bytes, isCompressed } = body;
    const name = `${place}-${records}.${isCompressed ? "otlp.gz" : "otlp"}`;
    const file = path.join(directory, name);
    try {
      await writeFile(`${file}.part`, bytes, { mode: 0o600 });
      await rename(`${file}.part`, file);
    } catch (error) {
      log.error("Cannot keep records on disk", { directory, error: describeError(error) });
      await rm(`${file}.part`, { force: true }).catch(() => {}); // told by the line before
      return undefined;
    }
    return { name, records, bytes: bytes.length, isCompressed, isPart: place.includes(".") };
  }

  async #unlink({ name }: SpooledBatch): Promise<boolean> {
    const { directory, log } = this.#options;
    try {
      await rm(path.join(directory, name), { force: true });
      return true;
    } catch (error) {
      // The next process has it once more.
      log.error("Cannot delete records on disk", { error: describeError(error) });
      return false;
    }
  }

  /** Takes what is a batch; `places` are those of batches before it in their order. */
  async #find(name: string, places: Set<string>): Promise<void> {
    const file = path.join(this.#options.directory, name);
    // Half of a batch, of a process that was killed.
    if (name.endsWith(".part")) return rm(file, { force: true });
    const [, number, part = "", records, suffix] = batchName.exec(name) ?? [];
    if (number === undefined) return;
    // Of a process that was killed while it took the batch apart.
    if (wholesOf(number, part).some((place) => places.has(place))) return rm(file, { force: true });
    places.add(number + part);
    const size = await stat(file).then(
      (facts) => facts.size,
      (error: unknown) => {
        if (errorCodeOf(error) === "ENOENT") return undefined;
        throw error;
      },
    );
    if (size === undefined) return;
    const isCompressed = suffix === "otlp.gz";
    const isPart = part !== "";
    this.#batches.push({ name, records: Number(records), bytes: size, isCompressed, isPart });
    this.#bytes += size;
    this.#number = Math.max(this.#number, Number(number));
  }

  async #makeRoom(maxBytes: number): Promise<number> {
    let evicted = 0;
    for (let oldest = this.oldest; oldest && this.#bytes > maxBytes; oldest = this.oldest) {
      evicted += oldest.records;
      await this.remove(oldest);
    }
    return evicted;
  }
}

/** Places of the batches that one is a part of. */
function wholesOf(number: string, part: string): readonly string[] {
  return Array.from(
    { length: part.length / 2 },
    (_, halvings) => number + part.slice(0, 2 * halvings),
  );
}
