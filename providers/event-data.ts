/** Events of an event stream as text, for decoders that read each one whole. */

import { GrowingBytes } from "./growing-bytes.ts";
import type { EventSink } from "./sse.ts";
import { EventSplitter } from "./sse.ts";

/** Longest event that is held; an image that a model made is one. */
const maxEventBytes = 32 * 1024 * 1024;

/** Gathers the data of events; one that lies whole on a line of a piece is read where it lies. */
export class EventDataReader implements EventSink {
  readonly #splitter = new EventSplitter(this);
  readonly #onData: (data: string) => void;
  /** Where the event's data lies while nothing of it is held; null: nowhere */
  #lent: Buffer | null = null;
  #lentStart = 0;
  #lentEnd = 0;
  readonly #held = new GrowingBytes();
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
    // What is left of the piece is lent no longer.
    if (this.#lent !== null) this.#hold(this.#lent);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    if (this.#bytes > maxEventBytes) {
      this.#isTooLong = true;
      this.#lent = null;
      this.#held.clear();
      return;
    }
    if (this.#lent !== null) this.#hold(this.#lent);
    if (this.#held.length > 0) {
      this.#held.append(bytes, start, end);
      return;
    }
    this.#lent = bytes;
    this.#lentStart = start;
    this.#lentEnd = end;
  }

  onEvent(): void {
    if (this.#isTooLong || this.#bytes === 0) return;
    const lent = this.#lent;
    const data =
      lent === null ? this.#held.text() : lent.toString("utf8", this.#lentStart, this.#lentEnd);
    this.#lent = null;
    this.#held.clear();
    this.#bytes = 0;
    this.#onData(data);
  }

  #hold(lent: Buffer): void {
    this.#held.append(lent, this.#lentStart, this.#lentEnd);
    this.#lent = null;
  }
}
