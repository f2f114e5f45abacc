/**
 * Numbers in the order of storing, for following without a loss: Unix milliseconds times 2^20, plus a count. Each is
 * above all before it, also after a restart and when the clock goes back.
 */
import type { Clock } from "../../gateway/clock.ts";

const countBits = 20n;

/** Gives numbers; one for all writers of a store. */
export class IngestSequence {
  readonly #clock: Clock;
  #last: bigint;

  /** Goes on after `last`, the highest number that was given before; 0n for a new store. */
  constructor(clock: Clock, last: bigint) {
    this.#clock = clock;
    this.#last = last;
  }

  /** The highest number that was given. */
  get last(): bigint {
    return this.#last;
  }

  /** Takes `count` numbers in a row and gives the first. */
  reserve(count: number): bigint {
    const now = BigInt(this.#clock.now()) << countBits;
    const first = now > this.#last ? now : this.#last + 1n;
    this.#last = first + BigInt(Math.max(count, 1)) - 1n;
    return first;
  }

  /** Takes note of numbers that were given by somebody before us. */
  raise(last: bigint): void {
    if (last > this.#last) this.#last = last;
  }
}

/** The lowest sequence of a time in Unix `ms`. */
export function sequenceAt(unixMs: number): bigint {
  return BigInt(Math.max(0, Math.trunc(unixMs))) << countBits;
}

/** The Unix `ms` at which a sequence was given, or before it where the clock went back. */
export function sequenceMs(sequence: bigint): number {
  return Number(sequence >> countBits);
}

/** Sequences of one partition of the tables: four hours. The SQL of the schema has the same number. */
export const sequencesPerPartition: bigint = BigInt(4 * 3_600_000) << countBits;
