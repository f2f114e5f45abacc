/** What stands behind a span's name or a trace's id: short texts with the colour that they are painted in. */
import { formatMicroDollars } from "../../../crds/money.ts";
import type { Palette } from "../colour.ts";
import { formatCount } from "./body-lines.ts";
import type { Span, SpanOutcome } from "./span.ts";
import type { Trace } from "./span-store.ts";

/** Text of others, not escaped yet, and what to paint it with. */
export interface Chip {
  readonly text: string;
  readonly paint: keyof Palette | undefined;
}

const outcomes = {
  ok: { mark: "✔", paint: "green" },
  error: { mark: "!", paint: "red" },
  denied: { mark: "✘", paint: "red" },
  audited: { mark: "!", paint: "yellow" },
} as const satisfies Record<SpanOutcome, { readonly mark: string; readonly paint: keyof Palette }>;

/** The mark of an outcome, as other lines of clrk have it. */
export function outcomeChip({ outcome }: Span): Chip {
  const { mark, paint } = outcomes[outcome];
  return { text: mark, paint };
}

/** Status, duration, tokens, cost, and why it did not go well. */
export function spanChips(span: Span): Chip[] {
  const { outcome, reason, events } = span;
  const sentences = {
    ok: "",
    error: reason,
    denied: `denied: ${reason || "no reason given"}`,
    audited: `WOULD DENY: ${reason || "no reason given"}`,
  } satisfies Record<SpanOutcome, string>;
  const status = span.status > 0 ? String(span.status) : outcome === "error" ? "ERR" : "";
  const { paint } = outcomes[outcome];
  // A status says what `HTTP 500` says.
  const sentence = sentences[outcome] === `HTTP ${span.status}` ? "" : sentences[outcome];
  return [
    { text: status.padEnd(3), paint: outcome === "ok" ? undefined : paint },
    { text: formatSpanDuration(span.endNs - span.startNs).padStart(6), paint: undefined },
    { text: sentence, paint },
    ...usageChips(span),
    { text: events.length === 0 ? "" : `${events.length}ev`, paint: "dim" as const },
  ].filter(({ text }) => text !== "");
}

/** Number of spans, duration, tokens, cost, denials, errors. */
export function traceChips(trace: Trace): Chip[] {
  const { rows, denied, errors } = trace;
  return [
    { text: rows.length === 1 ? "1 span" : `${formatCount(rows.length)} spans`, paint: undefined },
    { text: formatSpanDuration(trace.endNs - trace.startNs), paint: undefined },
    ...usageChips(trace),
    { text: denied === 0 ? "" : `${formatCount(denied)} denied`, paint: "red" as const },
    { text: errors === 0 ? "" : `${formatCount(errors)} failed`, paint: "red" as const },
  ].filter(({ text }) => text !== "");
}

/** Nanoseconds as `12us`, `45ms`, `1.23s`, `2m05s`, `3h12m`. */
export function formatSpanDuration(ns: bigint): string {
  const us = Number(ns / 1_000n);
  if (us < 1_000) return `${us}us`;
  if (us < 999_500) return `${Math.round(us / 1_000)}ms`;
  const seconds = us / 1e6;
  if (seconds < 59.995) return `${seconds.toFixed(2)}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3_600)}h${two(Math.floor(whole / 60) % 60)}m`;
}

function usageChips(
  of: Pick<Span, "inputTokens" | "outputTokens" | "costMicroDollars" | "unpriced">,
): Chip[] {
  const { inputTokens, outputTokens, costMicroDollars: cost, unpriced } = of;
  const known = cost === undefined ? "" : `$${formatMicroDollars(cost)}`;
  const tokens = `${formatCount(inputTokens)}→${formatCount(outputTokens)} tok`;
  return [
    { text: inputTokens + outputTokens === 0 ? "" : tokens, paint: undefined },
    { text: unpriced > 0 ? `${known || "$"}+?` : known, paint: "green" as const },
  ];
}
