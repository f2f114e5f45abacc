/** What every record has anew, made cheaply and as flat texts (`flat-text.ts`): its id, its time and its trace ids. */

import { randomBytes } from "node:crypto";
import type { RandomBytes, TraceIds } from "../trace-context.ts";
import { createRandomPool, createTraceIds } from "../trace-context.ts";
import { flatText } from "./flat-text.ts";

/** The counter fills the last digits of an id. */
const counterDigits = 4;
const counterLimit = 16 ** counterDigits;

const hexDigits = Buffer.from("0123456789abcdef");
const digitZero = 0x30;

/** Makes the stamps of one process; asks for no random bytes before the first one. */
export class RecordStamps {
  readonly #random: RandomBytes;
  readonly #pool: RandomBytes;
  #id: Buffer = Buffer.alloc(0);
  #counter = counterLimit;
  #time: Buffer = Buffer.alloc(0);
  #second = Number.NaN;

  /** `random` gives the bytes of everything; by default the system does. */
  constructor(random?: RandomBytes) {
    this.#random = random ?? randomBytes;
    this.#pool = random ?? createRandomPool();
  }

  /**
   * The next id: a UUID of version 8 (RFC 9562 section 5.8) of 106 random bits, which are new in every process and
   * whenever the counter in the other 16 is through, so that ids are unique over restarts.
   */
  nextId(): string {
    if (this.#counter === counterLimit) {
      this.#id = Buffer.from(randomUuid(this.#random(16)), "latin1");
      this.#counter = 0;
    }
    const id = this.#id;
    let rest = this.#counter;
    for (let at = id.length - 1; at >= id.length - counterDigits; at--) {
      id[at] = hexDigits[rest & 15] ?? 0;
      rest >>= 4;
    }
    this.#counter++;
    return id.toString("latin1", 0, id.length);
  }

  /** As `Date.toISOString()` writes it, at a tenth of its cost while the second is the same. */
  isoTime(unixMs: number): string {
    const second = Math.floor(unixMs / 1_000);
    if (second !== this.#second) {
      this.#time = Buffer.from(new Date(second * 1_000).toISOString(), "latin1");
      this.#second = second;
    }
    const time = this.#time;
    const ms = unixMs - second * 1_000;
    const at = time.length - 4;
    time[at] = digitZero + Math.floor(ms / 100);
    time[at + 1] = digitZero + (Math.floor(ms / 10) % 10);
    time[at + 2] = digitZero + (ms % 10);
    return time.toString("latin1", 0, time.length);
  }

  /** Trace ids of a transaction: a child of what the agent sent, or a root when that is no valid `traceparent`. */
  trace(traceparent: string): TraceIds {
    if (traceparent === "") return createTraceIds(undefined, this.#pool);
    const { traceId, spanId, parentSpanId } = createTraceIds(traceparent, this.#pool);
    return { traceId: flatText(traceId), spanId, parentSpanId: flatText(parentSpanId) };
  }
}

/** For every maker of records, so that one pool of random bytes and one row of ids serve them all. */
export const processStamps = new RecordStamps();

/** With zeros where the counter goes. */
function randomUuid(bytes: Uint8Array): string {
  const marked = Buffer.from(bytes);
  marked[6] = ((marked[6] ?? 0) & 0x0f) | 0x80;
  marked[8] = ((marked[8] ?? 0) & 0x3f) | 0x80;
  marked.fill(0, 14);
  const hex = marked.toString("hex");
  const ends = [0, 8, 12, 16, 20, 32];
  return ends
    .slice(1)
    .map((end, index) => hex.slice(ends[index], end))
    .join("-");
}
