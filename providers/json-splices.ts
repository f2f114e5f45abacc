/** Replacements in the bytes of a JSON document, which leave all other bytes as they are. */

import type { ByteRange, ReadMembers } from "./json-splice-members.ts";

/** Bytes that a text takes the place of; none where it is put in between. */
export interface Splice extends ByteRange {
  readonly text: string;
  /** Of a new member; its value is the end of the text */
  readonly added?: { readonly key: string; readonly valueBytes: number };
}

/** An object that could be read. */
export type Members = Extract<ReadMembers, { readonly kind: "ok" }>;

/**
 * Puts a member behind the last one, so that white space before the brace stays there. The key is written as it is, and
 * must not need an escape; the value is JSON. An object without members may get one only.
 */
export function appendMember({ members, objectEnd }: Members, key: string, value: string): Splice {
  const text = `"${key}":${value}`;
  const added = { key, valueBytes: Buffer.byteLength(value, "utf8") };
  let end = -1;
  for (const range of members.values()) end = range.end;
  if (end < 0) return { start: objectEnd, end: objectEnd, text, added };
  return { start: end, end, text: `,${text}`, added };
}

/** A new body with all of them done; their ranges are of the body before, and must not overlap. */
export function applySplices(body: Buffer, splices: readonly Splice[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of splices.toSorted((a, b) => a.start - b.start)) {
    pieces.push(body.subarray(at, start), Buffer.from(text, "utf8"));
    at = end;
  }
  pieces.push(body.subarray(at));
  return Buffer.concat(pieces);
}
