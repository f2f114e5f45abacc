/** The last bytes of a stream: where a call fails in mid-stream, the error is a bare document after the events. */

import type { JsonValue } from "../json-text.ts";
import { parseJsonText } from "../json-text.ts";

/** Longer than any error's document. */
const longest = 16 * 1024;
const blankLines = /\r\n\r\n|\n\n|\r\r/g;

/** Keeps the last bytes of one stream. */
export class StreamTail {
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** Goes on with a piece, which is borrowed. */
  write(chunk: Buffer): void {
    if (this.#bytes.length === 0) this.#bytes = Buffer.allocUnsafe(2 * longest);
    const piece = chunk.length > longest ? chunk.subarray(chunk.length - longest) : chunk;
    if (this.#length + piece.length > this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#length - longest, this.#length);
      this.#length = longest;
    }
    this.#length += piece.copy(this.#bytes, this.#length);
  }

  /** The document that stands after the last event; undefined when there is none. */
  document(): JsonValue | undefined {
    const start = Math.max(this.#length - longest, 0);
    const text = this.#bytes.toString("utf8", start, this.#length).trimEnd();
    let at = 0;
    for (const { index, 0: line } of text.matchAll(blankLines)) at = index + line.length;
    const last = text.slice(at).trim();
    if (!last.startsWith("{") && !last.startsWith("[")) return undefined;
    const parsed = parseJsonText(last);
    return parsed.kind === "value" ? parsed.value : undefined;
  }
}
