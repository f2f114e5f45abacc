/**
 * Tells of most texts at a glance that no needle stands in them. Whatever a needle's characters are escaped as, the whole
 * of it is a run of bytes of its own and of those that escapes are made of; texts are words, and words are shorter.
 */

import type { NeedleTrie, TrieNode } from "./needle-trie.ts";
import { NEEDLE_KIND } from "./needle-trie.ts";

/** What escapes are made of beside characters that stand for themselves; also what may stand between characters. */
const alwaysInRun = /[\w#&%+\\;{}\0\r\n]/;

const beyondAscii = /[^\0-\x7f]/;

/**
 * Steps through the trie in which needles are looked for within others, some 0.1 s. Of what is left then, each needle
 * counts by itself, and more texts are searched.
 */
const mostSteps = 1_000_000;

/** What was told of a trie before needles were added to it. */
export interface AbsenceBefore {
  readonly absence: NeedleAbsence;
  /** Added since */
  readonly needles: Iterable<Uint8Array>;
}

/** Of the needles of one trie; those that are added to it later are not among them. */
export class NeedleAbsence {
  /** 1 for each byte that a needle may consist of, however it is written */
  readonly #inRun = new Uint8Array(256);
  /** A character of such a needle may be several bytes of a run */
  readonly #isBeyondAscii: boolean;
  /** Bytes of the shortest needle; 0 when there is none */
  #shortest = 0;
  #stepsLeft = mostSteps;

  /** Looks at all needles of the trie, or at those that are new since `before`, which then are to be all. */
  constructor(trie: NeedleTrie, before?: AbsenceBefore) {
    if (before === undefined) {
      for (let byte = 0; byte < 256; byte++) {
        if (alwaysInRun.test(String.fromCharCode(byte))) this.#inRun[byte] = 1;
      }
    } else {
      this.#inRun.set(before.absence.#inRun);
      this.#shortest = before.absence.#shortest;
    }
    for (const needle of before?.needles ?? trie.needles()) {
      if (!this.#isKnown(needle) && !this.#holdsAnother(trie, needle)) this.#add(needle);
    }
    this.#isBeyondAscii = this.#inRun.subarray(0x80).includes(1);
  }

  /**
   * Whether the whole text is sure to hold no needle in any form. Its characters are bytes, or those of Unicode; false
   * says nothing.
   */
  isSure(text: string): boolean {
    const shortest = this.#shortest;
    const inRun = this.#inRun;
    if (shortest === 0) return true;
    if (this.#isBeyondAscii && beyondAscii.test(text)) return false;
    let start = 0;
    while (start + shortest <= text.length) {
      // From the end, so that the rest of a run that is too short is never looked at.
      let at = start + shortest - 1;
      while (at >= start && inRun[text.charCodeAt(at)] === 1) at--;
      if (at < start) return false;
      start = at + 1;
    }
    return true;
  }

  /** Whether every run that the needle may be is one already. */
  #isKnown(needle: Uint8Array): boolean {
    const inRun = this.#inRun;
    if (this.#shortest === 0 || needle.length < this.#shortest) return false;
    for (const byte of needle) if (inRun[byte] !== 1) return false;
    return true;
  }

  /** Whether a shorter needle is a part of it, as that behind `Bearer ` is: where the longer one stands, so does that. */
  #holdsAnother(trie: NeedleTrie, needle: Uint8Array): boolean {
    for (let start = 0; start < needle.length; start++) {
      let node: TrieNode = 0;
      for (let at = start; at < needle.length; at++) {
        if (this.#stepsLeft-- <= 0) return false;
        node = trie.child(node, needle[at] ?? 0);
        if (node === 0) break;
        const isWhole = start === 0 && at === needle.length - 1;
        if (!isWhole && trie.kind(node) === NEEDLE_KIND.anywhere) return true;
      }
    }
    return false;
  }

  #add(needle: Uint8Array): void {
    for (const byte of needle) this.#inRun[byte] = 1;
    this.#shortest = Math.min(this.#shortest || needle.length, needle.length);
  }
}
