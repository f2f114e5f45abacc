/**
 * Takes injected credentials out of what is recorded, in every form in which programs repeat them. What is replaced is
 * known, not guessed: only the values that the gateway itself gave out.
 */

import { NeedleSearch } from "./credentials/needle-search.ts";
import type { Spans } from "./credentials/needle-search.ts";
import { NeedleTrie } from "./credentials/needle-trie.ts";
import { renderings, SHORTEST_SECRET, secretParts } from "./credentials/renderings.ts";
import type { SecretValue } from "./secret-value.ts";
import { redactedText } from "./secret-value.ts";

const replacement = Buffer.from(redactedText);

/** Whether a text is all there was, or its end is missing and may have been in the middle of a value. */
export type TextEnd = "whole" | "cut";

/** Replaces known values by `[redacted]`. Shows nothing of them when it is printed. */
export interface ValueRedactor {
  /** The text without the values; the same string when it holds none. */
  redactText(text: string, end?: TextEnd): string;
  /** The bytes without the values; the same buffer, not a copy, when they hold none. */
  redactBytes(bytes: Buffer, end?: TextEnd): Buffer;
}

/**
 * A redactor for these values as they were sent, such as `Bearer …` with or without its scheme. It finds them raw, escaped
 * for URLs, JSON or HTML character by character or nested, in Base64 at any alignment, in hexadecimal, in another case,
 * broken over lines and in UTF-16. A value of fewer than 8 characters is found only as a word of its own: in other words
 * it stands by chance, and where each of those were replaced, the holes would tell the value. Not found is what programs
 * took apart, such as a value over several events of a stream, and what is compressed or encrypted.
 */
export function createValueRedactor(values: Iterable<SecretValue>): ValueRedactor {
  const trie = new NeedleTrie();
  for (const value of values) {
    for (const secret of secretParts(value.reveal())) {
      const kind = secret.length < SHORTEST_SECRET ? "word" : "anywhere";
      for (const needle of renderings(secret)) trie.add(needle, kind);
    }
  }
  return new NeedleRedactor(new NeedleSearch(trie));
}

class NeedleRedactor implements ValueRedactor {
  readonly #search: NeedleSearch;

  constructor(search: NeedleSearch) {
    this.#search = search;
  }

  redactText(text: string, end: TextEnd = "whole"): string {
    const bytes = Buffer.from(text);
    const redacted = this.redactBytes(bytes, end);
    return redacted === bytes ? text : redacted.toString();
  }

  redactBytes(bytes: Buffer, end: TextEnd = "whole"): Buffer {
    const spans = this.#search.find(bytes, end);
    return spans === undefined ? bytes : replaceSpans(bytes, spans);
  }
}

function replaceSpans(bytes: Buffer, { starts, ends }: Spans): Buffer {
  const parts: Buffer[] = [];
  let keptFrom = 0;
  for (const [index, start] of starts.entries()) {
    parts.push(bytes.subarray(keptFrom, start), replacement);
    keptFrom = ends[index] ?? start;
  }
  parts.push(bytes.subarray(keptFrom));
  return Buffer.concat(parts);
}
