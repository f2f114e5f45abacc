/** Where two plain values differ first; what is undefined on the wanted side is not compared. */

import { describeValue } from "../value-check.ts";

/** A value of lists, objects and texts, made to be compared. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** A clause about the first difference, such as `tools[0].name is missing, wanted "a"`; undefined when there is none. */
export function firstDifference(found: Plain, wanted: Plain, at = ""): string | undefined {
  if (wanted === undefined || found === wanted) return undefined;
  if (isList(wanted))
    return isList(found) ? listDifference(found, wanted, at) : clause(found, wanted, at);
  if (typeof wanted !== "object" || wanted === null) return clause(found, wanted, at);
  if (typeof found !== "object" || found === null || isList(found))
    return clause(found, wanted, at);
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(found)])) {
    const inner = at === "" ? key : `${at}.${key}`;
    // A key that only one side has is a difference, unless the wanted side leaves it open.
    const isOpen = Object.hasOwn(wanted, key) && wanted[key] === undefined;
    const difference = isOpen ? undefined : firstDifference(found[key], wanted[key] ?? null, inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function listDifference(
  found: readonly Plain[],
  wanted: readonly Plain[],
  at: string,
): string | undefined {
  for (const [index, element] of wanted.entries()) {
    if (index >= found.length) break;
    const difference = firstDifference(found[index], element, `${at}[${index}]`);
    if (difference !== undefined) return difference;
  }
  if (found.length === wanted.length) return undefined;
  return `${at} has ${found.length} elements, wanted ${wanted.length}`;
}

function clause(found: Plain, wanted: Plain, at: string): string {
  return `${at} is ${describeValue(found)}, wanted ${describeValue(wanted)}`;
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}
