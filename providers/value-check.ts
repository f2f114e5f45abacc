/** Checks of values whose type nobody has promised: each says where it stands, what was found and what is wanted. */

/** Clauses about what is wrong with a value that stands at a path, such as `hosts[0] is "A.test", wanted a host name`. */
export type ValueCheck = (value: unknown, at: string) => string[];

/** Longest text that a clause quotes. */
const longestQuote = 60;

/** A check for whatever `holds` is true of; `description` follows "wanted". */
export function wanted(description: string, holds: (value: unknown) => boolean): ValueCheck {
  return (value, at) =>
    holds(value) ? [] : [`${at} is ${describeValue(value)}, wanted ${description}`];
}

/** A check for texts that a pattern fits. */
export function textLike(description: string, pattern: RegExp): ValueCheck {
  return wanted(description, (value) => typeof value === "string" && pattern.test(value));
}

/** A check that is content with `undefined`, too. */
export function optional(check: ValueCheck): ValueCheck {
  return (value, at) => (value === undefined ? [] : check(value, at));
}

/** A check for lists, of each element too. */
export function listOf(check: ValueCheck, options: { readonly least?: number } = {}): ValueCheck {
  const { least = 0 } = options;
  return (value, at) => {
    if (!Array.isArray(value)) return [`${at} is ${describeValue(value)}, wanted a list`];
    if (value.length < least) return [`${at} is an empty list, wanted one element or more`];
    return value.flatMap((element: unknown, index) => check(element, `${at}[${index}]`));
  };
}

/** A check for objects that have these fields and no others; `at` may be empty for the object itself. */
export function objectOf(fields: Readonly<Record<string, ValueCheck>>): ValueCheck {
  const known = Object.keys(fields);
  return (value, at) => {
    if (!isObject(value)) return [`${at || "it"} is ${describeValue(value)}, wanted an object`];
    const inner = (key: string) => (at === "" ? key : `${at}.${key}`);
    const unknown = Object.keys(value)
      .filter((key) => !known.includes(key))
      .map((key) => `${inner(key)} is unknown, wanted one of ${known.join(", ")}`);
    const own = Object.entries(fields).flatMap(([key, check]) => check(value[key], inner(key)));
    return [...unknown, ...own];
  };
}

/** Whether a value is an object, of a class or not, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A few words about a value; texts are quoted, long ones in part. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") {
    return JSON.stringify(value.length > longestQuote ? `${value.slice(0, longestQuote)}…` : value);
  }
  if (Array.isArray(value)) return "a list";
  if (value instanceof Promise) return "a promise";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}
