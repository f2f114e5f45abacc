/** Rows of an API server as the table that a person reads. */
import { escapeControls } from "./colour.ts";
import type { ObjectRow, ServerColumn } from "./object-reads.ts";
import { namespaceOf } from "./stored-object.ts";
import { displayWidth, formatTable, padEndToWidth } from "./table.ts";

/** How much is shown. */
export interface ServerTableOptions {
  readonly isWide: boolean;
  /** Whether a first column names the namespace */
  readonly hasNamespace: boolean;
  readonly hasHeadings: boolean;
}

/** The whole table, one line an object. */
export function formatServerTable(
  columns: readonly ServerColumn[],
  rows: readonly ObjectRow[],
  options: ServerTableOptions,
): string {
  const table = {
    headings: headingsOf(columns, options),
    rows: rows.map((row) => cellsOf(columns, row, options)),
  };
  return formatTable(table, { hasHeadings: options.hasHeadings });
}

/** Lines of a table that grows: columns get wider when a row needs it, never narrower. */
export class GrowingTable {
  readonly #options: ServerTableOptions;
  #widths: number[] = [];
  #headings = "";

  constructor(options: ServerTableOptions) {
    this.#options = options;
  }

  /** The lines of these rows, led by the headings at the first and whenever the columns change. */
  add(columns: readonly ServerColumn[], rows: readonly ObjectRow[], suffix = ""): string {
    const headings = headingsOf(columns, this.#options);
    const cells = rows.map((row) => cellsOf(columns, row, this.#options));
    const lines = this.#options.hasHeadings ? [headings, ...cells] : cells;
    const wanted = headings.map((_, column) => widest(lines, column));
    const isNew = this.#headings !== headings.join("\t");
    this.#headings = headings.join("\t");
    this.#widths = wanted.map((width, column) =>
      Math.max(width, isNew ? 0 : (this.#widths[column] ?? 0)),
    );
    const shown = isNew && this.#options.hasHeadings ? [headings] : [];
    const text = shown.map((line) => this.#format(line));
    return [...text, ...cells.map((line) => this.#format(line) + suffix)]
      .map((line) => `${line}\n`)
      .join("");
  }

  #format(line: readonly string[]): string {
    const padded = line.map((cell, column) => padEndToWidth(cell, this.#widths[column] ?? 0));
    return padded.join("   ").trimEnd();
  }
}

function widest(lines: readonly (readonly string[])[], column: number): number {
  return Math.max(0, ...lines.map((line) => displayWidth(line[column] ?? "")));
}

function headingsOf(columns: readonly ServerColumn[], options: ServerTableOptions): string[] {
  const own = columns.filter((column) => isShown(column, options)).map(({ name }) => name);
  const all = options.hasNamespace ? ["Namespace", ...own] : own;
  return all.map((name) => escapeControls(name.toUpperCase()));
}

function cellsOf(
  columns: readonly ServerColumn[],
  row: ObjectRow,
  options: ServerTableOptions,
): string[] {
  const own = row.cells.filter((_, index) => {
    const column = columns[index];
    return column !== undefined && isShown(column, options);
  });
  const all = options.hasNamespace ? [namespaceOf(row.object), ...own] : own;
  return all.map((cell) => escapeControls(cell) || "<none>");
}

function isShown({ priority }: ServerColumn, { isWide }: ServerTableOptions): boolean {
  return isWide || priority === 0;
}
