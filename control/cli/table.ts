/**
 * Aligned text tables in the manner of kubectl, and the display width that alignment needs.
 * Invariant: a row is always one line, whatever its cells hold.
 */
import { stripVTControlCharacters } from "node:util";
import { escapeControls } from "./colour.ts";

// As kubectl: three spaces between columns.
const columnGap = "   ";
// Made at the first text that needs it: that takes 10 ms, and most tables are plain ASCII.
let segmenter: Intl.Segmenter | undefined;
// The blocks of Unicode's East Asian Width W and F (UAX #11), joined where only unassigned points lie between.
const wideGrapheme =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u;
const asciiOnly = /^[\x20-\x7e]*$/;

/**
 * Returns how many terminal columns the text takes: 2 for East Asian wide characters and emoji, 0 for colour
 * sequences and combining marks, 1 for the rest. Terminals disagree on rare sequences; this is right for names
 * and hosts.
 */
export function displayWidth(text: string): number {
  if (asciiOnly.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes().segment(stripVTControlCharacters(text))) {
    if (wideGrapheme.test(segment)) width += 2;
    else if (!/^[\p{Mark}\p{Cc}\p{Cf}]+$/u.test(segment)) width += 1;
  }
  return width;
}

/** The text in what a reader takes for characters; a colour sequence is taken apart. */
export function* graphemesOf(text: string): Iterable<string> {
  if (asciiOnly.test(text)) {
    yield* text;
    return;
  }
  for (const { segment } of graphemes().segment(text)) yield segment;
}

function graphemes(): Intl.Segmenter {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter;
}

/** Returns the text followed by spaces up to `width` columns; text that is wider is returned whole. */
export function padEndToWidth(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** Returns the text cut to at most `width` columns (at least 1), its last column an ellipsis where something was cut. */
export function truncateToWidth(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let columns = 0;
  for (const { segment } of graphemes().segment(text)) {
    columns += displayWidth(segment);
    if (columns > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/**
 * Returns the text as lines of at most so many columns, broken at blanks; those after the first are indented. A longer
 * word stays whole; colours do not count, and end with the line that they begin on where the reader takes lines alone.
 */
export function wrapToWidth(
  text: string,
  { columns, indent }: { readonly columns: number; readonly indent: number },
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > columns) {
      lines.push(line);
      line = " ".repeat(indent) + word;
    } else line = longer;
  }
  return [...lines, line];
}

/** Rows and headings of one table. */
export interface Table {
  /** Column headings, printed as they are; kubectl's are upper case */
  readonly headings: readonly string[];
  /** Cells by row; a missing or empty cell is shown as `<none>`, cells past the last heading are dropped */
  readonly rows: readonly (readonly (string | undefined)[])[];
}

/**
 * Returns the table as text, one line a row and a newline at the end of each: left-aligned columns three spaces
 * apart, no trailing blanks, control characters in cells escaped. Headings are left out on request (for
 * scripts, as kubectl's `--no-headers`). `leastWidths` keeps columns where those of lines above are.
 */
export function formatTable(
  table: Table,
  options: { readonly hasHeadings?: boolean; readonly leastWidths?: readonly number[] } = {},
): string {
  const { hasHeadings = true, leastWidths = [] } = options;
  const lines = hasHeadings ? [[...table.headings], ...cellsOf(table)] : cellsOf(table);
  const widths = widthsOf(lines, leastWidths, table.headings.length);
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => padEndToWidth(cell, widths[column] ?? 0))
          .join(columnGap)
          .trimEnd()}\n`,
    )
    .join("");
}

/** Widths of the columns, headings included, none less than in `least`: for lines that are to follow below. */
export function columnWidths(table: Table, least: readonly number[] = []): readonly number[] {
  return widthsOf([[...table.headings], ...cellsOf(table)], least, table.headings.length);
}

function cellsOf({ headings, rows }: Table): string[][] {
  return rows.map((row) => headings.map((_, column) => escapeControls(row[column] || "<none>")));
}

function widthsOf(
  lines: readonly (readonly string[])[],
  least: readonly number[],
  count: number,
): readonly number[] {
  // A server may have 200,000 invocations: a call takes no more arguments than the stack holds.
  return Array.from({ length: count }, (_, column) =>
    lines.reduce(
      (width, line) => Math.max(width, displayWidth(line[column] ?? "")),
      least[column] ?? 0,
    ),
  );
}
