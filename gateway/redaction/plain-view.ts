/**
 * A text as it reads once the escapes of JSON and URLs for printable ASCII are undone (`\u0040` and `%40` are `@`), with
 * the way back to where each character stands. Escapes that were escaped again are undone too.
 */

/** A text, and where its characters come from. */
export interface PlainView {
  readonly text: string;
  /** Position in the original of a position in `text`; that of the end is the end */
  toOriginal(position: number): number;
}

// A run of backslashes is looked at from its beginning only: from each of its characters takes quadratic time.
const escapes = /(?<!\\)\\+u00([2-7][\da-fA-F])|%(?:25){0,4}([2-7][\da-fA-F])/g;

/** The view; `text` itself when it holds no such escape. */
export function createPlainView(text: string): PlainView {
  if (!text.includes("\\u00") && !text.includes("%")) return { text, toOriginal: same };
  // Behind each escape: its end in the view and in the original.
  const viewEnds: number[] = [];
  const ends: number[] = [];
  let view = "";
  let keptFrom = 0;
  for (const found of text.matchAll(escapes)) {
    const code = Number.parseInt(found[1] ?? found[2] ?? "", 16);
    view += text.slice(keptFrom, found.index) + String.fromCharCode(code);
    keptFrom = found.index + found[0].length;
    viewEnds.push(view.length);
    ends.push(keptFrom);
  }
  if (ends.length === 0) return { text, toOriginal: same };
  view += text.slice(keptFrom);
  return {
    text: view,
    toOriginal(position) {
      const before = countUpTo(viewEnds, position);
      if (before === 0) return position;
      return (ends[before - 1] ?? 0) + position - (viewEnds[before - 1] ?? 0);
    },
  };
}

function same(position: number): number {
  return position;
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
