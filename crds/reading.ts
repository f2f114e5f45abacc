/** The outcome of reading one piece of untrusted text: a value, or why there is none. Never a throw. */

/** Either the value that the text means, or one clause that says what is wrong with the text. */
export type Reading<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "invalid"; readonly detail: string };

/** A reading that succeeded. */
export function valid<T>(value: T): Reading<T> {
  return { kind: "valid", value };
}

/** A reading that failed. `detail` is a lower-case clause without a full stop, or empty if there is nothing to add. */
export function invalid(detail: string): { readonly kind: "invalid"; readonly detail: string } {
  return { kind: "invalid", detail };
}

/**
 * The value of a reading whose text was validated before (a parsed object's field, a constant).
 * Throws a RangeError `Cannot parse <what> "<text>": <detail>` otherwise, so never use it on secrets.
 */
export function expectValid<T>(reading: Reading<T>, what: string, text: string): T {
  if (reading.kind === "valid") return reading.value;
  throw new RangeError(`Cannot parse ${what} ${JSON.stringify(text)}: ${reading.detail}`);
}
