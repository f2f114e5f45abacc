/**
 * Where the members of a JSON object stand in its bytes. The whole document is checked, and what parsers could read
 * differently from each other is refused: a key that comes twice, also in another case.
 */

import { isUtf8 } from "node:buffer";
import { skipSpace, skipString, skipValue } from "./json-splice-value.ts";

/** Bytes of a document, `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Members of an object, or a clause about why they cannot be told. */
export type ReadMembers =
  | {
      readonly kind: "ok";
      /** Ranges of the values, in the order of the document */
      readonly members: ReadonlyMap<string, ByteRange>;
      /** Where the closing brace stands */
      readonly objectEnd: number;
    }
  | { readonly kind: "malformed"; readonly reason: string };

const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Nobody's request has a tenth as many; every one is kept, and a body has room for millions. */
const maxMembers = 1_024;

const notJson: ReadMembers = { kind: "malformed", reason: "it is not JSON" };
const repeated: ReadMembers = { kind: "malformed", reason: "a key comes twice in one object" };
const tooMany: ReadMembers = {
  kind: "malformed",
  reason: `an object has more than ${maxMembers} members`,
};

/** The members of a body's object; the body must be this object and nothing else. */
export function readTopLevel(body: Buffer): ReadMembers {
  if (!isUtf8(body)) return { kind: "malformed", reason: "it is not UTF-8" };
  const start = skipSpace(body, 0);
  const read = readMembers(body, start);
  if (read.kind === "malformed") return read;
  return skipSpace(body, read.objectEnd + 1) === body.length ? read : notJson;
}

/** The members of the object that begins at `start` in bytes that are UTF-8. */
export function readMembers(bytes: Buffer, start: number): ReadMembers {
  if (bytes[start] !== openBrace) {
    const isValue = skipValue(bytes, start) >= 0;
    return isValue ? { kind: "malformed", reason: "it is not a JSON object" } : notJson;
  }
  const members = new Map<string, ByteRange>();
  const seen = new Set<string>();
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === closeBrace) return { kind: "ok", members, objectEnd: at };
  for (;;) {
    const keyEnd = skipString(bytes, at);
    if (keyEnd < 0) return notJson;
    const key = decodeKey(bytes, at, keyEnd);
    const afterKey = skipSpace(bytes, keyEnd);
    if (bytes[afterKey] !== colon) return notJson;
    const valueStart = skipSpace(bytes, afterKey + 1);
    const valueEnd = skipValue(bytes, valueStart);
    if (valueEnd < 0) return notJson;
    const folded = foldCase(key);
    if (seen.has(folded)) return repeated;
    if (seen.size === maxMembers) return tooMany;
    seen.add(folded);
    members.set(key, { start: valueStart, end: valueEnd });
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === closeBrace) return { kind: "ok", members, objectEnd: at };
    if (bytes[at] !== comma) return notJson;
    at = skipSpace(bytes, at + 1);
  }
}

/** A key without its case; parsers that do not tell cases apart fold them as Unicode does, where `ſ` is an `s`. */
export function foldCase(key: string): string {
  return isFolded(key) ? key : key.toUpperCase().toLowerCase();
}

/** Whether a key is of ASCII without capitals, as nearly all are: nothing has to be made of those. */
function isFolded(key: string): boolean {
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code > 0x7f || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return true;
}

/** The key whose quotes stand at `start` and before `end`. */
function decodeKey(bytes: Buffer, start: number, end: number): string {
  let isPlain = true;
  // A view of a few bytes costs more than looking at them.
  for (let at = start; at < end; at++) {
    if (bytes[at] === backslash) isPlain = false;
  }
  if (isPlain) return bytes.toString("utf8", start + 1, end - 1);
  const key: unknown = JSON.parse(bytes.toString("utf8", start, end));
  return String(key);
}
