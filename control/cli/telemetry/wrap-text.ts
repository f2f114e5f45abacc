/** Text of others in lines of a terminal: escaped, and broken by its width. */
import { escapeControls } from "../colour.ts";
import { displayWidth, graphemesOf } from "../table.ts";

/** A tab is shown as this many blanks: it would move the cursor to where nobody can tell. */
const tab = "    ";

/** One line of text, safe for a terminal; tabs become blanks. */
export function safeLine(text: string): string {
  return escapeControls(text.replaceAll("\t", tab));
}

/** A safe line in pieces of at most so many columns (at least 2); one empty piece for an empty line. */
export function wrapLine(line: string, columns: number): string[] {
  const width = Math.max(2, columns);
  if (line.length <= width && displayWidth(line) <= width) return [line];
  const pieces: string[] = [];
  let piece = "";
  let taken = 0;
  for (const grapheme of graphemesOf(line)) {
    const wide = displayWidth(grapheme);
    if (taken + wide > width) {
      pieces.push(piece);
      piece = "";
      taken = 0;
    }
    piece += grapheme;
    taken += wide;
  }
  return [...pieces, piece];
}
