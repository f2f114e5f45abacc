/** Whole numbers of answers: counts of tokens and seconds since 1970. */

import type { JsonValue } from "../json-text.ts";

/** A whole number from 0 to what a double holds exactly; null for everything else, which counts nothing. */
export function wholeNumberOf(value: JsonValue | undefined): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
