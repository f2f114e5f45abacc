/**
 * Finds needles in bytes of any kind, escaped in whatever way and broken over lines. Linear in the text: each position
 * costs one look into a table, and where a needle may begin at most a few times its length.
 */

import { EscapeReader, escapeMarks } from "./escape-reader.ts";
import type { NeedleTrie, TrieNode } from "./needle-trie.ts";
import { NEEDLE_KIND } from "./needle-trie.ts";

/** Fewest characters of a needle that are taken for its beginning where a text was cut off. */
const fewestOfCut = 4;

/** Line ends and the zeros of UTF-16 may stand between characters of a needle, so many at once. */
const maxSkipped = 4;

/** A text can be read in two ways only where a needle itself holds escapes, which is rare. */
const maxBranches = 64;

/** Longest escape of one character that is looked for across the end of a text. */
const longestEscape = 32;

/** 1 for what escapes are made of. */
const escapeBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  return /[\w#&%\\;{}]/.test(String.fromCharCode(byte)) ? 1 : 0;
});

const noText = new Uint8Array();

/** Parts of a text, in order, without overlaps; `ends` are exclusive. */
export interface Spans {
  readonly starts: number[];
  readonly ends: number[];
}

/** A needle, or several that overlap. */
export interface FoundNeedle {
  readonly start: number;
  /** Exclusive */
  readonly end: number;
  /** As the needle was added; 0 for several that overlap */
  readonly mark: number;
  /** Whether more of the text decides what it is: it lasts to the end of the text so far */
  readonly isOpen: boolean;
}

/** Searches for the needles of one trie; those that are added to it later are found by chance. */
export class NeedleSearch {
  readonly #trie: NeedleTrie;
  /** 1 for each two bytes that a needle may begin with */
  readonly #beginnings = new Uint8Array(0x1_0000);
  readonly #reader = new EscapeReader();
  #text: Uint8Array = noText;
  #isWordStart = false;
  /** The text ends within a needle */
  #isOpen = false;
  #stepsLeft = 0;
  #branchesLeft = 0;
  /** Where `#followMark()` leads */
  #next: TrieNode = 0;
  #nextAt = 0;
  /** Fewest characters of a needle that are one which begins at the end of the text; 0: an escape may begin there too */
  #fewestOpen = fewestOfCut;
  /** End and mark of the longest needle of a match */
  #bestEnd = -1;
  #bestMark = 0;

  constructor(trie: NeedleTrie) {
    this.#trie = trie;
    this.#markBeginnings();
  }

  /**
   * All parts that are covered by needles, those that overlap or touch joined. Of a text that was `cut` off, an end that
   * may be the beginning of a needle is one too. Undefined when there are none.
   */
  find(text: Uint8Array, end: "whole" | "cut"): Spans | undefined {
    let spans: Spans | undefined;
    this.#text = text;
    this.#fewestOpen = fewestOfCut;
    const beginnings = this.#beginnings;
    const last = text.length - 1;
    // Nearly all positions end here, so that nothing else is looked at for them.
    for (let at = 0; at <= last; at++) {
      if (at < last && beginnings[((text[at] ?? 0) << 8) | (text[at + 1] ?? 0)] === 0) continue;
      const found = this.#match(at);
      const until = this.#isOpen && end === "cut" ? text.length : found;
      if (until <= at) continue;
      spans ??= { starts: [], ends: [] };
      addSpan(spans, at, until);
    }
    this.#text = noText;
    return spans;
  }

  /**
   * The first needle from `from` on in a text of which perhaps more `follows`; undefined for none. Bytes before `from` are
   * looked at to see where words begin.
   */
  findNext(text: Uint8Array, from: number, end: "whole" | "follows"): FoundNeedle | undefined {
    const follows = end === "follows";
    this.#text = text;
    this.#fewestOpen = follows ? 0 : text.length;
    for (let at = from; at < text.length; at++) {
      const until = this.#matchFast(at);
      if (follows && this.#isOpen) return this.#found(at, text.length, true);
      if (until > at) return this.#join(at, until, follows);
    }
    this.#text = noText;
    return undefined;
  }

  /** Needles that begin within the one that was found and end behind it belong to it. */
  #join(start: number, first: number, follows: boolean): FoundNeedle {
    let stop = first;
    let mark = this.#bestMark;
    for (let at = start + 1; at < stop; at++) {
      const until = this.#matchFast(at);
      if (follows && this.#isOpen) return this.#found(start, this.#text.length, true);
      if (until <= stop) continue;
      stop = until;
      mark = 0;
    }
    this.#bestMark = mark;
    return this.#found(start, stop, false);
  }

  #found(start: number, end: number, isOpen: boolean): FoundNeedle {
    this.#text = noText;
    return { start, end, mark: isOpen ? 0 : this.#bestMark, isOpen };
  }

  #matchFast(at: number): number {
    const text = this.#text;
    const pair = ((text[at] ?? 0) << 8) | (text[at + 1] ?? 0);
    this.#isOpen = false;
    return this.#beginnings[pair] === 0 && at + 1 < text.length ? -1 : this.#match(at);
  }

  /** End of the longest needle from `start` on; -1 for none. */
  #match(start: number): number {
    this.#isOpen = false;
    this.#isWordStart = isBoundaryBefore(this.#text, start);
    this.#stepsLeft = this.#trie.longest * 2 + 64;
    this.#branchesLeft = maxBranches;
    this.#bestEnd = -1;
    this.#bestMark = 0;
    this.#follow(0, start, 0);
    return this.#bestEnd;
  }

  /** The same from a node that was reached by `matched` characters: notes the longest needle. */
  #follow(from: TrieNode, start: number, matched: number): void {
    const text = this.#text;
    let node = from;
    let at = start;
    let count = matched;
    let skipped = 0;
    while (this.#stepsLeft-- > 0) {
      if (skipped === 0 && at > this.#bestEnd && this.#isEnd(node, at)) {
        this.#bestEnd = at;
        this.#bestMark = this.#trie.mark(node);
      }
      const byte = text[at];
      if (byte === undefined) {
        if (count >= Math.max(this.#fewestOpen, 1) && this.#mayGoOn(node)) this.#isOpen = true;
        return;
      }
      if (escapeMarks[byte] === 1) this.#followMark(node, at, count);
      else {
        this.#next = this.#step(node, byte);
        this.#nextAt = at + 1;
      }
      if (this.#next === 0) return;
      if (this.#next !== node) {
        count++;
        skipped = 0;
      } else if (++skipped > maxSkipped) return;
      node = this.#next;
      at = this.#nextAt;
    }
  }

  /** Sets where one reading of the mark at `at` leads, and follows all others itself. */
  #followMark(node: TrieNode, at: number, count: number): void {
    const text = this.#text;
    const reader = this.#reader;
    let next = this.#step(node, text[at] ?? 0);
    let nextAt = at + 1;
    let isRead = reader.read(text, at);
    while (isRead) {
      const { byte, end } = reader;
      const child = this.#step(node, byte);
      if (child !== 0 && next === 0) {
        next = child;
        nextAt = end;
      } else if (child !== 0 && this.#branchesLeft-- > 0) {
        this.#follow(child, end, count + 1);
        reader.byte = byte;
        reader.end = end;
      }
      isRead = reader.readDeeper(text);
    }
    if (count >= this.#fewestOpen && isCutEscape(text, at)) this.#isOpen = true;
    this.#next = next;
    this.#nextAt = nextAt;
  }

  /** A whole needle at the end of the text is no beginning of one, unless a longer one or the end of a word decides. */
  #mayGoOn(node: TrieNode): boolean {
    return this.#trie.kind(node) !== NEEDLE_KIND.anywhere || this.#trie.goesOn(node);
  }

  /** The node after a byte; the same node where the byte may be left out, 0 where nothing goes on. */
  #step(node: TrieNode, byte: number): TrieNode {
    const child = this.#trie.child(node, byte);
    return child === 0 && isSkipped(byte) ? node : child;
  }

  #isEnd(node: TrieNode, at: number): boolean {
    const kind = this.#trie.kind(node);
    if (kind !== NEEDLE_KIND.word) return kind === NEEDLE_KIND.anywhere;
    return this.#isWordStart && !isWordByte(this.#text[at] ?? 0);
  }

  #markBeginnings(): void {
    for (const first of this.#trie.following(0)) {
      const node = this.#trie.child(0, first);
      const row = this.#beginnings.subarray(first << 8, (first + 1) << 8);
      if (this.#trie.kind(node) !== NEEDLE_KIND.none) row.fill(1);
      for (const second of this.#trie.following(node)) row[second] = 1;
      for (let second = 0; second < 256; second++) {
        if (escapeMarks[second] === 1 || isSkipped(second)) row[second] = 1;
      }
    }
    if (this.#trie.longest === 0) return;
    for (let mark = 0; mark < 256; mark++) {
      if (escapeMarks[mark] === 1) this.#beginnings.fill(1, mark << 8, (mark + 1) << 8);
    }
  }
}

/** Whether the text ends within what may be an escape that begins at `at`: all of it could stand in one. */
function isCutEscape(text: Uint8Array, at: number): boolean {
  if (at + longestEscape <= text.length || text[at] === 0x2b) return false;
  for (let next = at + 1; next < text.length; next++) {
    if (escapeBytes[text[next] ?? 0] === 0) return false;
  }
  return true;
}

/** Joins the part with the one before when they overlap or touch. */
function addSpan({ starts, ends }: Spans, start: number, end: number): void {
  const last = ends.length - 1;
  const lastEnd = ends[last] ?? -1;
  if (start > lastEnd) {
    starts.push(start);
    ends.push(end);
  } else if (end > lastEnd) ends[last] = end;
}

function isSkipped(byte: number): boolean {
  return byte === 0 || byte === 0x0a || byte === 0x0d;
}

/** Whether no word goes on at `at`, be it that the letter before it ends an escape such as `\\n` or `%20`. */
function isBoundaryBefore(text: Uint8Array, at: number): boolean {
  if (at === 0 || !isWordByte(text[at - 1] ?? 0)) return true;
  if (text[at - 2] === 0x5c || text[at - 3] === 0x25) return true;
  const isHexLiteral = text[at - 4] === 0x5c && text[at - 3] === 0x78;
  return isHexLiteral || (text[at - 6] === 0x5c && text[at - 5] === 0x75);
}

/** Letters, digits and `_`; any part of a character beyond ASCII too. */
function isWordByte(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte >= 0x80;
}
