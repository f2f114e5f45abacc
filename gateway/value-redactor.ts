/**
 * Takes injected credentials out of what is recorded, in every form in which programs repeat them. What is replaced is
 * known, not guessed: only the values that the gateway itself gave out.
 */

import { NeedleAbsence } from "./credentials/needle-absence.ts";
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
  /** The same of bytes as characters, one to one: a body need not be UTF-8, and what is no value keeps its bytes. */
  redactLatin1(text: string, end?: TextEnd): string;
}

/** One that another can be made of, for more values. */
export interface GrowingRedactor extends ValueRedactor {
  /**
   * One for these values, too: what it costs goes by their number, and not by that of all. Both share their memory, so
   * that a value is forgotten with the last of them.
   */
  with(more: Iterable<SecretValue>): GrowingRedactor;
}

/**
 * A redactor for these values as they were sent, such as `Bearer …` with or without its scheme. It finds them raw, escaped
 * for URLs, JSON or HTML character by character or nested, in Base64 at any alignment, in hexadecimal, in another case,
 * broken over lines and in UTF-16. A value of fewer than 8 characters is found only as a word of its own: in other words
 * it stands by chance, and where each of those were replaced, the holes would tell the value. Not found is what programs
 * took apart, such as a value over several events of a stream, and what is compressed or encrypted.
 */
export function createValueRedactor(values: Iterable<SecretValue>): GrowingRedactor {
  return new NeedleRedactor(values);
}

class NeedleRedactor implements GrowingRedactor {
  readonly #trie: NeedleTrie;
  readonly #search: NeedleSearch;
  readonly #absence: NeedleAbsence;

  constructor(values: Iterable<SecretValue>, before?: NeedleRedactor) {
    const trie = before === undefined ? new NeedleTrie() : before.#trie;
    const needles = addNeedles(trie, values);
    this.#trie = trie;
    this.#search = new NeedleSearch(trie);
    this.#absence = new NeedleAbsence(trie, before && { absence: before.#absence, needles });
  }

  with(more: Iterable<SecretValue>): GrowingRedactor {
    return new NeedleRedactor(more, this);
  }

  redactText(text: string, end: TextEnd = "whole"): string {
    return this.#redact(text, end, "utf8");
  }

  redactLatin1(text: string, end: TextEnd = "whole"): string {
    return this.#redact(text, end, "latin1");
  }

  #redact(text: string, end: TextEnd, encoding: "utf8" | "latin1"): string {
    // What was cut off may have been a value that only its beginning is left of.
    if (end === "whole" && this.#absence.isSure(text)) return text;
    const bytes = Buffer.from(text, encoding);
    const spans = this.#search.find(bytes, end);
    return spans === undefined ? text : replaceSpans(bytes, spans).toString(encoding);
  }
}

/** Gives what was added. */
function addNeedles(trie: NeedleTrie, values: Iterable<SecretValue>): readonly Uint8Array[] {
  const needles: Uint8Array[] = [];
  for (const value of values) {
    for (const secret of secretParts(value.reveal())) {
      const kind = secret.length < SHORTEST_SECRET ? "word" : "anywhere";
      for (const needle of renderings(secret)) {
        trie.add(needle, kind);
        needles.push(needle);
      }
    }
  }
  return needles;
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
