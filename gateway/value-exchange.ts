/**
 * Writes other text over secret values in bytes as they pass, in whatever spelling they stand there and however they are
 * cut. No byte is more or less afterwards, so that lengths and frames around them stay true, and no byte is held longer
 * than it may belong to a value.
 */

import { writeInPlace } from "./credentials/in-place.ts";
import type { FoundNeedle } from "./credentials/needle-search.ts";
import { NeedleSearch } from "./credentials/needle-search.ts";
import { NeedleTrie } from "./credentials/needle-trie.ts";
import type { RenderingForm } from "./credentials/renderings.ts";
import { renderingList, secretParts, SHORTEST_SECRET } from "./credentials/renderings.ts";
import { redactedText } from "./secret-value.ts";

/** What is looked for and what becomes of it. */
export type ExchangeRule =
  /** The other text takes its place: of the same length, equal but for letters, digits, `-` and `_` */
  | { readonly kind: "replace"; readonly from: string; readonly to: string }
  /** A value as it is sent, such as `Bearer …`: it and the secrets in it are made unreadable */
  | { readonly kind: "hide"; readonly from: string }
  /** Left as it is, and told: `isMarked` */
  | { readonly kind: "mark"; readonly from: string };

/** How a text is treated. */
export interface ExchangeOptions {
  /** How values may be spelled: as text in any escaping, or also in Base64 and hexadecimal */
  readonly forms: "text" | "all";
  /** What becomes of a value in whose place another cannot be written: hidden, or left and told as if by `mark` */
  readonly unwritable: "hide" | "mark";
}

/** A needle of the search, found by its mark. */
interface Target {
  readonly kind: ExchangeRule["kind"];
  readonly form: RenderingForm;
  readonly from: string;
  /** Of a `replace` */
  readonly to: string;
}

/** Bytes before a text that tell whether a word begins with it. */
const contextBytes = 6;

const noBytes = Buffer.alloc(0);

/** Rules that are compiled once and applied to many texts. Shows nothing of the values when it is printed. */
export class ValueExchange {
  readonly #search: NeedleSearch;
  readonly #targets: readonly Target[];
  readonly #needsContext: boolean;
  readonly #unwritable: ExchangeOptions["unwritable"];
  /** Escapes only make a text longer */
  readonly #shortest: number;

  /** Of rules for the same text the first applies. */
  constructor(rules: readonly ExchangeRule[], options: ExchangeOptions) {
    const trie = new NeedleTrie();
    const targets: Target[] = [nothing];
    let needsContext = false;
    let shortest = Number.POSITIVE_INFINITY;
    for (const { target, kind } of rules.flatMap((rule) => targetsOf(rule, options.forms))) {
      if (kind === "word") needsContext = true;
      shortest = Math.min(shortest, target.from.length);
      trie.add(Buffer.from(target.from, "latin1"), kind, targets.length);
      targets.push(target);
    }
    this.#search = new NeedleSearch(trie);
    this.#targets = targets;
    this.#needsContext = needsContext;
    this.#unwritable = options.unwritable;
    this.#shortest = shortest;
  }

  /** Begins a text that comes in pieces. */
  open(): ExchangeStream {
    return new ExchangeStream({
      search: this.#search,
      targets: this.#targets,
      needsContext: this.#needsContext,
      unwritable: this.#unwritable,
    });
  }

  /** A whole text with its values exchanged, the same string when it has none. */
  exchangeText(text: string): { readonly text: string; readonly isMarked: boolean } {
    if (text.length < this.#shortest) return { text, isMarked: false };
    const bytes = Buffer.from(text);
    const stream = this.open();
    const exchanged = stream.write(bytes, "last");
    const { isMarked } = stream;
    return { text: exchanged === bytes ? text : exchanged.toString(), isMarked };
  }
}

interface StreamParts {
  readonly search: NeedleSearch;
  readonly targets: readonly Target[];
  readonly needsContext: boolean;
  readonly unwritable: ExchangeOptions["unwritable"];
}

/** One text. */
export class ExchangeStream {
  readonly #parts: StreamParts;
  /** May begin a value; ours */
  #held: Buffer = noBytes;
  /** Passed before `#held` */
  #context: Buffer = noBytes;
  #isMarked = false;

  /** `ValueExchange.open()` makes them. */
  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  /** Whether something of a rule `mark` has passed. */
  get isMarked(): boolean {
    return this.#isMarked;
  }

  /** Bytes that wait for more of the text; few unless a value's beginning is escaped at length. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** What passes of the text so far: the chunk itself, which stays the caller's, or new bytes. */
  write(chunk: Buffer, place: "last" | "more"): Buffer {
    if (chunk.length === 0 && this.#held.length === 0) return chunk;
    const { search, needsContext } = this.#parts;
    const lead = this.#context.length;
    const isAlone = lead === 0 && this.#held.length === 0;
    const text = isAlone ? chunk : Buffer.concat([this.#context, this.#held, chunk]);
    const passed: Buffer[] = [];
    let at = lead;
    let end = text.length;
    for (;;) {
      const found = search.findNext(text, at, place === "last" ? "whole" : "follows");
      if (found === undefined) break;
      if (found.isOpen) {
        end = found.start;
        break;
      }
      passed.push(text.subarray(at, found.start), this.#exchange(text, found));
      at = found.end;
    }
    this.#held = end === text.length ? noBytes : Buffer.from(text.subarray(end));
    if (needsContext) {
      this.#context = Buffer.from(text.subarray(Math.max(0, end - contextBytes), end));
    }
    if (passed.length === 0 && isAlone && end === text.length) return chunk;
    passed.push(text.subarray(at, end));
    return passed.length === 1 ? (passed[0] ?? noBytes) : Buffer.concat(passed);
  }

  #exchange(text: Buffer, { start, end, mark }: FoundNeedle): Buffer {
    const { targets, unwritable } = this.#parts;
    const target = targets[mark] ?? nothing;
    const { kind, form } = target;
    const written = kind === "replace" ? writeOver(text, { start, end }, target) : undefined;
    if (written !== undefined) return written;
    if (kind !== "mark" && unwritable === "hide") return filling(form, end - start);
    this.#isMarked = true;
    return text.subarray(start, end);
  }
}

function writeOver(
  text: Buffer,
  span: { readonly start: number; readonly end: number },
  { form, from, to }: Target,
): Buffer | undefined {
  if (form === "text") return writeInPlace(text, span, { from, to });
  // Digits of Base64 and hexadecimal: what does not decode to the value alone is none of ours.
  return to.length === span.end - span.start ? Buffer.from(to, "latin1") : undefined;
}

/** Stands for needles that overlap, of which none can be written over alone. */
const nothing: Target = { kind: "hide", form: "text", from: "", to: "" };

interface NamedTarget {
  readonly target: Target;
  readonly kind: "anywhere" | "word";
}

function targetsOf(rule: ExchangeRule, forms: ExchangeOptions["forms"]): NamedTarget[] {
  const { kind } = rule;
  const parts = kind === "hide" ? secretParts(rule.from) : [rule.from];
  return parts.flatMap((part) => {
    const texts = renderingList(part);
    const others = kind === "replace" ? renderingList(rule.to) : [];
    return texts.flatMap(({ text: from, form }, index): NamedTarget[] => {
      if (from === "" || (forms === "text" && form !== "text")) return [];
      const target = { kind, form, from, to: others[index]?.text ?? "" };
      return [{ target, kind: part.length < SHORTEST_SECRET ? "word" : "anywhere" }];
    });
  });
}

/** As many bytes that say nothing; what decodes Base64 or hexadecimal goes on to do so. */
function filling(form: RenderingForm, length: number): Buffer {
  switch (form) {
    case "hex":
      return Buffer.alloc(length, "0");
    case "base64":
      return Buffer.alloc(length, "redacted");
    case "text":
      return length < redactedText.length
        ? Buffer.alloc(length, "*")
        : Buffer.from(redactedText.padEnd(length, "*"));
  }
}
