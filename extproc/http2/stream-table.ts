/** The streams of a connection by their id, and what is known of those that are over (RFC 9113 §5.1). */

import { OpenStreams } from "./open-streams.ts";
import type { Http2Stream } from "./stream.ts";

/** How much of the past is remembered; what a peer may still send for older streams is ignored. */
const rememberedStreams = 256;

/** What is known of a stream that is not open. */
export type PastStream =
  /** The peer has not opened it */
  | "idle"
  /** The peer ended or reset it, so that it must not send on it again */
  | "ended"
  /** We reset it, so that the peer may have sent more before it learnt that; or it was long ago */
  | "cut";

/** Open streams, and the last of those that were. */
export class StreamTable {
  readonly #open = new OpenStreams();
  /** Ids of streams that ended, negative where we cut them */
  readonly #past = new Int32Array(rememberedStreams);
  #pastAt = 0;
  #lastId = 0;

  /** Number of open streams. */
  get size(): number {
    return this.#open.size;
  }

  /** The highest id that the peer used, open or refused. */
  get lastId(): number {
    return this.#lastId;
  }

  /** The open stream of an id. */
  find(id: number): Http2Stream | undefined {
    return this.#open.find(id);
  }

  /** The streams that are open now, in no particular order. */
  values(): readonly Http2Stream[] {
    return this.#open.all();
  }

  /** Makes an id the highest one, when the peer uses it. */
  use(id: number): void {
    this.#lastId = id;
  }

  add(stream: Http2Stream): void {
    this.#open.add(stream);
  }

  /** Removes an open stream, or remembers a refused one. */
  remove(id: number, past: Exclude<PastStream, "idle">): void {
    this.#open.remove(id);
    this.#past[this.#pastAt] = past === "cut" ? -id : id;
    this.#pastAt = this.#pastAt + 1 === rememberedStreams ? 0 : this.#pastAt + 1;
  }

  /** What an id that is not open stands for. Even ids would be ours, and we open none. */
  past(id: number): PastStream {
    if (id > this.#lastId || id % 2 === 0) return "idle";
    return this.#past.includes(id) ? "ended" : "cut";
  }

  /** Whether the id was one of the last that were open. */
  isRecent(id: number): boolean {
    return this.#past.includes(id) || this.#past.includes(-id);
  }
}
