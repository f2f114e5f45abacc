/**
 * Where the members of a JSON object stand in its bytes. The whole document is checked, and what parsers could read
 * differently from each other is refused: a key that comes twice, also in another case.
 */

import { isUtf8 } from "node:buffer";
import type { ScalarReader } from "./json-splice-value.ts";
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
      /** Their keys by `foldCase()` */
      readonly folded: ReadonlySet<string>;
      /** Where the closing brace stands */
      readonly objectEnd: number;
    }
  | { readonly kind: "malformed"; readonly reason: string };

const comma = 0x2c;
const colon = 0x3a;
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

/** The members of a body's object; the body must be this object and nothing else. A reader is shown all of it. */
export function readTopLevel(body: Buffer, reader?: ScalarReader): ReadMembers {
  if (!isUtf8(body)) return { kind: "malformed", reason: "it is not UTF-8" };
  const start = skipSpace(body, 0);
  const read = readMembers(body, start, reader);
  if (read.kind === "malformed") return read;
  return skipSpace(body, read.objectEnd + 1) === body.length ? read : notJson;
}

/** The members of the object that begins at `start` in bytes that are UTF-8. */
export function readMembers(bytes: Buffer, start: number, reader?: ScalarReader): ReadMembers {
  if (bytes[start] !== openBrace) {
    const isValue = skipValue(bytes, start) >= 0;
    return isValue ? { kind: "malformed", reason: "it is not a JSON object" } : notJson;
  }
  const members = new Map<string, ByteRange>();
  const folded = new Set<string>();
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === closeBrace) return { kind: "ok", members, folded, objectEnd: at };
  for (;;) {
    const keyEnd = skipString(bytes, at, reader);
    if (keyEnd < 0) return notJson;
    const key = decodeKey(bytes, at, keyEnd);
    const afterKey = skipSpace(bytes, keyEnd);
    if (bytes[afterKey] !== colon) return notJson;
    const valueStart = skipSpace(bytes, afterKey + 1);
    const valueEnd = skipValue(bytes, valueStart, reader);
    if (valueEnd < 0) return notJson;
    const plain = foldCase(key);
    if (folded.has(plain)) return repeated;
    if (folded.size === maxMembers) return tooMany;
    folded.add(plain);
    members.set(key, { start: valueStart, end: valueEnd });
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === closeBrace) return { kind: "ok", members, folded, objectEnd: at };
    if (bytes[at] !== comma) return notJson;
    at = skipSpace(bytes, at + 1);
  }
}

/** A key without its case; parsers that do not tell cases apart fold them as Unicode does, where `ſ` is an `s`. */
export function foldCase(key: string): string {
  return isFolded.test(key) ? key : key.toUpperCase().toLowerCase();
}

/** As most keys are written. */
const isFolded = /^[a-z0-9_]*$/;

/** The key whose quotes stand at `start` and before `end`. */
function decodeKey(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString("utf8", start + 1, end - 1);
  return text.includes("\\") ? String(JSON.parse(`"${text}"`)) : text;
}
