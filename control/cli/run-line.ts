/**
 * One live record as the line that a person watching `clrk run` reads: who, what, and how it went.
 * Invariant: one record is one line, whatever the network put into it; colour is decided by the palette alone.
 */
import type { TokenUsage } from "../../gateway/call-facts.ts";
import { recordSeverity } from "../../gateway/record.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { displayWidth, padEndToWidth, truncateToWidth } from "./table.ts";

/** How a line is written. */
export interface RunLineOptions {
  /** For the output the line goes to */
  readonly palette: Palette;
  /** Columns to keep to where possible; 80 by default */
  readonly columns?: number;
}

// Outcomes stand below each other while targets are of usual length.
const targetColumns = 36;
// Below this a target says nothing any more: then the line is rather too long.
const leastTargetColumns = 16;
const methodColumns = 4;
// `212 ms`, so that counts of tokens stand below each other too.
const durationColumns = 6;
const gap = "  ";

/**
 * Returns the line for a record, without a newline. A long target is cut so that the line keeps to the columns;
 * the reason of a denial, or of one that is only audited, never is. The query is not shown.
 */
export function formatRunLine(record: EgressRecord, options: RunLineOptions): string {
  const { palette, columns = 80 } = options;
  const outcome = describeOutcome(record);
  const agent = escapeControls(record.agent?.name || "-");
  const method = padEndToWidth(escapeControls(methodOf(record)), methodColumns);
  const start = `${agent}${gap}${outcome.mark} ${method} `;
  const { verdict, wouldDeny } = record.decision;
  const isDenied = verdict === "deny" || wouldDeny !== undefined;
  const target = fitTarget(targetOf(record), {
    room: columns - displayWidth(start) - gap.length - displayWidth(outcome.text),
    canCut: !isDenied,
  });
  const paint = palette[outcome.colour];
  const mark = paint(outcome.mark);
  const text = outcome.colour === "green" ? outcome.text : paint(outcome.text);
  return `${palette.dim(agent)}${gap}${mark} ${method} ${target}${gap}${text}`;
}

interface Outcome {
  readonly mark: "✔" | "✘" | "!";
  readonly colour: "green" | "red" | "yellow";
  readonly text: string;
}

function describeOutcome(record: EgressRecord): Outcome {
  const { decision, response } = record;
  if (decision.verdict === "deny") {
    const reason = decision.message || decision.reason || "no reason given";
    return { mark: "✘", colour: "red", text: `denied: ${escapeControls(reason)}` };
  }
  if (decision.wouldDeny !== undefined) {
    const { message } = decision.wouldDeny;
    const status = record.kind === "http" ? `${response.status} ` : "";
    return { mark: "!", colour: "red", text: `${status}WOULD DENY: ${escapeControls(message)}` };
  }
  const duration = formatDuration(record.durationMs);
  const severity = recordSeverity(record);
  if (severity === "info") {
    const status = record.kind === "http" ? String(response.status) : "ok";
    const tokens = record.usage === null ? "" : formatTokens(record.usage);
    const taken = tokens === "" ? duration : `${duration.padEnd(durationColumns)}${gap}${tokens}`;
    return { mark: "✔", colour: "green", text: `${status.padEnd(3)}${gap} ${taken}` };
  }
  const colour = severity === "error" ? "red" : "yellow";
  if (response.status > 0) {
    return { mark: "!", colour, text: `${response.status}${gap} ${duration}` };
  }
  const flags = response.flags.length === 0 ? "" : ` (${escapeControls(response.flags.join(","))})`;
  return { mark: "!", colour, text: `no response${flags} after ${duration}` };
}

function methodOf(record: EgressRecord): string {
  return record.kind === "http" ? record.request.method || "?" : record.kind.toUpperCase();
}

function targetOf(record: EgressRecord): string {
  const { scheme, host, port, path } = record.request;
  const usualPort = record.kind === "http" && scheme === "http" ? 80 : 443;
  const isPortShown = port > 0 && (record.kind === "tcp" || port !== usualPort);
  const name = isPortShown && host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return escapeControls(`${name || "-"}${isPortShown ? `:${port}` : ""}${path}`);
}

function fitTarget(
  target: string,
  limits: { readonly room: number; readonly canCut: boolean },
): string {
  const { room, canCut } = limits;
  if (displayWidth(target) <= room) return padEndToWidth(target, Math.min(targetColumns, room));
  return canCut ? truncateToWidth(target, Math.max(room, leastTargetColumns)) : target;
}

/** Returns tokens of input and output for people: `2,114 → 387 tok`, `8 tok` where only the input has some; empty for none. */
export function formatTokens({ inputTokens, outputTokens }: TokenUsage): string {
  if (inputTokens === null && outputTokens === null) return "";
  const input = inputTokens?.toLocaleString("en-US") ?? "?";
  return outputTokens === null
    ? `${input} tok`
    : `${input} → ${outputTokens.toLocaleString("en-US")} tok`;
}

/** Returns a duration of `ms` for people: `<1 ms`, `212 ms`, `1.8 s`, `12 min`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0.5) return "<1 ms";
  const wholeMs = Math.round(durationMs);
  if (wholeMs < 1000) return `${wholeMs} ms`;
  const seconds = Math.round(wholeMs / 100) / 10;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}
