/** All objects of all files as one set: each object once, and what differs from the set before, told in short lines. */
import { isDeepStrictEqual } from "node:util";
import type { ParsedObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import { formatPath } from "../../crds/problem.ts";
import type { SourceProblem } from "../control-api.ts";
import { formatSourceProblem } from "../manifests.ts";
import type { ManifestReading, SourcedObject } from "../manifests.ts";

/** More problems than this are only counted. */
export const maxListedProblems = 200;

/** What the files hold together. */
export interface ObjectSet {
  /** In the order of the files, by `Kind namespace/name`; of an object that is there twice the first */
  readonly objects: ReadonlyMap<string, SourcedObject>;
  readonly problems: readonly SourceProblem[];
  readonly warnings: readonly SourceProblem[];
}

/** Joins what was read; an object in two places is a problem that names both. */
export function joinObjects(readings: Iterable<ManifestReading>): ObjectSet {
  const objects = new Map<string, SourcedObject>();
  const problems: SourceProblem[] = [];
  const warnings: SourceProblem[] = [];
  for (const reading of readings) {
    problems.push(...reading.problems);
    warnings.push(...reading.warnings);
    for (const sourced of reading.objects) {
      const key = formatReference(referenceOf(sourced.object));
      const first = objects.get(key);
      if (first === undefined) objects.set(key, sourced);
      else problems.push(duplicateProblem(key, first, sourced));
    }
  }
  return { objects, problems: cut(problems), warnings: cut(warnings) };
}

function duplicateProblem(key: string, first: SourcedObject, second: SourcedObject): SourceProblem {
  const place = first.line > 0 ? `${first.file}:${first.line}` : first.file;
  const message = `${key} is in ${place} too, wanted each object in one place`;
  return { file: second.file, line: second.line, field: "", message };
}

function cut(problems: readonly SourceProblem[]): readonly SourceProblem[] {
  if (problems.length <= maxListedProblems) return problems;
  const message = `${problems.length - maxListedProblems} more problems not listed`;
  const file = problems[maxListedProblems]?.file ?? "";
  return [...problems.slice(0, maxListedProblems), { file, line: 0, field: "", message }];
}

/** Whether an object of `before` is missing in `after`. */
export function losesObjects(before: ObjectSet, after: ObjectSet): boolean {
  for (const key of before.objects.keys()) if (!after.objects.has(key)) return true;
  return false;
}

/**
 * What differs, one line an object: `EgressHTTPRoute default/x changed (spec.rules[0])`, `Secret default/openai added`,
 * `… removed`, `… moved to b.yaml`. Names fields and never their values.
 */
export function describeChanges(before: ObjectSet | undefined, after: ObjectSet): string[] {
  const changes: string[] = [];
  for (const [key, sourced] of after.objects) {
    const earlier = before?.objects.get(key);
    if (earlier === sourced) continue;
    if (earlier === undefined) changes.push(`${key} added`);
    else if (!isDeepStrictEqual(earlier.object, sourced.object)) {
      const [left, right] = [contentOf(earlier.object), contentOf(sourced.object)];
      changes.push(`${key} changed (${findDifference(left, right)})`);
    } else if (earlier.file !== sourced.file) changes.push(`${key} moved to ${sourced.file}`);
  }
  for (const key of before?.objects.keys() ?? []) {
    if (!after.objects.has(key)) changes.push(`${key} removed`);
  }
  return changes;
}

/** An API server counts changes in the object itself, which says nothing about what they are. */
function contentOf({ metadata, ...content }: ParsedObject): object {
  const { generation: _, resourceVersion: __, ...kept } = metadata;
  return { ...content, metadata: kept };
}

/** The deepest field that holds everything that differs, such as `spec.rules[0].matches[1].path`. */
function findDifference(before: unknown, after: unknown): string {
  const path: (string | number)[] = [];
  let left = before;
  let right = after;
  for (;;) {
    const steps = stepsOf(left, right).filter((step) => !isSame(left, right, step));
    const [only] = steps;
    if (only === undefined || steps.length > 1) return formatPath(path);
    path.push(only);
    left = childOf(left, only);
    right = childOf(right, only);
  }
}

function stepsOf(left: unknown, right: unknown): (string | number)[] {
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return [];
    return left.map((_, index) => index);
  }
  if (!isPlain(left) || !isPlain(right)) return [];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(left: unknown, right: unknown, step: string | number): boolean {
  return isDeepStrictEqual(childOf(left, step), childOf(right, step));
}

function childOf(parent: unknown, step: string | number): unknown {
  if (typeof parent !== "object" || parent === null || !Object.hasOwn(parent, step))
    return undefined;
  return Reflect.get(parent, step);
}

/** Whether two lists of problems say the same. */
export function saysTheSame(
  left: readonly SourceProblem[],
  right: readonly SourceProblem[],
): boolean {
  return (
    left.length === right.length &&
    left.every((problem, index) => {
      const other = right[index];
      return other !== undefined && formatSourceProblem(problem) === formatSourceProblem(other);
    })
  );
}
