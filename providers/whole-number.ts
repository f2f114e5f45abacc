/** Whole numbers of answers: counts of tokens and seconds since 1970. */

import type { JsonValue } from "./json-text.ts";

/** Most that is believed: a few of them together are still held exactly by a double. */
const most = 2 ** 50;

/** A whole number from 0 to 2^50; null for everything else, which counts nothing. */
export function wholeNumberOf(value: JsonValue | undefined): number | null {
  const isWhole = typeof value === "number" && Number.isInteger(value);
  return isWhole && value >= 0 && value <= most ? value : null;
}
