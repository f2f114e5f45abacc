/**
 * Which places of our code ran, by V8's precise coverage within this thread. Taking it costs about half a millisecond
 * and running under it a fifth more time, so that it is taken for many inputs at once. Functions that were compiled
 * before are only told as a whole: whoever wants more loads them afterwards, and without Node's cache of compiled code.
 */

import { Session } from "node:inspector";
import type { Profiler } from "node:inspector";

/** Places that ran: for each script, by its id, one byte for each character of its source. */
export type Places = ReadonlyMap<string, Uint8Array>;

/** Places that ran so far, and those that are new. */
export class Coverage {
  readonly #session = new Session();
  readonly #parts: readonly string[];
  readonly #known = new Map<string, Uint8Array>();
  #size = 0;

  /** Watches files whose URL contains one of these parts. */
  constructor(parts: readonly string[]) {
    this.#parts = parts;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Characters of source that ran so far. */
  get size(): number {
    return this.#size;
  }

  /** What ran since the last call of this. */
  take(): Places {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error === null) scripts = taken.result;
    });
    const own = scripts.filter(({ url }) => this.#parts.some((part) => url.includes(part)));
    return new Map(own.map((script) => [script.scriptId, paint(script)]));
  }

  /** Whether one of the places is new. */
  isNew(places: Places): boolean {
    for (const [id, marks] of places) {
      const known = this.#known.get(id);
      if (marks.some((mark, at) => mark === 1 && known?.[at] !== 1)) return true;
    }
    return false;
  }

  /** Remembers places. */
  add(places: Places): void {
    for (const [id, marks] of places) {
      const before = this.#known.get(id) ?? new Uint8Array(0);
      const known = before.length < marks.length ? new Uint8Array(marks.length) : before;
      if (known !== before) known.set(before);
      for (let at = 0; at < marks.length; at++) {
        if (marks[at] !== 1 || known[at] === 1) continue;
        known[at] = 1;
        this.#size++;
      }
      this.#known.set(id, known);
    }
  }

  /** Forgets all places. */
  forget(): void {
    this.#known.clear();
    this.#size = 0;
  }

  /** Ends the counting. */
  close(): void {
    this.#session.disconnect();
  }

  /** The same, where a block ends. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Ranges stand in each other, the inner ones later; a block is only told where its count differs from that around it. */
function paint({ functions }: Profiler.ScriptCoverage): Uint8Array {
  const ranges = functions.flatMap((one) => one.ranges);
  const marks = new Uint8Array(Math.max(0, ...ranges.map(({ endOffset }) => endOffset)));
  for (const { startOffset, endOffset, count } of ranges) {
    marks.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  return marks;
}
