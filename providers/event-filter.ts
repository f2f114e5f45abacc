/**
 * Lets an event stream pass (https://html.spec.whatwg.org/multipage/server-sent-events.html) with some events taken out or
 * replaced. What passes are the upstream's own bytes, whole events at a time.
 */

import { GrowingBytes } from "./growing-bytes.ts";

/** What becomes of events. */
export interface EventFilterOptions {
  /** No more bytes of an event than this are held */
  readonly longestHeld: number;
  /** Whether a longer one passes as it comes, or not at all */
  readonly longer: "pass" | "drop";
  /** What passes in the place of an event with its blank line: itself, another one, or nothing */
  readonly replace: (event: Buffer) => Buffer | undefined;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const nothing = Buffer.alloc(0);
const lineEnd = /\r\n|\r|\n/;

/** Filters one stream. */
export class EventFilter {
  readonly #options: EventFilterOptions;
  /** Of the event that is not whole yet */
  readonly #held = new GrowingBytes();
  /** The event that is not whole yet is too long to be held */
  #isLong = false;
  #isLineEmpty = true;
  #isAfterReturn = false;
  /** The event before was taken out */
  #wasTaken = false;

  constructor(options: EventFilterOptions) {
    this.#options = options;
  }

  /** What may pass, perhaps nothing. The chunk is borrowed, and what comes back may lie in its memory. */
  write(chunk: Buffer): Buffer {
    const passed: Buffer[] = [];
    let start = this.#endLine(chunk, passed);
    let at = start;
    while (at < chunk.length) {
      const end = lineEndAfter(chunk, at);
      if (end === chunk.length) {
        this.#isLineEmpty = false;
        this.#isAfterReturn = false;
        break;
      }
      const isBlank = this.#isLineEmpty && end === at;
      this.#isLineEmpty = true;
      at = this.#passLineEnd(chunk, end);
      if (!isBlank) continue;
      this.#endEvent(chunk.subarray(start, at), passed);
      start = at;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start), passed);
    return passed.length === 1 ? (passed[0] ?? nothing) : Buffer.concat(passed);
  }

  /** What is held of an event that the stream's end cut off. */
  end(): Buffer {
    const rest = this.#held.take();
    this.#forget();
    return rest;
  }

  /** A line feed that ends the line of the chunk before; where the rest begins. */
  #endLine(chunk: Buffer, passed: Buffer[]): number {
    if (!this.#isAfterReturn || chunk.length === 0) return 0;
    this.#isAfterReturn = false;
    if (chunk[0] !== lineFeed) return 0;
    const end = chunk.subarray(0, 1);
    // It belongs to the event that ended with the chunk before, else to the one that is held.
    if (this.#held.length > 0 || this.#isLong) this.#hold(end, passed);
    else if (!this.#wasTaken) passed.push(end);
    return 1;
  }

  #passLineEnd(chunk: Buffer, end: number): number {
    if (chunk[end] === lineFeed) return end + 1;
    this.#isAfterReturn = end + 1 === chunk.length;
    return chunk[end + 1] === lineFeed ? end + 2 : end + 1;
  }

  #endEvent(rest: Buffer, passed: Buffer[]): void {
    const { longestHeld, longer, replace } = this.#options;
    const event = this.#held.length === 0 ? rest : Buffer.concat([this.#held.take(), rest]);
    const isLong = this.#isLong || event.length > longestHeld;
    const kept = isLong ? (longer === "pass" ? event : undefined) : replace(event);
    this.#wasTaken = kept === undefined;
    this.#forget();
    if (kept !== undefined) passed.push(kept);
  }

  #hold(piece: Buffer, passed: Buffer[]): void {
    const { longestHeld, longer } = this.#options;
    if (!this.#isLong && this.#held.length + piece.length <= longestHeld) {
      this.#held.append(piece, 0, piece.length);
      return;
    }
    if (longer === "pass") {
      if (this.#held.length > 0) passed.push(this.#held.take());
      passed.push(piece);
    }
    this.#forget();
    this.#isLong = true;
  }

  #forget(): void {
    this.#held.clear();
    this.#isLong = false;
  }
}

function lineEndAfter(chunk: Buffer, at: number): number {
  for (let index = at; index < chunk.length; index++) {
    const byte = chunk[index];
    if (byte === lineFeed || byte === carriageReturn) return index;
  }
  return chunk.length;
}

/** The data of one event, whose lines it holds; lines of data are joined by line feeds. */
export function eventPayload(event: string): string {
  const data: string[] = [];
  for (const line of event.split(lineEnd)) {
    if (line === "data") data.push("");
    else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
  return data.join("\n");
}
