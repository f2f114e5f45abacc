/**
 * Bodies and answers of calls that are held in memory: each within a bound of its own, and all together within one. Invariant:
 * as much as any owner holds is free when it takes more, so that however many hold, the next one finds room.
 */

import { Readable } from "node:stream";

/** What became of a piece. */
export type Keeping = "kept" | "too-large" | "full";

/** Smaller pieces are copied together: each would take a hundred bytes of its own. */
const ownPieceBytes = 16 * 1024;

/** A stream gives no more than this at once, so that who reads it can say when to wait. */
const readAtOnceBytes = 64 * 1024;

/** Room for small pieces, in bytes: it grows with what is held. */
const leastRoom = 1024;
const mostRoom = 64 * 1024;

/** The bound of all together. */
export class KeptBytes {
  readonly #most: number;
  #bytes = 0;
  /** By owner, as long as it has any */
  readonly #owned = new Map<string, number>();

  /** `most`: bytes of all that is held at a time; an owner has at most half of what the others leave */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are held now */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to hold something of at most so many bytes, for whoever has a share of all. */
  open(most: number, owner = ""): KeptContent {
    return new KeptContent(most, (bytes) => {
      const owned = (this.#owned.get(owner) ?? 0) + bytes;
      if (bytes > 0 && owned > this.#most - this.#bytes - bytes) return false;
      this.#bytes += bytes;
      if (owned === 0) this.#owned.delete(owner);
      else this.#owned.set(owner, owned);
      return true;
    });
  }
}

/** One thing that is held until `release()`. */
export class KeptContent {
  /** Most bytes of it at a time */
  readonly most: number;
  readonly #take: (bytes: number) => boolean;
  #chunks: Buffer[] = [];
  /** Room for small pieces, and how much of it is used */
  #room = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;

  constructor(most: number, take: (bytes: number) => boolean) {
    this.most = most;
    this.#take = take;
  }

  /** Holds a piece, unless this one or its owner would exceed their bound. */
  add(chunk: Buffer): Keeping {
    if (this.#bytes + chunk.length > this.most) return "too-large";
    if (!this.#take(chunk.length)) return "full";
    this.#bytes += chunk.length;
    this.#append(chunk);
    return "kept";
  }

  /** Bytes that count now */
  get bytes(): number {
    return this.#bytes;
  }

  /** All pieces as one, which this holds further. */
  whole(): Buffer {
    this.#closeRoom();
    const [first, ...others] = this.#chunks;
    if (first !== undefined && others.length === 0) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  /** The next piece, which is held no more but counts until it is told as `taken()`; undefined after the last. */
  next(): Buffer | undefined {
    this.#closeRoom();
    return this.#chunks.shift();
  }

  /** All pieces, each of which counts until it was read; the stream has them to its end, also when this is released before. */
  stream(): Readable {
    this.#closeRoom();
    const pieces = this.#chunks;
    this.#chunks = [];
    return Readable.from(this.#give(pieces), { objectMode: false, highWaterMark: 1 });
  }

  /** Counts so many bytes no more; of what was released already, nothing. */
  taken(bytes: number): void {
    const counted = Math.min(bytes, this.#bytes);
    this.#bytes -= counted;
    this.#take(-counted);
  }

  /** Holds nothing any more; safe to call again. */
  release(): void {
    this.#take(-this.#bytes);
    this.#bytes = 0;
    this.#chunks = [];
    this.#room = Buffer.alloc(0);
    this.#used = 0;
  }

  *#give(pieces: Buffer[]): Generator<Buffer> {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      for (let at = 0; at < piece.length; at += readAtOnceBytes) {
        yield piece.subarray(at, at + readAtOnceBytes);
      }
      this.taken(piece.length);
    }
  }

  #append(chunk: Buffer): void {
    if (chunk.length >= ownPieceBytes) {
      this.#closeRoom();
      this.#chunks.push(chunk);
      return;
    }
    if (this.#room.length - this.#used < chunk.length) {
      this.#closeRoom();
      const wanted = Math.min(mostRoom, Math.max(leastRoom, this.#bytes));
      this.#room = Buffer.allocUnsafeSlow(Math.max(wanted, chunk.length));
    }
    chunk.copy(this.#room, this.#used);
    this.#used += chunk.length;
  }

  /** What follows stands behind what is in the room. */
  #closeRoom(): void {
    if (this.#used > 0) this.#chunks.push(this.#room.subarray(0, this.#used));
    this.#room = this.#room.subarray(this.#used);
    this.#used = 0;
  }
}
