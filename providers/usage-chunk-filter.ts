/**
 * Takes the chunk that holds a stream's usage out of chat completion chunks, for an agent that did not ask for it. What
 * passes are the upstream's own bytes, whole events at a time.
 */

import { GrowingBytes } from "./growing-bytes.ts";
import { isJsonObject, parseJsonText } from "./json-text.ts";
import { isJsonList } from "./openai/body-reader.ts";

/** A filter for one stream. */
export interface UsageChunkFilter {
  /** What may pass, perhaps nothing. The chunk is borrowed, and what comes back may lie in its memory */
  write(chunk: Buffer): Buffer;
  /** What is held of an event that the stream's end cut off */
  end(): Buffer;
}

/** A longer event is no chunk of usage: it passes as it comes, so that no more than this is held. */
const longestHeld = 65_536;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const nothing = Buffer.alloc(0);

/** Cheaper than a look at every event's JSON; the one that matters holds it. */
const emptyChoices = /"choices"\s*:\s*\[\s*\]/;
const lineEnd = /\r\n|\r|\n/;

/** A filter that takes out events whose JSON has `choices` without any and `usage`. */
export function createUsageChunkFilter(): UsageChunkFilter {
  return new EventFilter();
}

class EventFilter implements UsageChunkFilter {
  /** Of the event that is not whole yet */
  readonly #held = new GrowingBytes();
  /** The event that is not whole yet is too long to be held */
  #isPassing = false;
  #isLineEmpty = true;
  #isAfterReturn = false;
  /** The event before was taken out */
  #wasTaken = false;

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
    if (this.#held.length > 0 || this.#isPassing) this.#hold(end, passed);
    else if (!this.#wasTaken) passed.push(end);
    return 1;
  }

  #passLineEnd(chunk: Buffer, end: number): number {
    if (chunk[end] === lineFeed) return end + 1;
    this.#isAfterReturn = end + 1 === chunk.length;
    return chunk[end + 1] === lineFeed ? end + 2 : end + 1;
  }

  #endEvent(rest: Buffer, passed: Buffer[]): void {
    const event = this.#held.length === 0 ? rest : Buffer.concat([this.#held.take(), rest]);
    const isLong = this.#isPassing || event.length > longestHeld;
    this.#wasTaken = !isLong && isUsageChunk(event);
    this.#forget();
    if (!this.#wasTaken) passed.push(event);
  }

  #hold(piece: Buffer, passed: Buffer[]): void {
    if (!this.#isPassing && this.#held.length + piece.length <= longestHeld) {
      this.#held.append(piece, 0, piece.length);
      return;
    }
    if (this.#held.length > 0) passed.push(this.#held.take());
    passed.push(piece);
    this.#forget();
    this.#isPassing = true;
  }

  #forget(): void {
    this.#held.clear();
    this.#isPassing = false;
  }
}

function lineEndAfter(chunk: Buffer, at: number): number {
  for (let index = at; index < chunk.length; index++) {
    const byte = chunk[index];
    if (byte === lineFeed || byte === carriageReturn) return index;
  }
  return chunk.length;
}

function isUsageChunk(event: Buffer): boolean {
  const text = event.toString("utf8");
  if (!emptyChoices.test(text)) return false;
  const parsed = parseJsonText(dataOf(text));
  if (parsed.kind === "malformed" || !isJsonObject(parsed.value)) return false;
  const { choices, usage } = parsed.value;
  return isJsonList(choices) && choices.length === 0 && isJsonObject(usage);
}

/** The data of one event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function dataOf(event: string): string {
  const data: string[] = [];
  for (const line of event.split(lineEnd)) {
    if (line === "data") data.push("");
    else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
  return data.join("\n");
}
