/**
 * Undoes the content coding of a body beside the stream, in node:zlib's threads (RFC 9110 section 8.4; zstd with the
 * window of RFC 9659). What comes out is bounded, at every stage and in total, and so is what waits to go in: a bomb is
 * given up at the limit.
 */

import { PassThrough } from "node:stream";
import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";

/**
 * How decoding ended: to the end of the body; at the limit of output or of input that waits; at bytes that are not of
 * that coding, or a body that was cut off; or not begun, because nobody can undo it.
 */
export type InflateEnd = "complete" | "limit" | "corrupt" | "unsupported";

/** What an inflater is given. */
export interface InflateOptions {
  /** Decoded bytes that are given at most; of the chunk that goes beyond, the part within is given */
  readonly maxOutputBytes: number;
  /** Bytes that wait to be decoded at most; more than that ends with `limit`. 4 MiB unless given */
  readonly maxWaitingBytes?: number;
  /** Decoded bytes, the receiver's own; never called from inside a method, and must not throw */
  readonly onData: (chunk: Buffer) => void;
  /** Exactly once, unless destroyed before; never called from inside a method, and must not throw */
  readonly onEnd: (end: { readonly kind: InflateEnd }) => void;
}

/** Decodes one body. */
export interface Inflater {
  /** Takes a piece of the body, which stays the caller's. Ignored after the end. */
  write(chunk: Uint8Array): void;
  /** The body is whole; what is left is decoded. */
  end(): void;
  /** Stops at once, without another call of the options. */
  destroy(): void;
}

/** Each undoes one more coding, and holds a window of its own. */
const maxCodings = 3;
const defaultWaitingBytes = 4 * 1024 * 1024;

/** 8 MiB: RFC 9659 forbids more for bodies. */
const zstdWindowLog = 23;

/** RFC 1950: the low half of a zlib frame's first byte */
const deflateMethod = 8;

/** Decoders hand out what they have after each piece, so that a live event stream is read as it comes. */
const zlibOptions = { flush: constants.Z_SYNC_FLUSH };

type CreateStage = (first: Uint8Array) => Transform;

const stages: ReadonlyMap<string, CreateStage> = new Map<string, CreateStage>([
  ["identity", () => new PassThrough()],
  ["gzip", () => createGunzip(zlibOptions)],
  ["x-gzip", () => createGunzip(zlibOptions)],
  ["deflate", createDeflateStage],
  ["br", () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
  ["zstd", createZstdStage],
]);

/**
 * Begins to decode a body of the given `content-encoding`: gzip, deflate (also without its zlib frame, as some servers
 * send it), br, zstd, or up to three of them, of which the last was applied last.
 */
export function createInflater(contentEncoding: string, options: InflateOptions): Inflater {
  return new StagedInflater(findStages(contentEncoding), options);
}

/** In the order of decoding; undefined when nobody can undo one of them. */
function findStages(contentEncoding: string): CreateStage[] | undefined {
  const names = contentEncoding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > maxCodings) return undefined;
  if (names.length === 0) names.push("identity");
  const found = names.flatMap((name) => stages.get(name) ?? []);
  return found.length === names.length ? found.reverse() : undefined;
}

/** The first byte tells: it would begin a stored block with a bit set that encoders leave 0. */
function createDeflateStage(first: Uint8Array): Transform {
  const isFramed = ((first[0] ?? 0) & 0x0f) === deflateMethod;
  return isFramed ? createInflate(zlibOptions) : createInflateRaw(zlibOptions);
}

function createZstdStage(): Transform {
  const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLog };
  return createZstdDecompress({ flush: constants.ZSTD_e_flush, params });
}

class StagedInflater implements Inflater {
  readonly #create: readonly CreateStage[];
  readonly #options: InflateOptions;
  /** A stage is opened by its first byte */
  readonly #open: Transform[] = [];
  readonly #maxWaitingBytes: number;
  #isEnded = false;
  #isOver = false;
  #isDestroyed = false;

  constructor(create: readonly CreateStage[] | undefined, options: InflateOptions) {
    this.#create = create ?? [];
    this.#options = options;
    this.#maxWaitingBytes = options.maxWaitingBytes ?? defaultWaitingBytes;
    if (create === undefined) this.#finish("unsupported");
  }

  write(chunk: Uint8Array): void {
    if (this.#isEnded || this.#isOver || chunk.length === 0) return;
    const waiting = this.#open[0]?.writableLength ?? 0;
    if (waiting + chunk.length > this.#maxWaitingBytes) this.#finish("limit");
    else this.#feed(0, Buffer.from(chunk));
  }

  end(): void {
    if (this.#isEnded || this.#isOver) return;
    this.#isEnded = true;
    // Nothing at all is no body, which is whole in any coding
    if (this.#open.length === 0) this.#finish("complete");
    else this.#open[0]?.end();
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#stop();
  }

  #feed(index: number, chunk: Buffer): void {
    const stage = this.#open[index] ?? this.#openStage(index, chunk);
    if (stage.write(chunk) || index === 0) return;
    const source = this.#open[index - 1];
    source?.pause();
    stage.once("drain", () => source?.resume());
  }

  #openStage(index: number, first: Uint8Array): Transform {
    const create = this.#create[index];
    if (create === undefined) throw new RangeError(`Cannot open stage ${index}`);
    const isLast = index === this.#create.length - 1;
    const stage = create(first);
    this.#open[index] = stage;
    let left = this.#options.maxOutputBytes;
    stage.on("data", (chunk: Buffer) => {
      if (this.#isOver) return;
      const given = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= given.length;
      if (given.length > 0 && isLast) this.#options.onData(given);
      else if (given.length > 0) this.#feed(index + 1, given);
      if (given !== chunk) this.#finish("limit");
    });
    stage.on("end", () => this.#endStage(index, isLast));
    stage.on("error", () => this.#finish("corrupt"));
    return stage;
  }

  #endStage(index: number, isLast: boolean): void {
    if (isLast) {
      this.#finish("complete");
      return;
    }
    const next = this.#open[index + 1];
    // No coding makes nothing of something
    if (next === undefined) this.#finish("corrupt");
    else next.end();
  }

  #finish(kind: InflateEnd): void {
    if (this.#isOver) return;
    this.#stop();
    queueMicrotask(() => {
      if (!this.#isDestroyed) this.#options.onEnd({ kind });
    });
  }

  #stop(): void {
    this.#isOver = true;
    for (const stage of this.#open) stage.destroy();
  }
}
