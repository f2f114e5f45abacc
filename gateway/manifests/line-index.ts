/** Lines of a text: from an offset to the number of its line, after one walk over the text. */

/** Gives the line of an offset, counted from 1; offsets outside the text count as its first or last line. */
export type LineIndex = (offset: number) => number;

/** Walks over the text once; each question after that takes logarithmic time. Lines end at a line feed. */
export function createLineIndex(text: string): LineIndex {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
