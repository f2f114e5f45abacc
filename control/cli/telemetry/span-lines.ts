/**
 * A span or a trace as the lines of a terminal. Invariant: no line is wider than the terminal, and nothing of what
 * others sent reaches it unescaped.
 */
import { stripVTControlCharacters } from "node:util";
import { CAPTURE_EVENTS, IDENTITY_ATTRIBUTES } from "../../../gateway/attributes.ts";
import { escapeControls } from "../colour.ts";
import type { Palette } from "../colour.ts";
import { displayWidth, padEndToWidth, truncateToWidth } from "../table.ts";
import { readBody } from "./body-lines.ts";
import type { Lane, Span, SpanEvent } from "./span.ts";
import { outcomeChip, spanChips, traceChips } from "./span-chips.ts";
import type { Chip } from "./span-chips.ts";
import type { Trace } from "./span-store.ts";
import type { TreeRow } from "./span-tree.ts";
import { safeLine, wrapLine } from "./wrap-text.ts";

/** How much of a span is shown; each shows what those before it show. */
export const detailLevels = ["graph", "attributes", "bodies", "full bodies"] as const;

/** One of them. */
export type DetailLevel = (typeof detailLevels)[number];

/** How lines are written. */
export interface SpanLineOptions {
  readonly level: DetailLevel;
  readonly columns: number;
  readonly palette: Palette;
  /** Keeps what was made for the last frames; absent: everything is made again */
  readonly cache?: DetailCache;
}

/** Details of the spans that were on the screen of late: a large body is not to be laid out for every frame. */
export type DetailCache = Map<Span, { readonly made: string; readonly lines: readonly string[] }>;

// Two for the cursor, which the view writes.
const markColumns = 2;
const detailIndent = "      ";
const leastNameColumns = 16;
const mostNameColumns = 48;
/** Of a model call: `200   1.80s  2,114→387 tok  $0.0121` */
const usualChipColumns = 36;
/** Of one body at level `bodies` */
const bodyLineCap = 20;
/** Of one body at level `full bodies`: nobody reads more on a terminal, and each line takes memory */
const fullBodyLineCap = 20_000;
/** From here on there is room for when a span was, within its trace */
const barFromColumns = 110;
const barColumns = 24;

const laneNames: Record<Lane, string> = {
  inbound: "in ",
  llm: "llm",
  mcp: "mcp",
  network: "net",
  agent: "own",
};

/** The line above a trace's spans. */
export function traceLine(
  trace: Trace,
  { columns, palette, isFolded }: Omit<SpanLineOptions, "level"> & { readonly isFolded: boolean },
): string {
  const [first] = trace.rows;
  const id = escapeControls((trace.traceId || "without id").slice(0, 16));
  const who = first === undefined ? "" : agentOf(first.span);
  const head = `${isFolded ? "▸" : "▾"} trace ${id}`;
  const chips = [...traceChips(trace), { text: who, paint: "dim" as const }];
  const room = columns - markColumns - displayWidth(head) - 2;
  return `${palette.bold(head)}  ${joinChips(chips, room, palette)}`;
}

/** The lines of a span, at least one. */
export function spanLines(row: TreeRow, trace: Trace, options: SpanLineOptions): string[] {
  const head = headLine(row, trace, options);
  return options.level === "graph" ? [head] : [head, ...cachedDetails(row.span, options)];
}

/** More than any screen has rows; each may be some MiB of text. */
const mostCachedDetails = 64;

function cachedDetails(span: Span, options: SpanLineOptions): readonly string[] {
  const { cache, level, columns } = options;
  const made = `${level} ${columns}`;
  const known = cache?.get(span);
  const lines = known?.made === made ? known.lines : detailLines(span, options);
  // At its end again, so that the first one is the one that nobody looked at for longest.
  cache?.delete(span);
  cache?.set(span, { made, lines });
  const [oldest] = cache?.keys() ?? [];
  if (cache !== undefined && cache.size > mostCachedDetails && oldest) cache.delete(oldest);
  return lines;
}

function detailLines({ attributes, events }: Span, options: SpanLineOptions): string[] {
  const { level } = options;
  const isFull = level === "full bodies";
  const plain = events.filter(({ name }) => !captureNames.has(name));
  return [
    ...attributes.flatMap(({ key, text }) => fieldLines(key, text, { ...options, isFull })),
    ...plain.flatMap((event) => eventLines(event, { ...options, isFull })),
    ...(level === "attributes"
      ? []
      : events
          .filter(({ name }) => captureNames.has(name))
          .flatMap((event) => captureLines(event, { ...options, isFull }))),
  ];
}

const captureNames: ReadonlySet<string> = new Set(Object.values(CAPTURE_EVENTS));
const bodyNames: ReadonlySet<string> = new Set([
  CAPTURE_EVENTS.requestBody,
  CAPTURE_EVENTS.responseBody,
]);

interface DetailOptions extends SpanLineOptions {
  readonly isFull: boolean;
}

function headLine({ span, guides }: TreeRow, trace: Trace, options: SpanLineOptions): string {
  const { columns, palette } = options;
  const width = Math.max(1, columns - markColumns);
  const time = palette.dim(formatTimeOfDay(span.startNs));
  const lane = palette.dim(laneNames[span.lane]);
  const mark = paintChip(outcomeChip(span), palette);
  const nameColumns = Math.min(
    mostNameColumns,
    Math.max(leastNameColumns, width - 21 - usualChipColumns),
  );
  const room = Math.max(4, nameColumns - displayWidth(guides));
  const name = truncateToWidth(safeLine(span.name || "(no name)"), room);
  const label = padEndToWidth(`${guides}${name}`, nameColumns);
  const head = `${time} ${lane} `;
  const bar = columns >= barFromColumns ? `  ${palette.dim(durationBar(span, trace))}` : "";
  const used = 12 + 1 + 3 + 1 + 2 + displayWidth(label) + 2 + displayWidth(bar);
  const chips = joinChips(spanChips(span), width - used, palette);
  const gap = bar === "" ? "" : " ".repeat(Math.max(0, width - used - displayWidth(chips)));
  return cut(`${head}${mark} ${label}  ${chips}${gap}${bar}`, width);
}

/** Local time of day with milliseconds; blanks for a span without a start. */
export function formatTimeOfDay(ns: bigint): string {
  if (ns === 0n) return " ".repeat(12);
  const date = new Date(Number(ns / 1_000_000n));
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

function durationBar({ startNs, endNs }: Span, trace: Trace): string {
  const whole = Number(trace.endNs - trace.startNs);
  if (whole <= 0) return "━".repeat(barColumns);
  const place = (ns: bigint) => (Number(ns - trace.startNs) / whole) * barColumns;
  const from = Math.min(barColumns - 1, Math.floor(place(startNs)));
  const to = Math.max(from + 1, Math.min(barColumns, Math.round(place(endNs))));
  return `${"─".repeat(from)}${"━".repeat(to - from)}${"─".repeat(barColumns - to)}`;
}

function fieldLines(key: string, text: string, options: DetailOptions): string[] {
  const { palette, columns, isFull } = options;
  const name = safeLine(key);
  const room = columns - markColumns - detailIndent.length;
  const line = `${name} = ${safeLine(text)}`;
  const pieces = isFull ? wrapLine(line, room) : [truncateToWidth(line, room)];
  return pieces.map((piece, index) => {
    const isNamed = index === 0 && piece.startsWith(name);
    return `${detailIndent}${isNamed ? palette.dim(name) + piece.slice(name.length) : piece}`;
  });
}

function eventLines({ name, timeNs, attributes }: SpanEvent, options: DetailOptions): string[] {
  const title = `${formatTimeOfDay(timeNs)} ${safeLine(name)}`;
  return [
    titleLine(title, options),
    ...attributes.flatMap(({ key, text }) => fieldLines(`  ${key}`, text, options)),
  ];
}

function captureLines(event: SpanEvent, options: DetailOptions): string[] {
  if (!bodyNames.has(event.name)) return eventLines(event, options);
  const { lines, note } = readBody(event.attributes);
  const { columns, isFull } = options;
  const room = columns - markColumns - detailIndent.length - 2;
  const cap = isFull ? fullBodyLineCap : bodyLineCap;
  const shown = lines.slice(0, cap).flatMap((line) => {
    const safe = safeLine(line);
    return isFull ? wrapLine(safe, room) : [truncateToWidth(safe, room)];
  });
  const rest = lines.length - cap;
  const more = rest > 0 ? [`… ${rest} more ${rest === 1 ? "line" : "lines"}`] : [];
  const title = `${formatTimeOfDay(event.timeNs)} ${event.name}  ${safeLine(note)}`;
  return [
    titleLine(title, options),
    ...shown.map((line) => `${detailIndent}  ${line}`),
    ...more.map((line) => `${detailIndent}  ${options.palette.dim(line)}`),
  ];
}

function titleLine(title: string, { columns, palette }: DetailOptions): string {
  const room = columns - markColumns - detailIndent.length;
  return `${detailIndent}${palette.bold(truncateToWidth(title, room))}`;
}

/** As many chips as there is room for; the last one is cut. */
function joinChips(chips: readonly Chip[], room: number, palette: Palette): string {
  let joined = "";
  let taken = 0;
  for (const { text, paint } of chips) {
    const safe = safeLine(text);
    if (safe === "") continue;
    const gap = taken === 0 ? "" : "  ";
    const left = room - taken - gap.length;
    if (left < 3) break;
    const fitting = truncateToWidth(safe, left);
    joined += `${gap}${paintChip({ text: fitting, paint }, palette)}`;
    taken += gap.length + displayWidth(fitting);
  }
  return joined;
}

function paintChip({ text, paint }: Chip, palette: Palette): string {
  return paint === undefined ? text : palette[paint](text);
}

/** Whole, or without its colours and cut: only on terminals that are too narrow for any of this. */
function cut(line: string, columns: number): string {
  if (displayWidth(line) <= columns) return line;
  return truncateToWidth(stripVTControlCharacters(line), columns);
}

function agentOf({ attributes }: Span): string {
  const values = new Map(attributes.map(({ key, text }) => [key, text]));
  const invocation = values.get(IDENTITY_ATTRIBUTES.invocationId) ?? "";
  return [values.get(IDENTITY_ATTRIBUTES.name) ?? "", invocation.slice(0, 8)]
    .filter(Boolean)
    .join(" ");
}
