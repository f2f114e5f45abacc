/** Old spellings of fields, still found in people's manifests: taken as what they meant, with a warning. */
import type { Conversion } from "./kind-definition.ts";
import { createProblemWithText, formatPath } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** One old spelling below `spec`. */
export interface Renaming {
  readonly from: string;
  /** Today's place below `spec`; objects on the way are created */
  readonly to: readonly string[];
  /** Whether the old field held one item where today's is a list */
  readonly single?: boolean;
}

/** Moves old fields of `spec` to their place today. Setting both is a problem: which one is meant is unknown. */
export function renameSpecFields(value: unknown, renamings: readonly Renaming[]): Conversion {
  let conversion: Conversion = { value, warnings: [], problems: [], moves: [] };
  for (const renaming of renamings) conversion = renameField(conversion, renaming);
  return conversion;
}

/** A warning that an old field was understood; `advice` completes "… is an old spelling, …". */
export function warnOldSpelling(path: Path, wanted: string, advice: string): Problem {
  return createProblemWithText(path, wanted, `old spelling, ${advice}`);
}

/** A copy of an object in which the field at `path` is `replacement`, or gone when that is undefined. */
export function replaceAt(value: unknown, path: Path, replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  const copy: Record<string, unknown> = { ...(isObject(value) && value) };
  const inner =
    rest.length === 0 ? replacement : replaceAt(readAt(value, [step]), rest, replacement);
  if (inner === undefined) delete copy[step];
  else copy[step] = inner;
  return copy;
}

/** The value at `path`, or undefined where there is none; inherited fields do not count. */
export function readAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (!isObject(current) || !Object.hasOwn(current, step)) return undefined;
    current = current[step];
  }
  return current;
}

function renameField(conversion: Conversion, renaming: Renaming): Conversion {
  const from: Path = ["spec", renaming.from];
  const to: Path = ["spec", ...renaming.to];
  const old = readAt(conversion.value, from);
  if (old === undefined) return conversion;
  const name = formatPath(to.slice(1));
  if (readAt(conversion.value, to) !== undefined) {
    const text = `old spelling of ${formatPath(to)}, which is set as well; remove one`;
    return {
      ...conversion,
      value: replaceAt(conversion.value, from, undefined),
      problems: [...conversion.problems, createProblemWithText(from, name, text)],
    };
  }
  const moved = replaceAt(conversion.value, to, renaming.single ? [old] : old);
  return {
    value: replaceAt(moved, from, undefined),
    warnings: [...conversion.warnings, warnOldSpelling(from, name, `write ${formatPath(to)}`)],
    problems: conversion.problems,
    moves: [...conversion.moves, { from, to: renaming.single ? [...to, 0] : to }],
  };
}

function isObject(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
