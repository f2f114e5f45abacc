/**
 * Texts that an event stream tells in pieces, put together: a number whose digits come by ten events is a number to whoever
 * reads the stream. Pieces belong together when they stand at the same place of their events, and every index beside
 * that place is the same.
 */

import type { StreamEvent } from "./event-streams.ts";
import { walkJson } from "./json-walk.ts";
import type { JsonVisitor } from "./json-walk.ts";
import type { Span } from "./spans.ts";

/** More places than any provider tells texts at. */
const maxPlaces = 256;

/** A text in pieces of the body. */
export interface StreamText {
  readonly text: string;
  /** The span of the text in the body: one part for each piece that it touches, all but the first without a replacement */
  partsOf(span: Span): Span[];
}

interface Piece {
  /** In the body */
  readonly start: number;
  /** In the text */
  readonly at: number;
  readonly length: number;
}

interface Place {
  path: string;
}

/** The texts that come in more than one piece. Events of several `data` lines are left out. */
export function streamTexts(body: string, events: readonly StreamEvent[]): StreamText[] {
  const places = new Map<string, { text: string; readonly pieces: Piece[] }>();
  const visitor: JsonVisitor<Place> = {
    child: (parent, key) => ({ path: `${parent.path}/${key}` }),
    takes: () => false,
    onTaken() {},
    onScalar(parent, key, text) {
      if (key.endsWith("index")) parent.path += `#${text}`;
    },
    onString({ path }, start, end) {
      let place = places.get(path);
      if (place === undefined) {
        if (places.size >= maxPlaces) return;
        place = { text: "", pieces: [] };
        places.set(path, place);
      }
      place.pieces.push({ start, at: place.text.length, length: end - start });
      place.text += body.slice(start, end);
    },
  };
  for (const { lines } of events) {
    const [line, more] = lines;
    if (line === undefined || more !== undefined) continue;
    walkJson(body, line, { visitor, root: { path: "" } });
  }
  return [...places.values()]
    .filter(({ pieces }) => pieces.length > 1)
    .map(({ text, pieces }) => ({ text, partsOf: (span) => partsOf(span, pieces) }));
}

function partsOf({ start, end, by }: Span, pieces: readonly Piece[]): Span[] {
  const parts: Span[] = [];
  for (const piece of pieces) {
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
