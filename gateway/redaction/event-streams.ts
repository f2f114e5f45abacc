/** The data of the events of a stream, and where it stands (server-sent events, WHATWG HTML section 9.2). */

/** Data of one event: what stands behind each `data:` of it. */
export interface StreamEvent {
  readonly lines: readonly { readonly start: number; readonly end: number }[];
}

/** The byte order mark in UTF-8, of one character a byte. */
export const byteOrderMark = "\u00ef\u00bb\u00bf";

/** Where data of events stand, and what is no field of any event. */
export interface StreamLines {
  /** The data of each event in order; one that was not finished counts too */
  readonly events: readonly StreamEvent[];
  /** Lines of no field that the standard knows: readers of events pass over them, other readers may not */
  readonly strange: readonly { readonly start: number; readonly end: number }[];
}

const lineEnds = /\r\n|\n|\r/g;

/** The lines of a text of one character a byte, behind its byte order mark. */
export function streamEvents(text: string): StreamLines {
  const events: StreamEvent[] = [];
  const strange: { start: number; end: number }[] = [];
  let lines: { start: number; end: number }[] = [];
  let at = text.startsWith(byteOrderMark) ? byteOrderMark.length : 0;
  const take = (start: number, end: number): void => {
    if (start === end) {
      if (lines.length > 0) events.push({ lines });
      lines = [];
    } else if (text.startsWith("data", start) && (start + 4 === end || text[start + 4] === ":")) {
      const blank = text[start + 5] === " " ? 1 : 0;
      lines.push({ start: Math.min(end, start + 5 + blank), end });
    } else if (!isOtherField(text.slice(start, Math.min(end, start + 6)))) {
      strange.push({ start, end });
    }
  };
  for (const found of text.matchAll(lineEnds)) {
    take(at, found.index);
    at = found.index + found[0].length;
  }
  if (at < text.length) take(at, text.length);
  if (lines.length > 0) events.push({ lines });
  return { events, strange };
}

function isOtherField(head: string): boolean {
  return /^(?:(?:event|id|retry)?:|(?:event|id|retry)$)/.test(head);
}
