/**
 * Texts that an event stream tells in pieces, put together: a number whose digits come by ten events is a number to whoever
 * reads the stream. Pieces belong together when they stand at the same place of their events, and every index beside
 * that place is the same.
 */

import type { StreamEvent } from "./event-streams.ts";
import { walkJson } from "./json-walk.ts";
import type { JsonVisitor } from "./json-walk.ts";
import type { Span } from "./spans.ts";

/** More places than any provider's stream of 1 MiB has; each costs a few hundred bytes while a body is searched. */
const maxPlaces = 16_384;

/** A text in pieces of the body. */
export interface StreamText {
  readonly text: string;
  /** The span of the text in the body: one part for each piece that it touches, all but the first without a replacement */
  partsOf(span: Span): Span[];
}

/** What a stream tells. */
export interface StreamTexts {
  /** Those that come in more than one piece */
  readonly texts: readonly StreamText[];
  /** Strings at places beyond what is followed: each may be a piece of anything */
  readonly unread: readonly Span[];
}

interface Piece {
  /** In the body */
  readonly start: number;
  /** In the text */
  readonly at: number;
  readonly length: number;
}

/** A place by its way from the root, step by step: one text for each would grow with the square of its length. */
interface Place {
  readonly next: Map<string, Place>;
  text: string;
  readonly pieces: Piece[];
}

/** Where a walk stands; an index beside a value moves the place of what follows it. */
interface Position {
  place: Place | undefined;
}

/** The texts of a stream. Events of several `data` lines are left out. */
export function streamTexts(body: string, events: readonly StreamEvent[]): StreamTexts {
  const root = newPlace();
  const places = [root];
  const unread: Span[] = [];
  const follow = (from: Place | undefined, step: string): Place | undefined => {
    const known = from?.next.get(step);
    if (known !== undefined || from === undefined || places.length >= maxPlaces) return known;
    const place = newPlace();
    from.next.set(step, place);
    places.push(place);
    return place;
  };
  const visitor: JsonVisitor<Position> = {
    child: (parent, key) => ({ place: follow(parent.place, `/${key}`) }),
    takes: () => false,
    onTaken() {},
    onScalar(parent, key, text) {
      if (key.endsWith("index")) parent.place = follow(parent.place, `#${text}`);
    },
    onString({ place }, start, end) {
      if (place === undefined) {
        unread.push({ start, end });
        return;
      }
      place.pieces.push({ start, at: place.text.length, length: end - start });
      place.text += body.slice(start, end);
    },
  };
  for (const { lines } of events) {
    const [line, more] = lines;
    if (line === undefined || more !== undefined) continue;
    walkJson(body, line, { visitor, root: { place: root } });
  }
  const texts = places
    .filter(({ pieces }) => pieces.length > 1)
    .map(({ text, pieces }) => ({ text, partsOf: (span: Span) => partsOf(span, pieces) }));
  return { texts, unread };
}

function newPlace(): Place {
  return { next: new Map(), text: "", pieces: [] };
}

function partsOf({ start, end, by }: Span, pieces: readonly Piece[]): Span[] {
  const parts: Span[] = [];
  for (let index = firstEndingBehind(pieces, start); index < pieces.length; index++) {
    const piece = pieces[index];
    if (piece === undefined || piece.at >= end) break;
    const from = Math.max(start, piece.at);
    const to = Math.min(end, piece.at + piece.length);
    if (from >= to) continue;
    const shift = piece.start - piece.at;
    const isFirst = parts.length === 0;
    parts.push({
      start: from + shift,
      end: to + shift,
      ...(isFirst ? by !== undefined && { by } : { by: "" }),
    });
  }
  return parts;
}

/** Index of the first piece that ends behind a position of the text; pieces are many, and so are spans. */
function firstEndingBehind(pieces: readonly Piece[], position: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { at, length } = pieces[middle] ?? { at: 0, length: 0 };
    if (at + length <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
