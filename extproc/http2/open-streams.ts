/**
 * The open streams of a connection by id: a table of our own with linear probing, because a `Map` that thousands of
 * streams a second pass through leaves a chain of outgrown tables behind, each of which keeps what it held alive until
 * the next full garbage collection.
 */

import type { Http2Stream } from "./stream.ts";

const firstCapacity = 64;

/** Streams by their id; ids of clients are odd and rise, so that neighbours seldom meet. */
export class OpenStreams {
  /** A power of two, at most half full */
  #slots: (Http2Stream | undefined)[] = emptySlots(firstCapacity);
  #size = 0;

  /** Number of streams. */
  get size(): number {
    return this.#size;
  }

  /** The stream of an id. */
  find(id: number): Http2Stream | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Adds a stream whose id is not there. */
  add(stream: Http2Stream): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    this.#place(stream);
    this.#size++;
  }

  /** Removes the stream of an id, if it is there. */
  remove(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (id >>> 1) & mask;
    for (; slots[at]?.id !== id; at = (at + 1) & mask) {
      if (slots[at] === undefined) return;
    }
    this.#size--;
    this.#closeGap(at);
  }

  /** All streams of now, in no particular order; what happens to the table meanwhile does not matter. */
  all(): Http2Stream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  /** Moves up what was placed behind the gap only because its own place was taken. */
  #closeGap(from: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = from;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at];
      if (stream === undefined) break;
      const distance = (at - ((stream.id >>> 1) & mask)) & mask;
      if (distance < ((at - gap) & mask)) continue;
      slots[gap] = stream;
      gap = at;
    }
    slots[gap] = undefined;
  }

  #place(stream: Http2Stream): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
  }

  #grow(): void {
    const streams = this.all();
    this.#slots = emptySlots(this.#slots.length * 2);
    for (const stream of streams) this.#place(stream);
  }
}

function emptySlots(capacity: number): (Http2Stream | undefined)[] {
  return new Array<Http2Stream | undefined>(capacity).fill(undefined);
}
