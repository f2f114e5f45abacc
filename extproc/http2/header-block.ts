/** Puts the fragments of a header block together, from a HEADERS frame and its CONTINUATION frames (RFC 9113 §4.3). */

import { floodFault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { Http2Limits } from "./limits.ts";

/** Fragments up to the one with END_HEADERS; nothing else may come between them. */
export class HeaderBlock {
  readonly #limits: Http2Limits;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #continuations = 0;
  #streamId = 0;
  #isLast = false;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  /** Stream whose CONTINUATION must be the next frame; 0 when none is awaited. */
  get streamId(): number {
    return this.#streamId;
  }

  /** Whether the HEADERS frame ended the stream. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** Begins with the fragment of a HEADERS frame that had no END_HEADERS. */
  begin(streamId: number, isLast: boolean): void {
    this.#streamId = streamId;
    this.#isLast = isLast;
    this.#length = 0;
    this.#continuations = 0;
  }

  /** Appends a copy of `bytes[start, end)`; the fault when that breaks a limit. */
  add(bytes: Buffer, start: number, end: number): Fault | undefined {
    const length = this.#length + end - start;
    if (length > this.#limits.maxHeaderBlockBytes) return floodFault("header-bytes");
    if (this.#continuations > this.#limits.maxContinuations) return floodFault("continuations");
    if (length > this.#bytes.length) this.#grow(length);
    bytes.copy(this.#bytes, this.#length, start, end);
    this.#length = length;
    this.#continuations++;
    return undefined;
  }

  /** The whole block, after the fragment with END_HEADERS; borrowed until the next block. */
  finish(): Buffer {
    this.#streamId = 0;
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const most = this.#limits.maxHeaderBlockBytes;
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(length, this.#bytes.length * 2), most));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
