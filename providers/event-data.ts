/** Events of an event stream as text, for decoders that read each one whole. */

import type { EventSink } from "./sse.ts";
import { EventSplitter } from "./sse.ts";

/** Longest event that is held; an image that a model made is one. */
const maxEventBytes = 32 * 1024 * 1024;

/** Gathers the data of events; a piece that holds whole events costs one copy of each. */
export class EventDataReader implements EventSink {
  readonly #splitter = new EventSplitter(this);
  readonly #onData: (data: string) => void;
  #pieces: Buffer[] = [];
  /** How many of the pieces, the first ones, are copies */
  #owned = 0;
  #bytes = 0;
  #isTooLong = false;

  /** `onData` gets the data of every event that has some. */
  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  /** An event was longer than is held: it and what follows is not told. */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** Whether bytes of an event are held whose end has not come. */
  get isInEvent(): boolean {
    return this.#bytes > 0;
  }

  /** Goes on with a piece, which is borrowed. */
  write(chunk: Buffer): void {
    if (this.#isTooLong) return;
    this.#splitter.write(chunk);
    const pieces = this.#pieces;
    // What is left of the piece is lent no longer.
    for (; this.#owned < pieces.length; this.#owned++) {
      const piece = pieces[this.#owned];
      if (piece !== undefined) pieces[this.#owned] = Buffer.from(piece);
    }
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes > maxEventBytes) {
      this.#isTooLong = true;
      this.#pieces = [];
      this.#owned = 0;
      return;
    }
    this.#pieces.push(bytes.subarray(start, end));
  }

  onEvent(): void {
    if (this.#isTooLong) return;
    const pieces = this.#pieces;
    const bytes = pieces.length > 1 ? Buffer.concat(pieces) : pieces[0];
    this.#pieces = [];
    this.#owned = 0;
    this.#bytes = 0;
    if (bytes !== undefined) this.#onData(bytes.toString("utf8"));
  }
}
