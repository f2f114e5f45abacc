/** What a failed INSERT means for its rows: try again, try fewer, or set the row aside that can never be stored. */
import { describeError } from "../../gateway/errors.ts";
import { storeErrorCode } from "./store-client.ts";

/** What to do. `again`: the store cannot take anything now; `smaller`: not so much; `poison`: one of the rows never. */
export type InsertFailure =
  | { readonly kind: "again"; readonly text: string; readonly isDiskFull: boolean }
  | { readonly kind: "smaller"; readonly text: string }
  | { readonly kind: "poison"; readonly text: string };

/**
 * ClickHouse's numbers of errors that lie in the rows: values that do not parse, fit or convert. Whatever is not here is
 * tried again: a wrong guess costs time, while setting rows aside for a fault of the store would cost the rows.
 *
 * @see https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
 */
const poisonCodes: ReadonlySet<number> = new Set([
  6, 20, 25, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 407, 441, 467,
  675, 676,
]);

/** MEMORY_LIMIT_EXCEEDED */
const smallerCodes: ReadonlySet<number> = new Set([241]);

/** NOT_ENOUGH_SPACE */
const notEnoughSpace = 243;

/** Judges what an INSERT threw. The text is ClickHouse's first sentence: what follows may show values. */
export function judgeInsertFailure(error: unknown): InsertFailure {
  const code = storeErrorCode(error);
  const text = firstSentence(describeError(error));
  if (code === undefined) return { kind: "again", text, isDiskFull: false };
  if (poisonCodes.has(code)) return { kind: "poison", text: `ClickHouse error ${code}` };
  if (smallerCodes.has(code)) return { kind: "smaller", text };
  const isDiskFull = code === notEnoughSpace || /No space left|errno: 28\b/.test(String(error));
  return { kind: "again", text, isDiskFull };
}

function firstSentence(text: string): string {
  return text.split(/[\n:(]/)[0]?.slice(0, 200) ?? "";
}
