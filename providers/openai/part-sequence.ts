/**
 * Parts of a streamed answer one after another. Numbers of calls would let chunks mix them, but clients take a call for
 * whole as soon as the next one begins, OpenAI's SDKs among them.
 */

import type { ModelError, StreamEvent } from "../ir.ts";

/** Most text that is held for parts that wait, in UTF-16 units: more than any provider lets a model write. */
export const mostHeld = 8 * 1024 * 1024;

const tooMuchHeld: ModelError = {
  status: 502,
  kind: "server",
  message: "The provider's stream is broken: parts of it wait too long for one another",
  code: null,
};

/** Passes events on at once, but those of a part that begins while another one is open when that one has ended. */
export class PartSequence {
  readonly #pass: (event: StreamEvent) => void;
  /** Index of the part that is open; -1: none is */
  #open = -1;
  readonly #held = new Map<number, StreamEvent[]>();
  #heldLength = 0;

  /** `pass` gets the events in an order in which no two parts are open at once. */
  constructor(pass: (event: StreamEvent) => void) {
    this.#pass = pass;
  }

  /** Takes the next event. Where more than `mostHeld` would wait the stream has failed, and the rest is passed as it is. */
  write(event: StreamEvent): void {
    switch (event.kind) {
      case "part-start":
        if (this.#open >= 0) {
          this.#held.set(event.index, [event]);
          return;
        }
        this.#open = event.index;
        break;
      case "delta":
      case "signature":
      case "logprobs":
        if (event.index === this.#open) break;
        this.#hold(event.index, event);
        return;
      case "part-end":
        if (event.index === this.#open) this.#close(event);
        else this.#held.get(event.index)?.push(event);
        return;
      case "finish":
        this.#passHeld();
        break;
    }
    this.#pass(event);
  }

  #hold(index: number, event: StreamEvent): void {
    this.#held.get(index)?.push(event);
    if (event.kind === "delta") this.#heldLength += event.text.length;
    if (this.#heldLength <= mostHeld) return;
    this.#held.clear();
    this.#heldLength = 0;
    this.#pass({ kind: "failed", error: tooMuchHeld });
  }

  /** Passes the parts that waited for this end, up to one that goes on. */
  #close(end: StreamEvent): void {
    this.#pass(end);
    this.#open = -1;
    for (const [index, events] of this.#held) {
      this.#held.delete(index);
      for (const event of events) this.#pass(event);
      if (events.at(-1)?.kind === "part-end") continue;
      this.#open = index;
      return;
    }
    this.#heldLength = 0;
  }

  /** Parts that a decoder left open end with the answer. */
  #passHeld(): void {
    for (const events of this.#held.values()) for (const event of events) this.#pass(event);
    this.#held.clear();
    this.#open = -1;
  }
}
