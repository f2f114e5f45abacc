/** Replacements in the bytes of a JSON document, which leave all other bytes as they are. */

import type { ByteRange, ReadMembers } from "./json-splice-members.ts";

/** Bytes that a text takes the place of; none where it is put in between. */
export interface Splice extends ByteRange {
  readonly text: string;
}

/** An object that could be read. */
export type Members = Extract<ReadMembers, { readonly kind: "ok" }>;

/** Puts a member behind the last one, so that white space before the brace stays there. */
export function appendMember({ members, objectEnd }: Members, member: string): Splice {
  let end = -1;
  for (const range of members.values()) end = range.end;
  if (end < 0) return { start: objectEnd, end: objectEnd, text: member };
  return { start: end, end, text: `,${member}` };
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
