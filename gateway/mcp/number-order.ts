/** Which of two JSON numbers is larger, by their digits: a double would round what an agent wrote. */

/** A number as `0.digits × 10^exponent`; no digits: zero. */
interface ReadNumber {
  readonly isNegative: boolean;
  /** Without zeros at either end */
  readonly digits: string;
  readonly exponent: bigint;
}

/** Longest number that is compared, in characters: an exponent of thousands of digits would take time. */
const maxNumber = 128;

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Negative when the first is less, 0 when they are equal; undefined when either is no number or too long. */
export function compareNumbers(one: string, other: string): number | undefined {
  const left = readNumber(one);
  const right = readNumber(other);
  if (left === undefined || right === undefined) return undefined;
  const signs = signOf(left) - signOf(right);
  if (signs !== 0) return signs;
  const sizes = compareSizes(left, right);
  return left.isNegative ? -sizes : sizes;
}

function readNumber(text: string): ReadNumber | undefined {
  if (text.length > maxNumber) return undefined;
  const [, sign, whole, fraction = "", power = "0"] = form.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const all = whole + fraction;
  const digits = all.replace(/^0+/, "");
  const zeros = all.length - digits.length;
  return {
    isNegative: sign === "-",
    digits: digits.replace(/0+$/, ""),
    exponent: BigInt(power) + BigInt(whole.length - zeros),
  };
}

function signOf({ isNegative, digits }: ReadNumber): number {
  if (digits === "") return 0;
  return isNegative ? -1 : 1;
}

function compareSizes(left: ReadNumber, right: ReadNumber): number {
  if (left.digits === "" || left.exponent === right.exponent) {
    if (left.digits === right.digits) return 0;
    // As fractions, whose digits compare like words.
    return left.digits < right.digits ? -1 : 1;
  }
  return left.exponent < right.exponent ? -1 : 1;
}
