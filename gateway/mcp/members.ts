/** Members of JSON objects, read so that every server reads the same in them. */

import type { ByteRange } from "../../providers/json-splice-members.ts";
import { foldCase } from "../../providers/json-splice-members.ts";

/** Where the values of an object's members stand, by key. */
export type Members = ReadonlyMap<string, ByteRange>;

/** Longest name, in characters: rules compare thousands of expressions with it. */
const maxName = 8_192;

/** A key that a server which does not tell cases apart would take for one of the wanted ones. */
export function findVariant(members: Members, wanted: readonly string[]): string | undefined {
  for (const key of members.keys()) {
    if (wanted.includes(key)) continue;
    const folded = foldCase(key);
    if (wanted.some((one) => foldCase(one) === folded)) return key;
  }
  return undefined;
}

/** The text of a string that servers of any language read alike; undefined for all else. */
export function readName(body: Buffer, range: ByteRange | undefined): string | undefined {
  const text = readText(body, range);
  // A lone surrogate has no UTF-8 form, and a NUL ends a text in some languages.
  if (text === undefined || text === "" || text.length > maxName) return undefined;
  if (!text.isWellFormed()) return undefined;
  return /\p{Cc}/u.test(text) ? undefined : text;
}

/** The text of a string, or undefined. */
export function readText(body: Buffer, range: ByteRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  const text = body.toString("utf8", range.start, range.end);
  if (!text.startsWith('"')) return undefined;
  return text.includes("\\") ? String(JSON.parse(text)) : text.slice(1, -1);
}
