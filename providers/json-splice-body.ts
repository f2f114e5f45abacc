/**
 * A JSON body whose object was read once, for all who look something up in it or change it. What is changed keeps its
 * members, moved to where they stand then, so that a long prompt is not read again for each change.
 */

import type { ByteRange } from "./json-splice-members.ts";
import { foldCase, readTopLevel } from "./json-splice-members.ts";
import type { ScalarReader } from "./json-splice-value.ts";
import type { Members, Splice } from "./json-splices.ts";
import { applySplices } from "./json-splices.ts";

/** A body that is one JSON object, and where its members stand. The bytes are borrowed. */
export interface ObjectBody {
  readonly bytes: Buffer;
  readonly top: Members;
}

/** The body, or a clause about why its members cannot be told. */
export type ReadObjectBody =
  | { readonly kind: "ok"; readonly object: ObjectBody }
  | { readonly kind: "malformed"; readonly reason: string };

/**
 * Finds the members of a body; what parsers could read differently from each other is malformed. A reader is shown all
 * scalars on the way.
 */
export function readObjectBody(bytes: Buffer, reader?: ScalarReader): ReadObjectBody {
  const top = readTopLevel(bytes, reader);
  return top.kind === "malformed" ? top : { kind: "ok", object: { bytes, top } };
}

/**
 * A new body with all splices done, as if it had been read again. Their ranges are of the body before: values of its
 * members, places within these, or behind the last one as `appendMember()` says.
 */
export function spliceObjectBody(
  { bytes, top }: ObjectBody,
  splices: readonly Splice[],
): ObjectBody {
  const moves = splices.map((splice) => ({
    ...splice,
    by: Buffer.byteLength(splice.text, "utf8") - (splice.end - splice.start),
  }));
  const movedBy = (is: (splice: Splice) => boolean) =>
    moves.reduce((sum, move) => (is(move) ? sum + move.by : sum), 0);
  const members = new Map<string, ByteRange>();
  let lastEnd = -1;
  for (const [key, { start, end }] of top.members) {
    const before = movedBy((splice) => splice.start < start);
    const within = movedBy((splice) => splice.start >= start && splice.start < end);
    members.set(key, { start: start + before, end: end + before + within });
    lastEnd = end;
  }
  const folded = new Set(top.folded);
  // What is appended within a value stands before the value's end.
  const place = lastEnd < 0 ? top.objectEnd : lastEnd;
  let end = place + movedBy((splice) => splice.start < place);
  for (const { start, text, added } of splices) {
    if (added === undefined || start !== place) continue;
    end += Buffer.byteLength(text, "utf8");
    members.set(added.key, { start: end - added.valueBytes, end });
    folded.add(foldCase(added.key));
  }
  const objectEnd = top.objectEnd + movedBy(() => true);
  return { bytes: applySplices(bytes, splices), top: { ...top, members, folded, objectEnd } };
}
