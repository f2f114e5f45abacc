/**
 * Fakes that stand for a secret value where an agent insists on one of the right shape. They depend on the value's shape
 * and on whose it is, never on what is secret of it, so that a fake stays the same when the value is rotated.
 */

import { createHmac } from "node:crypto";
import { keyPrefix } from "./key-shape.ts";

/** Hexadecimal digits that every placeholder of one key holds: random digits are them once in 10^14 places. */
const tagDigits = 12;

/** Characters beside the tag that tell placeholders apart. */
const fewestOwn = 8;

const lowerLetters = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";

/** A placeholder, or a clause about why the value can have none. */
export type PlaceholderOutcome =
  | { readonly kind: "made"; readonly text: string }
  | { readonly kind: "impossible"; readonly reason: string };

/**
 * Digits by which every placeholder that is made with the key is known, in lower case; placeholders of values without
 * small letters hold them in upper case. Without the key nobody can guess them.
 */
export function placeholderTag(key: Uint8Array): string {
  return createHmac("sha256", key).update("tag").digest("hex").slice(0, tagDigits);
}

/**
 * A text of the value's length that begins with the same vendor's prefix, is made of the same sorts of characters, and
 * differs in letters, digits, `-` and `_` only: in any escaping it takes as many bytes as the value. `name` says whose
 * it is. A value with fewer than 20 such characters behind its prefix, 12 of them in a row, can have none.
 */
export function createPlaceholder(
  value: string,
  { key, name }: { readonly key: Uint8Array; readonly name: string },
): PlaceholderOutcome {
  const prefix = keyPrefix(value);
  const tail = value.slice(prefix.length);
  const isHex = /^(?:[\da-f-]+|[\dA-F-]+)$/.test(tail);
  const free = Array.from(tail, (unit) => (isHex ? /[\da-fA-F]/ : /[\w-]/).test(unit));
  const start = findRun(free);
  const count = free.filter(Boolean).length;
  if (start < 0 || count < tagDigits + fewestOwn) {
    const reason = `has fewer than ${tagDigits + fewestOwn} letters and digits behind its prefix, ${tagDigits} of them in a row`;
    return { kind: "impossible", reason };
  }
  if (!/[A-Za-z]/.test(tail)) return { kind: "impossible", reason: "holds no letter" };
  const isUpper = !/[a-z]/.test(tail);
  const tag = isUpper ? placeholderTag(key).toUpperCase() : placeholderTag(key);
  const alphabet = alphabetOf(tail, isHex);
  const random = randomBytesFor(key, name, tail.length);
  let text = prefix;
  for (let at = 0; at < tail.length; at++) {
    const inTag = at >= start && at < start + tagDigits;
    if (free[at] !== true) text += tail[at] ?? "";
    else text += inTag ? tag[at - start] : alphabet[(random[at] ?? 0) % alphabet.length];
  }
  return { kind: "made", text };
}

/** Where enough free places for the tag begin; -1 for nowhere. */
function findRun(free: readonly boolean[]): number {
  let length = 0;
  for (const [at, isFree] of free.entries()) {
    length = isFree ? length + 1 : 0;
    if (length === tagDigits) return at - tagDigits + 1;
  }
  return -1;
}

function alphabetOf(tail: string, isHex: boolean): string {
  const letters = isHex ? "abcdef" : lowerLetters;
  const lower = /[a-z]/.test(tail) ? letters : "";
  const upper = /[A-Z]/.test(tail) ? letters.toUpperCase() : "";
  return digits + lower + upper;
}

/** The same beginning for every length. */
function randomBytesFor(key: Uint8Array, name: string, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let block = 0; block * 32 < length; block++) {
    blocks.push(createHmac("sha256", key).update(`value ${block} ${name}`).digest());
  }
  return Buffer.concat(blocks);
}

/** What the tag is in Base64, whatever stands around it and in either case: digits that the tag alone decides. */
export function renderingsOfTag(tag: string): string[] {
  const texts = [tag, tag.toUpperCase()].flatMap((text) =>
    [0, 1, 2].map((shift) => {
      const encoded = Buffer.from(`${"\0".repeat(shift)}${text}`).toString("base64");
      const first = Math.ceil((shift * 8) / 6);
      return encoded.slice(first, Math.floor(((shift + text.length) * 8) / 6));
    }),
  );
  return [...new Set(texts)];
}
