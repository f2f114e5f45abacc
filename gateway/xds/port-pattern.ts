/** Ranges of ports as RE2 patterns, since Envoy's connection matchers compare the dialled port as text. */

import type { PortRange } from "../snapshot.ts";

/** A pattern that fits exactly the decimal numbers of the ranges (each inclusive, 0 to 65535). */
export function portPattern(ranges: readonly PortRange[]): string {
  return ranges.flatMap(({ start, end }) => rangePatterns(start, end)).join("|");
}

/** Splits at borders where the leading digits stay fixed and the rest runs from all 0 to all 9. */
function rangePatterns(start: number, end: number): string[] {
  const patterns: string[] = [];
  let from = start;
  while (from <= end) {
    const to = lastOfBlock(from, Math.min(end, 10 ** String(from).length - 1));
    patterns.push(blockPattern(from, to));
    from = to + 1;
  }
  return patterns;
}

/** Largest number up to `end` that shares a block with `from`; both have the same length. */
function lastOfBlock(from: number, end: number): number {
  let last = from;
  for (let size = 10; size <= 100_000; size *= 10) {
    const block = Math.floor(from / size) * size;
    const candidate = block + size - 1;
    if (from % size !== 0 || candidate > end) {
      // Within the block of this size, the digit may still run on while the lower ones are complete.
      const step = size / 10;
      const lastDigit = Math.min(Math.floor((end - step + 1) / step), Math.floor(candidate / step));
      return Math.max(last, lastDigit * step + step - 1);
    }
    last = candidate;
  }
  return last;
}

function blockPattern(from: number, to: number): string {
  const low = String(from);
  const high = String(to);
  return [...low]
    .map((digit, index) => {
      const upper = high[index] ?? digit;
      return digit === upper ? digit : `[${digit}-${upper}]`;
    })
    .join("");
}
