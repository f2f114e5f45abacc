/**
 * Where somebody is in a long list of items of which each has some lines. Invariant: only the lines near the cursor are
 * ever made, and what is added or changed elsewhere does not move the line that the cursor is on.
 */

/** Something with lines that is found again by its key. */
export interface ViewItem {
  readonly key: string;
}

/** What is looked at, as it is now. */
export interface Layout<Item extends ViewItem> {
  readonly items: readonly Item[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Lines on the screen, at least 1 */
  readonly height: number;
  /** At least one line */
  linesOf(item: Item): readonly string[];
}

/** A place: a line of an item. */
export interface Cursor {
  readonly key: string;
  /** Where the item was: where its successor is, when it has gone */
  readonly index: number;
  readonly line: number;
  /** Row of the screen that it is on, from 0 */
  readonly row: number;
  /** Whether it is at the end, and stays there when more comes */
  readonly isPinned: boolean;
}

/** A line on the screen. */
export interface VisibleLine<Item extends ViewItem> {
  readonly item: Item;
  readonly line: number;
  readonly text: string;
}

/** The end of the list, whatever comes. */
export const pinnedCursor: Cursor = {
  key: "",
  index: 0,
  line: 0,
  row: Number.MAX_SAFE_INTEGER,
  isPinned: true,
};

/** The cursor by so many lines further, or back; at an end it stops. */
export function moveCursor<Item extends ViewItem>(
  cursor: Cursor,
  lines: number,
  layout: Layout<Item>,
): Cursor {
  const place = placeOf(cursor, layout);
  if (place === undefined) return cursor;
  const { place: moved, steps } = walk(place, lines, layout);
  const row = Math.max(0, Math.min(layout.height - 1, cursorRow(cursor, layout) + steps));
  return { ...at(moved, layout), row, isPinned: lines > 0 && isLast(moved, layout) };
}

/** The cursor by a screen further (1) or back (-1): the screen moves, and the cursor stays on its row. */
export function turnPage<Item extends ViewItem>(
  cursor: Cursor,
  direction: 1 | -1,
  layout: Layout<Item>,
): Cursor {
  const moved = moveCursor(cursor, direction * Math.max(1, layout.height - 1), layout);
  return { ...moved, row: cursorRow(cursor, layout) };
}

/** The first line of all. */
export function firstPlace<Item extends ViewItem>({ items }: Layout<Item>): Cursor {
  return { key: items[0]?.key ?? "", index: 0, line: 0, row: 0, isPinned: false };
}

/** The first line of the item that the cursor is in. */
export function headOf<Item extends ViewItem>(cursor: Cursor, layout: Layout<Item>): Cursor {
  const place = placeOf(cursor, layout);
  if (place === undefined) return cursor;
  const row = Math.max(0, cursorRow(cursor, layout) - place.line);
  return { ...at({ index: place.index, line: 0 }, layout), row, isPinned: false };
}

/** The item that the cursor is in; undefined when there is none. */
export function itemAt<Item extends ViewItem>(
  cursor: Cursor,
  layout: Layout<Item>,
): Item | undefined {
  const place = placeOf(cursor, layout);
  return place && layout.items[place.index];
}

/** The lines of the screen from its top, and the cursor with the row that it is on now. */
export function visibleLines<Item extends ViewItem>(
  cursor: Cursor,
  layout: Layout<Item>,
): { readonly lines: readonly VisibleLine<Item>[]; readonly cursor: Cursor } {
  const place = placeOf(cursor, layout);
  if (place === undefined) return { lines: [], cursor };
  const wanted = cursorRow(cursor, layout);
  const below = linesFrom(place, layout.height, layout);
  // At the end of the list the screen is full nevertheless.
  const aboveRows = Math.max(wanted, layout.height - below.length);
  const above = linesBefore(place, aboveRows, layout);
  const lines = [...above, ...below].slice(0, layout.height);
  return {
    lines,
    cursor: { ...at(place, layout), row: above.length, isPinned: cursor.isPinned },
  };
}

interface Place {
  readonly index: number;
  readonly line: number;
}

function placeOf<Item extends ViewItem>(cursor: Cursor, layout: Layout<Item>): Place | undefined {
  const { items, indexOf } = layout;
  if (items.length === 0) return undefined;
  if (cursor.isPinned) return lastPlace(layout);
  const known = indexOf.get(cursor.key);
  const index = known ?? Math.min(cursor.index, items.length - 1);
  const line = known === undefined ? 0 : Math.min(cursor.line, countLines(index, layout) - 1);
  return { index, line };
}

function lastPlace<Item extends ViewItem>(layout: Layout<Item>): Place {
  const index = layout.items.length - 1;
  return { index, line: countLines(index, layout) - 1 };
}

function isLast<Item extends ViewItem>({ index, line }: Place, layout: Layout<Item>): boolean {
  return index === layout.items.length - 1 && line === countLines(index, layout) - 1;
}

function at<Item extends ViewItem>({ index, line }: Place, layout: Layout<Item>) {
  return { key: layout.items[index]?.key ?? "", index, line };
}

function cursorRow<Item extends ViewItem>({ row }: Cursor, { height }: Layout<Item>): number {
  return Math.max(0, Math.min(row, height - 1));
}

function countLines<Item extends ViewItem>(
  index: number,
  { items, linesOf }: Layout<Item>,
): number {
  const item = items[index];
  return item === undefined ? 0 : Math.max(1, linesOf(item).length);
}

function walk<Item extends ViewItem>(from: Place, lines: number, layout: Layout<Item>) {
  let { index, line } = from;
  let left = Math.abs(lines);
  const forward = lines > 0;
  while (left > 0) {
    const room = forward ? countLines(index, layout) - 1 - line : line;
    const taken = Math.min(room, left);
    line += forward ? taken : -taken;
    left -= taken;
    const next = index + (forward ? 1 : -1);
    if (left === 0 || next < 0 || next >= layout.items.length) break;
    index = next;
    line = forward ? 0 : countLines(index, layout) - 1;
    left--;
  }
  const steps = (Math.abs(lines) - left) * Math.sign(lines);
  return { place: { index, line }, steps };
}

/** Lines from a place on, at most so many. */
function linesFrom<Item extends ViewItem>(
  place: Place,
  count: number,
  layout: Layout<Item>,
): VisibleLine<Item>[] {
  const lines: VisibleLine<Item>[] = [];
  let { line } = place;
  for (let index = place.index; index < layout.items.length && lines.length < count; index++) {
    const item = layout.items[index];
    if (item === undefined) break;
    const texts = layout.linesOf(item);
    for (; line < texts.length && lines.length < count; line++) {
      lines.push({ item, line, text: texts[line] ?? "" });
    }
    line = 0;
  }
  return lines;
}

/** Lines before a place, at most so many, in their order. */
function linesBefore<Item extends ViewItem>(
  place: Place,
  count: number,
  layout: Layout<Item>,
): VisibleLine<Item>[] {
  const lines: VisibleLine<Item>[] = [];
  let line = place.line - 1;
  for (let index = place.index; index >= 0 && lines.length < count; index--) {
    const item = layout.items[index];
    if (item === undefined) break;
    const texts = layout.linesOf(item);
    if (index !== place.index) line = texts.length - 1;
    for (; line >= 0 && lines.length < count; line--) {
      lines.push({ item, line, text: texts[line] ?? "" });
    }
  }
  return lines.reverse();
}
