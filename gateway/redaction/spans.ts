/** Places in a text that are replaced: found in any order, merged, and written over once. */

/** From `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Written in its place; `[redacted]` when absent */
  readonly by?: string;
}

/** Ordered, with those that overlap made one; the first one's replacement stays. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((left, right) => left.start - right.start)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) merged.push(span);
    else if (span.end > last.end) merged[merged.length - 1] = { ...last, end: span.end };
  }
  return merged;
}

/** The text with each span replaced; the same string when there is none. */
export function replaceSpans(text: string, spans: readonly Span[], by: string): string {
  if (spans.length === 0) return text;
  let replaced = "";
  let keptFrom = 0;
  for (const span of mergeSpans(spans)) {
    replaced += text.slice(keptFrom, span.start) + (span.by ?? by);
    keptFrom = span.end;
  }
  return replaced + text.slice(keptFrom);
}
