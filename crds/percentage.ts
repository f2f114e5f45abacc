/** Shares written as percentages, such as `5%` or `0.25%`. */
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** The share as a fraction from 0 to 1; at most four places after the point. */
export function readPercentage(text: string): Reading<number> {
  const fits = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text);
  if (fits === null) return invalid('it is no number with up to four places and "%"');
  const percent = Number(fits[1]);
  return percent > 100 ? invalid("it is more than 100%") : valid(percent / 100);
}

/** A share from 0% to 100%; kept as it is written. */
export const percentageFormat: StringFormat = {
  name: "percentage",
  wanted: 'a share such as "5%" or "0.25%"',
  pattern: "^(?:0?[0-9]{1,2}(?:\\.[0-9]{1,4})?|100(?:\\.0{1,4})?)%$",
  read(text) {
    const reading = readPercentage(text);
    return reading.kind === "valid" ? valid(text) : reading;
  },
};
