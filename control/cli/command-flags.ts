/** Options that several commands have, written once so that they are called and explained the same. */

const text = (input: string) => input;

/** An option with a text, once. */
export function textFlag(placeholder: string, brief: string) {
  return { kind: "parsed", parse: text, optional: true, placeholder, brief } as const;
}

/** An option with a text, any number of times. */
export function textsFlag(placeholder: string, brief: string) {
  return { ...textFlag(placeholder, brief), variadic: true } as const;
}

/** An option that is there or not. */
export function switchFlag(brief: string) {
  return { kind: "boolean", optional: true, withNegated: false, brief } as const;
}

/** An option with a whole number of at least 1. */
export function countFlag(placeholder: string, brief: string) {
  return { ...textFlag(placeholder, brief), parse: parseCount } as const;
}

function parseCount(input: string): number {
  if (/^[1-9]\d{0,8}$/.test(input)) return Number(input);
  throw new RangeError("Wanted a whole number of at least 1");
}

/** Which API server is meant. */
export const apiFlags = {
  kubeconfig: textFlag("FILE", "Kubeconfig of another server"),
  context: textFlag("NAME", "Context of clrk context list"),
} as const;

/** Namespace of what is meant. */
export const namespaceFlag = textFlag("NAMESPACE", "Namespace [the context's]");

/** `-o json|yaml`, or nothing for people. */
export const wholeFlag = {
  kind: "enum",
  values: ["json", "yaml"],
  optional: true,
  brief: "For programs",
} as const;

/** `-o json` of what has no end, one object on a line; or nothing for people. */
export const jsonFlag = {
  kind: "enum",
  values: ["json"],
  optional: true,
  brief: "Print JSON",
} as const;

/** How lists of objects are written: a table with more columns, whole, or by name. */
export const objectOutputFlag = {
  kind: "enum",
  values: ["wide", "yaml", "json", "name"],
  optional: true,
  brief: "How much",
} as const;

/** Objects by their labels. */
export const selectorFlag = textFlag("LABELS", "These labels: team=red,tier!=old");

/** Any number of words. */
export function wordsParameter(placeholder: string, brief: string, minimum = 0) {
  return { kind: "array", minimum, parameter: { parse: text, placeholder, brief } } as const;
}
