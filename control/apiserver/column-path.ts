/**
 * The part of Kubernetes' JSONPath that printer columns use: `.a.b`, `[0]`, `[*]`, `[?(@.type=="Ready")]` and dots
 * escaped as `\.` in names. Compiled once; reading never throws.
 */
import { isRecord } from "./kube-object.ts";

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | { readonly kind: "where"; readonly field: string; readonly value: string };

/** A compiled path. */
export type ColumnPath = readonly Step[];

const stepPattern =
  /\.((?:\\.|[^.[\]\\])+)|\[(\d+)\]|\[(\*)\]|\[\?\(@\.([\w-]+)\s*==\s*["']([^"']*)["']\)\]/y;

/** Compiles a path; throws a SyntaxError for what is none, or uses more of JSONPath than columns may. */
export function compileColumnPath(text: string): ColumnPath {
  const steps: Step[] = [];
  stepPattern.lastIndex = 0;
  for (let at = 0; at < text.length; at = stepPattern.lastIndex) {
    const match = stepPattern.exec(text);
    if (match === null) {
      throw new SyntaxError(
        `Cannot compile column path "${text}": no step at position ${at}, wanted .name, [0], [*] or [?(@.name=="value")]`,
      );
    }
    steps.push(readStep(match));
  }
  return steps;
}

/** All values at a path, in order; empty when there is none. */
export function readColumnPath(path: ColumnPath, value: unknown): readonly unknown[] {
  let values: readonly unknown[] = [value];
  for (const step of path) values = values.flatMap((one) => take(step, one));
  return values;
}

function readStep([, name, index, all, field, value]: RegExpExecArray): Step {
  if (name !== undefined) return { kind: "field", name: name.replace(/\\(.)/g, "$1") };
  if (index !== undefined) return { kind: "index", index: Number(index) };
  if (all !== undefined) return { kind: "all" };
  return { kind: "where", field: field ?? "", value: value ?? "" };
}

function take(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case "field":
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case "index":
      return Array.isArray(value) && step.index < value.length ? [value[step.index]] : [];
    case "all":
      if (Array.isArray(value)) return value;
      return isRecord(value) ? Object.values(value) : [];
    case "where":
      if (!Array.isArray(value)) return [];
      return value.filter((item) => isRecord(item) && String(item[step.field]) === step.value);
  }
}
