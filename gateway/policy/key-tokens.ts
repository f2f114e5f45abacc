/**
 * Takes tokens of the shape of a key out of running text, such as a prompt or a dump of a configuration. One walk over the
 * text; what stands before a token, be it a name, a quote or an escape, does not hide it.
 */

import { isKeyShaped, mayBeginKey } from "../key-shape.ts";
import type { Span } from "../redaction/spans.ts";
import { replaceSpans } from "../redaction/spans.ts";
import { redactedText } from "../secret-value.ts";
import type { TextEnd } from "../value-redactor.ts";

/** Nothing shorter has the shape of a key. */
const shortestKey = 11;

/** Enough of a token to know it by. */
const longestHead = 256;

/** Stands for what was cut off: digits that complete any prefix of a vendor. */
const missingEnd = "0".repeat(48);

/** Lengths of escapes whose last letters look like the first of a token: `\n`, `\x20`, `\u0020` and `%20`. */
const literalLengths: Readonly<Record<string, number>> = {
  b: 1,
  f: 1,
  n: 1,
  r: 1,
  t: 1,
  x: 3,
  u: 5,
};
const percentLength = 2;

/**
 * The text, each token of a known key's shape replaced by `[redacted]`; the same string when there is none. Of a text that
 * was `cut` off, a last token that begins like a key is one.
 */
export function redactKeyTokens(text: string, end: TextEnd = "whole"): string {
  const found: Span[] = [];
  findKeyTokens(text, end, found);
  return replaceSpans(text, found, redactedText);
}

/** Adds the places of such tokens, in order. */
export function findKeyTokens(text: string, end: TextEnd, found: Span[]): void {
  const walk = new TokenWalk(text, end);
  while (walk.next()) {
    const isCut = end === "cut" && walk.stop === text.length;
    if (walk.stop - walk.start < shortestKey && !isCut) continue;
    const key = findKey(text, walk, isCut);
    if (key >= 0) found.push({ start: key, end: walk.stop });
  }
}

/** Goes from one run of the characters of keys to the next; of a text that is whole, those that are too short are left out. */
class TokenWalk {
  readonly #text: string;
  readonly #end: TextEnd;
  start = 0;
  /** Exclusive */
  stop = 0;
  /** Position of the dot before the last one in the token; -1 when it has no two */
  secondLastDot = -1;

  constructor(text: string, end: TextEnd) {
    this.#text = text;
    this.#end = end;
  }

  next(): boolean {
    const text = this.#text;
    let at = this.#end === "cut" ? this.stop : this.#findLong();
    while (at < text.length && !isTokenCode(text.charCodeAt(at))) at++;
    this.start = at;
    let lastDot = -1;
    this.secondLastDot = -1;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x2e) {
        this.secondLastDot = lastDot;
        lastDot = at;
      } else if (!isTokenCode(code) && !this.#isBotColon(at, code)) break;
    }
    this.stop = at;
    return this.start < text.length;
  }

  /**
   * Where the next run begins that is long enough, or one before it; words of prose are passed over with one look at where
   * they should go on. A colon may be within a run.
   */
  #findLong(): number {
    const text = this.#text;
    let start = this.stop;
    while (start + shortestKey <= text.length) {
      let at = start + shortestKey - 1;
      while (at >= start && mayBeInToken(text.charCodeAt(at))) at--;
      if (at < start) return start;
      start = at + 1;
    }
    return text.length;
  }

  /** Telegram's tokens go on after a colon: `bot123456:AA…`. */
  #isBotColon(at: number, code: number): boolean {
    if (code !== 0x3a || at - this.start < 9) return false;
    return /bot\d{6,}$/.test(this.#text.slice(Math.max(this.start, at - 24), at));
  }
}

/** Where in the token a key begins, which then lasts to its end; -1 for nowhere. */
function findKey(text: string, token: TokenWalk, isCut: boolean): number {
  const { start, stop } = token;
  const unescaped = start + escapeLength(text, start);
  const last = isCut ? stop : stop - shortestKey + 1;
  for (let at = start; at < last; at++) {
    const isBeginning =
      at === start || at === unescaped || !isAlphanumeric(text.charCodeAt(at - 1));
    if (isBeginning && isKeyAt(text, at, { token, isCut })) return at;
  }
  return isAfterScheme(text, token) ? start : -1;
}

function isKeyAt(
  text: string,
  at: number,
  { token, isCut }: { readonly token: TokenWalk; readonly isCut: boolean },
): boolean {
  const { stop, secondLastDot } = token;
  if (!isCut && !mayBeginKey(text, at)) return false;
  if (text.startsWith("eyJ", at)) {
    // A JSON Web Token has two dots, unless they were cut off.
    return secondLastDot > at + 8 || (isCut && stop - at >= shortestKey);
  }
  const head = text.slice(at, Math.min(stop, at + longestHead));
  if (isKeyShaped(isCut ? head + missingEnd : head)) return true;
  const slash = head.startsWith("bot") ? head.indexOf("/") : -1;
  return slash >= 0 && isKeyShaped(head.slice(0, slash));
}

/** Length of the end of an escape that begins before the token; 0 for none. */
function escapeLength(text: string, start: number): number {
  const before = text[start - 1];
  if (before === "%") return percentLength;
  return before === "\\" ? (literalLengths[text[start] ?? ""] ?? 0) : 0;
}

/** Whether the token follows `Bearer ` or `Basic ` and is no word: both are words of prose too. */
function isAfterScheme(text: string, { start, stop }: TokenWalk): boolean {
  if (text.charCodeAt(start - 1) !== 0x20) return false;
  if (!/(?:bearer|basic) $/i.test(text.slice(Math.max(0, start - 7), start))) return false;
  return /[\d=]|.[A-Z]/.test(text.slice(start, Math.min(stop, start + longestHead)));
}

/** 1 for what keys are made of: letters, digits and `+-./=_`. */
const tokenCodes = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9+\-./=_]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function mayBeInToken(code: number): boolean {
  return tokenCodes[code] === 1 || code === 0x3a;
}

function isTokenCode(code: number): boolean {
  return tokenCodes[code] === 1;
}

function isAlphanumeric(code: number): boolean {
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  return isLetter || (code >= 0x30 && code <= 0x39);
}
