/** Ids of records, and the trace ids of their spans: random where they are born, cheap for each record. */

import { randomBytes } from "node:crypto";
import type { RandomBytes, TraceIds } from "../trace-context.ts";
import { createRandomPool, createTraceIds } from "../trace-context.ts";

/** Counters of 24 bits each: the low one fills 6 digits, the high one the 6 before. */
const counterLimit = 0x1000000;

/** Makes the ids of one process; asks for no random bytes before the first id. */
export class RecordIds {
  readonly #random: RandomBytes;
  readonly #pool: RandomBytes;
  #prefix = "";
  #counter = counterLimit;

  /** `random` gives the bytes of everything; by default the system does. */
  constructor(random?: RandomBytes) {
    this.#random = random ?? randomBytes;
    this.#pool = random ?? createRandomPool();
  }

  /**
   * The next id: a UUID of version 8 (RFC 9562 section 5.8) that is 98 random bits and a counter of 24. The random part is new
   * in every process and whenever the counter is through, so that ids are unique over restarts.
   */
  next(): string {
    if (this.#counter === counterLimit) {
      this.#prefix = randomPrefix(this.#random(16));
      this.#counter = 0;
    }
    // With the leading 1, every number has seven digits.
    const digits = (counterLimit + this.#counter).toString(16);
    this.#counter++;
    return this.#prefix + digits.slice(1);
  }

  /** Trace ids of a transaction; a child where the agent sent a valid `traceparent`, empty when it sent none. */
  trace(traceparent: string): TraceIds {
    return createTraceIds(traceparent === "" ? undefined : traceparent, this.#pool);
  }
}

/** The ids of this process. */
export const processRecordIds = new RecordIds();

function randomPrefix(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  const variant = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant.toString(16)}${hex.slice(18, 20)}`,
    hex.slice(20, 26),
  ];
  return parts.join("-");
}
