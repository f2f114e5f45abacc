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

/** Longest escape of one character. */
const longestEscape = 16;

/** Parts of a text, in order, without overlaps; `ends` are exclusive. */
export interface Spans {
  readonly starts: number[];
  readonly ends: number[];
}

/** Searches for the needles of one trie, which must be complete. */
export class NeedleSearch {
  readonly #trie: NeedleTrie;
  /** 1 for each two bytes that a needle may begin with */
  readonly #beginnings = new Uint8Array(0x1_0000);
  readonly #reader = new EscapeReader();
  #text: Uint8Array = new Uint8Array();
  #isWordStart = false;
  /** The text ends within a needle */
  #isOpen = false;
  #stepsLeft = 0;
  #branchesLeft = 0;
  /** Where `#followMark()` leads */
  #next: TrieNode = 0;
  #nextAt = 0;

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
    for (let at = 0; at < text.length; at++) {
      const pair = ((text[at] ?? 0) << 8) | (text[at + 1] ?? 0);
      if (this.#beginnings[pair] === 0 && at + 1 < text.length) continue;
      const found = this.#match(at);
      const until = this.#isOpen && end === "cut" ? text.length : found;
      if (until <= at) continue;
      spans ??= { starts: [], ends: [] };
      addSpan(spans, at, until);
    }
    this.#text = new Uint8Array();
    return spans;
  }

  /** End of the longest needle from `start` on; -1 for none. */
  #match(start: number): number {
    this.#isOpen = false;
    this.#isWordStart = isBoundaryBefore(this.#text, start);
    this.#stepsLeft = this.#trie.longest * 2 + 64;
    this.#branchesLeft = maxBranches;
    return this.#follow(0, start, 0);
  }

  /** The same from a node that was reached by `matched` characters. */
  #follow(from: TrieNode, start: number, matched: number): number {
    const text = this.#text;
    let node = from;
    let at = start;
    let count = matched;
    let skipped = 0;
    let best = -1;
    while (this.#stepsLeft-- > 0) {
      if (skipped === 0 && this.#isEnd(node, at)) best = at;
      const byte = text[at];
      if (byte === undefined) {
        if (count >= fewestOfCut) this.#isOpen = true;
        return best;
      }
      if (escapeMarks[byte] === 1) {
        best = Math.max(best, this.#followMark(node, at, count));
      } else {
        this.#next = this.#step(node, byte);
        this.#nextAt = at + 1;
      }
      if (this.#next === 0) return best;
      if (this.#next !== node) {
        count++;
        skipped = 0;
      } else if (++skipped > maxSkipped) return best;
      node = this.#next;
      at = this.#nextAt;
    }
    return best;
  }

  /** Sets where one reading of the mark at `at` leads, and follows all others itself: end of their longest needle. */
  #followMark(node: TrieNode, at: number, count: number): number {
    const text = this.#text;
    const reader = this.#reader;
    let best = -1;
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
        best = Math.max(best, this.#follow(child, end, count + 1));
        reader.byte = byte;
        reader.end = end;
      }
      isRead = reader.readDeeper(text);
    }
    if (count >= fewestOfCut && at + longestEscape > text.length) this.#isOpen = true;
    this.#next = next;
    this.#nextAt = nextAt;
    return best;
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
