/**
 * The screen of traces: what is shown for a state, and what a key makes of it. No terminal is needed for either.
 * Invariant: a frame fits its size, and costs as much as the lines that are seen, however many spans there are.
 */
import type { Palette } from "../colour.ts";
import { displayWidth, truncateToWidth } from "../table.ts";
import { formatCount } from "./body-lines.ts";
import { detailLevels, spanLines, traceLine } from "./span-lines.ts";
import type { DetailCache, DetailLevel } from "./span-lines.ts";
import type { SpanStore, Trace } from "./span-store.ts";
import type { TreeRow } from "./span-tree.ts";
import {
  firstPlace,
  headOf,
  itemAt,
  moveCursor,
  pinnedCursor,
  turnPage,
  visibleLines,
} from "./trace-cursor.ts";
import type { Cursor, Layout, ViewItem } from "./trace-cursor.ts";
import { safeLine } from "./wrap-text.ts";

/** What keys change. */
export interface ViewState {
  readonly cursor: Cursor;
  readonly level: DetailLevel;
  /** Keys of traces that are folded, and of spans that are shown whole */
  readonly toggled: ReadonlySet<string>;
  readonly isOver: boolean;
}

/** How it begins: at the end, where the newest spans are. */
export const initialState: ViewState = {
  cursor: pinnedCursor,
  level: "graph",
  toggled: new Set(),
  isOver: false,
};

/** A trace or a span in the list. */
export interface TraceItem extends ViewItem {
  readonly trace: Trace;
  /** Undefined: the line of the trace itself */
  readonly row: TreeRow | undefined;
}

/** What a frame is made for. */
export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly palette: Palette;
  /** Whose traces these are */
  readonly title: string;
  /** Whether more comes, or why not */
  readonly liveness: string;
}

/** The lines of the title and of the footer. */
const frameRows = 2;

/** The state after a key; keys that mean nothing change nothing. */
export function pressKey(state: ViewState, key: string, layout: Layout<TraceItem>): ViewState {
  const { cursor } = state;
  switch (key) {
    case "q":
    case "escape":
    case "ctrl-c":
      return { ...state, isOver: true };
    case "j":
    case "down":
      return { ...state, cursor: moveCursor(cursor, 1, layout) };
    case "k":
    case "up":
      return { ...state, cursor: moveCursor(cursor, -1, layout) };
    case " ":
    case "page-down":
    case "ctrl-f":
      return { ...state, cursor: turnPage(cursor, 1, layout) };
    case "page-up":
    case "ctrl-b":
      return { ...state, cursor: turnPage(cursor, -1, layout) };
    case "g":
    case "home":
      return { ...state, cursor: firstPlace(layout) };
    case "G":
    case "end":
      return { ...state, cursor: pinnedCursor };
    case "+":
    case "=":
      return changeLevel(state, 1, layout);
    case "-":
    case "_":
      return changeLevel(state, -1, layout);
    case "enter":
      return toggle(state, layout);
    default:
      return state;
  }
}

/** Everything that there is, in order, as the state shows it. */
export function layOut(
  store: SpanStore,
  state: ViewState,
  options: Pick<FrameOptions, "columns" | "rows" | "palette"> & { readonly cache: DetailCache },
): Layout<TraceItem> {
  const { level, toggled } = state;
  const { columns, rows, palette, cache } = options;
  const items = store.traces().flatMap((trace) => itemsOf(trace, toggled));
  const made = new Map<string, readonly string[]>();
  return {
    items,
    indexOf: new Map(items.map(({ key }, index) => [key, index])),
    height: Math.max(1, rows - frameRows),
    linesOf: ({ key, trace, row }) => {
      const known = made.get(key);
      if (known !== undefined) return known;
      const isToggled = toggled.has(key);
      const lines =
        row === undefined
          ? [traceLine(trace, { columns, palette, isFolded: isToggled })]
          : spanLines(row, trace, {
              columns,
              palette,
              cache,
              level: isToggled ? "full bodies" : level,
            });
      made.set(key, lines);
      return lines;
    },
  };
}

/** The frame, and the state with the row that its cursor is on. */
export function drawFrame(
  store: SpanStore,
  state: ViewState,
  options: FrameOptions & { readonly layout: Layout<TraceItem> },
): { readonly lines: readonly string[]; readonly state: ViewState } {
  const { layout, columns, rows, palette, title, liveness } = options;
  const { lines, cursor } = visibleLines(state.cursor, layout);
  const body = lines.map(({ text }, row) => {
    return `${row === cursor.row ? palette.bold("❯") : " "} ${text}`;
  });
  const blank = Array.from({ length: Math.max(0, layout.height - body.length) }, () => "");
  const empty = lines.length === 0 ? ["  No spans yet", ...blank.slice(1)] : [...body, ...blank];
  const head = palette.bold(fit(`traces  ${safeLine(title)}`, columns));
  const foot = palette.dim(fit(footer(store, state, liveness), columns));
  return { lines: [head, ...empty, foot].slice(0, rows), state: { ...state, cursor } };
}

function itemsOf(trace: Trace, toggled: ReadonlySet<string>): TraceItem[] {
  const key = `t ${trace.key}`;
  const head = { key, trace, row: undefined };
  if (toggled.has(key)) return [head];
  const spans = trace.rows.map((row, index) => {
    return { key: `s ${trace.key} ${row.span.spanId || index}`, trace, row };
  });
  return [head, ...spans];
}

function changeLevel(state: ViewState, by: 1 | -1, layout: Layout<TraceItem>): ViewState {
  const level = detailLevels[detailLevels.indexOf(state.level) + by];
  if (level === undefined) return state;
  const { cursor } = state;
  // The span that is looked at stays where it is.
  return { ...state, level, cursor: cursor.isPinned ? cursor : headOf(cursor, layout) };
}

function toggle(state: ViewState, layout: Layout<TraceItem>): ViewState {
  const item = itemAt(state.cursor, layout);
  if (item === undefined) return state;
  const toggled = new Set(state.toggled);
  if (!toggled.delete(item.key)) toggled.add(item.key);
  return { ...state, toggled, cursor: headOf(state.cursor, layout) };
}

function footer(store: SpanStore, { level }: ViewState, liveness: string): string {
  const traces = store.traces().length;
  const counts = [
    `${formatCount(store.spans)} ${store.spans === 1 ? "span" : "spans"}`,
    `${formatCount(traces)} ${traces === 1 ? "trace" : "traces"}`,
    ...(store.dropped === 0 ? [] : [`${formatCount(store.dropped)} older left out`]),
    ...(store.stripped === 0 ? [] : [`${formatCount(store.stripped)} without bodies`]),
  ];
  const keys = "+/- detail · enter opens · q quits";
  return `${level} · ${counts.join(", ")} · ${safeLine(liveness)} · ${keys}`;
}

function fit(text: string, columns: number): string {
  return displayWidth(text) <= columns ? text : truncateToWidth(text, columns);
}
