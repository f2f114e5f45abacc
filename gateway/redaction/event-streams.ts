/** The data of the events of a stream, and where it stands (server-sent events, WHATWG HTML section 9.2). */

/** Data of one event: what stands behind each `data:` of it. */
export interface StreamEvent {
  readonly lines: readonly { readonly start: number; readonly end: number }[];
}

const lineEnds = /\r\n|\n|\r/g;

/** The data of each event in order; one that was not finished counts too. */
export function streamEvents(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  let lines: { start: number; end: number }[] = [];
  let at = 0;
  const take = (start: number, end: number): void => {
    if (start === end) {
      if (lines.length > 0) events.push({ lines });
      lines = [];
      return;
    }
    if (!text.startsWith("data", start) || (start + 4 < end && text[start + 4] !== ":")) return;
    const blank = text[start + 5] === " " ? 1 : 0;
    lines.push({ start: Math.min(end, start + 5 + blank), end });
  };
  for (const found of text.matchAll(lineEnds)) {
    take(at, found.index);
    at = found.index + found[0].length;
  }
  if (at < text.length) take(at, text.length);
  if (lines.length > 0) events.push({ lines });
  return events;
}
