/** Whether an SDK's object has what its types promise: fields that must be there and their types; more are ignored. */
import { findFieldProblem, isJsonObject } from "../fake/json-fields.ts";
import type { FieldRule, FieldRules } from "../fake/json-fields.ts";

/** A clause about the first thing that is missing or of the wrong type; undefined for an object in order. */
export function findShapeProblem(
  value: unknown,
  rules: FieldRules,
  what: string,
): string | undefined {
  // Classes of SDKs have getters and hidden fields: what a user would log is what counts.
  const plain: unknown = JSON.parse(JSON.stringify(value ?? null));
  if (!isJsonObject(plain)) return `${what} is no object`;
  const problem = findFieldProblem(keepKnown(plain, rules), rules, [what]);
  if (problem === undefined) return undefined;
  const { kind, path, ...detail } = problem;
  return `${path.join(".")}: ${kind} ${JSON.stringify(detail)}`;
}

function keepKnown(
  value: Readonly<Record<string, unknown>>,
  rules: FieldRules,
): Record<string, unknown> {
  const known = Object.entries(rules).flatMap(([name, rule]) =>
    value[name] === undefined ? [] : [[name, keep(value[name], rule)] as const],
  );
  return Object.fromEntries(known);
}

function keep(value: unknown, rule: FieldRule): unknown {
  if (Array.isArray(value) && rule.items !== undefined) {
    const { items } = rule;
    return value.map((item) => keep(item, items));
  }
  if (!isJsonObject(value)) return value;
  if (rule.variants !== undefined) {
    const sort = String(value[rule.variants.by]);
    const fields = Object.hasOwn(rule.variants.of, sort) ? rule.variants.of[sort] : undefined;
    if (fields === undefined) return value;
    return { [rule.variants.by]: value[rule.variants.by], ...keepKnown(value, fields) };
  }
  return rule.fields === undefined ? value : keepKnown(value, rule.fields);
}
