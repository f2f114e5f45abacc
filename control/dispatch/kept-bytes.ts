/** Bodies and answers of calls that are held in memory: each within a bound of its own, and all together within one. */

/** What became of a piece. */
export type Keeping = "kept" | "too-large" | "full";

/** The bound of all together. */
export class KeptBytes {
  readonly #most: number;
  #bytes = 0;

  /** `most`: bytes of all that is held at a time */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are held now */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to hold something of at most so many bytes. */
  open(most: number): KeptContent {
    return new KeptContent(most, (bytes) => {
      if (bytes > 0 && this.#bytes + bytes > this.#most) return false;
      this.#bytes += bytes;
      return true;
    });
  }
}

/** One thing that is held until `release()`. */
export class KeptContent {
  /** Most bytes of it */
  readonly most: number;
  readonly #take: (bytes: number) => boolean;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(most: number, take: (bytes: number) => boolean) {
    this.most = most;
    this.#take = take;
  }

  /** Holds a piece, unless this one or all together would exceed their bound. */
  add(chunk: Buffer): Keeping {
    if (this.#bytes + chunk.length > this.most) return "too-large";
    if (!this.#take(chunk.length)) return "full";
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    return "kept";
  }

  /** All pieces as one, which this holds further. */
  whole(): Buffer {
    const [first, ...others] = this.#chunks;
    if (first !== undefined && others.length === 0) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  /** Holds nothing any more; safe to call again. */
  release(): void {
    this.#take(-this.#bytes);
    this.#bytes = 0;
    this.#chunks = [];
  }
}
