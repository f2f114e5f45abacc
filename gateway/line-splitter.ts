/**
 * Lines out of a byte stream, whatever its chunks: a character or a line may be split anywhere.
 * Invariant: memory is bounded by the longest line allowed; a longer one is dropped whole and counted.
 */
import { StringDecoder } from "node:string_decoder";

/** A record line may hold a long target; what is larger is not ours. */
const maxLineCharacters = 4 * 1024 * 1024;

/** Splits one stream; make one for each. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #maxCharacters: number;
  #rest = "";
  #isSkipping = false;
  #dropped = 0;

  constructor(options: { readonly maxCharacters?: number } = {}) {
    this.#maxCharacters = options.maxCharacters ?? maxLineCharacters;
  }

  /** Lines that were longer than allowed */
  get dropped(): number {
    return this.#dropped;
  }

  /** The lines that this chunk completes, without their ends (LF or CRLF). */
  push(chunk: Uint8Array): string[] {
    return this.#split(this.#decoder.write(Buffer.from(chunk)));
  }

  /** The last line, when the stream ended without a line end. */
  end(): string[] {
    const lines = this.#split(this.#decoder.end());
    const last = withoutReturn(this.#rest);
    this.#rest = "";
    return last === "" || this.#isSkipping ? lines : [...lines, last];
  }

  #split(text: string): string[] {
    const pieces = text.split("\n");
    const last = pieces.pop() ?? "";
    const lines: string[] = [];
    for (const piece of pieces) {
      const line = withoutReturn(this.#rest + piece);
      this.#rest = "";
      if (this.#isSkipping) this.#isSkipping = false;
      else if (line.length > this.#maxCharacters) this.#dropped++;
      else lines.push(line);
    }
    this.#keep(last);
    return lines;
  }

  #keep(text: string): void {
    if (this.#isSkipping) return;
    this.#rest += text;
    // One more for a carriage return that is no part of the line.
    if (this.#rest.length <= this.#maxCharacters + 1) return;
    this.#rest = "";
    this.#isSkipping = true;
    this.#dropped++;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
