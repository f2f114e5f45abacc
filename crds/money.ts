/** Money in US dollars: decimal text in objects, whole micro-dollars (millionths) in between, so that sums are exact. */
import { invalid, valid } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

const form = /^(\d{1,9})(?:\.(\d{1,6}))?$/;
const perDollar = 1_000_000;

/** An amount above 0 such as `12.50`; below 1,000,000,000, with at most six decimals. */
export const moneyFormat: StringFormat = {
  name: "usd",
  wanted: 'an amount in USD such as "12.50"',
  pattern: "^[0-9]{1,9}(\\.[0-9]{1,6})?$",
  constraint: { not: { pattern: "^[0.]+$" } },
  read(text) {
    if (!form.test(text)) return invalid("not a decimal number with at most six decimals");
    return parseMicroDollars(text) === 0 ? invalid("no more than 0") : valid(text);
  },
};

/** The first amount that no text of `moneyFormat` has, in micro-dollars: 1,000,000,000 USD. */
export const tooManyMicroDollars = 1_000_000_000 * perDollar;

/** Whole micro-dollars of a text that `moneyFormat` takes; throws a TypeError for any other. */
export function parseMicroDollars(text: string): number {
  const amount = tryParseMicroDollars(text);
  if (amount === undefined) throw new TypeError(`Cannot read "${text}" as an amount in USD`);
  return amount;
}

/** The same; undefined for any other text. */
export function tryParseMicroDollars(text: string): number | undefined {
  const [, whole, part = ""] = form.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return Number(whole) * perDollar + Number(part.padEnd(6, "0"));
}

/** Dollars with two decimals, or as many as the amount has: `12.50`, `0.000042`. */
export function formatMicroDollars(amount: number): string {
  const whole = Math.floor(amount / perDollar);
  // Every record of a model call passes here: no text is made but the two that are shown.
  let part = amount - whole * perDollar;
  let digits = perDollar;
  while (digits > 100 && part % 10 === 0) {
    part /= 10;
    digits /= 10;
  }
  return `${whole}.${String(digits + part).slice(1)}`;
}
