/**
 * One direction's body as it was meant: plain bytes are handed on at once, compressed ones after they were decoded
 * beside the stream, within a bound, so that a bomb costs no more than a body.
 */

import type { Inflater } from "./inflate.ts";
import { createInflater } from "./inflate.ts";

/** Decoded bytes of one body that are read; what follows is not. */
const maxDecodedBytes = 16 * 1024 * 1024;

/** Codings as they are registered; anything else in the header is text of a stranger that no record needs. */
const codingForm = /^[a-z0-9*., -]{1,32}$/;

/** What a reader is given. */
export interface BodyReaderOptions {
  /** The header's value; empty: none */
  readonly contentEncoding: string;
  /** Decoded bytes, lent until it returns */
  readonly onData: (chunk: Buffer) => void;
  /** A compressed body was read to its end, or as far as it can be; never called for plain ones */
  readonly onEnd: () => void;
}

/** Reads one body. */
export class BodyReader {
  readonly #options: BodyReaderOptions;
  /** Whether the body has no coding */
  readonly isPlain: boolean;
  #inflater: Inflater | undefined;
  #isSettled: boolean;
  #isCut = false;
  #undecoded = "";

  constructor(options: BodyReaderOptions) {
    this.#options = options;
    const coding = options.contentEncoding.trim().toLowerCase();
    this.isPlain = coding === "" || coding === "identity";
    this.#isSettled = this.isPlain;
    if (this.isPlain) return;
    this.#inflater = createInflater(coding, {
      maxOutputBytes: maxDecodedBytes,
      onData: options.onData,
      onEnd: ({ kind }) => {
        this.#isSettled = true;
        this.#inflater = undefined;
        if (kind !== "complete") this.#isCut = true;
        if (kind === "unsupported") this.#undecoded = codingForm.test(coding) ? coding : "unknown";
        options.onEnd();
      },
    });
  }

  /** Whether nothing is left to be decoded. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether less than the whole body was decoded. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Coding that cannot be undone, `unknown` for one that no standard could name; empty when there is none. */
  get undecoded(): string {
    return this.#undecoded;
  }

  /** Takes a piece, which stays the caller's. */
  write(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.isPlain) this.#options.onData(chunk);
    else this.#inflater?.write(chunk);
  }

  /** Nothing more will come. */
  end(): void {
    this.#inflater?.end();
  }

  /** Stops decoding. */
  destroy(): void {
    this.#inflater?.destroy();
    this.#inflater = undefined;
    this.#isSettled = true;
  }
}
