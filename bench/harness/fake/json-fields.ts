/**
 * Checks decoded JSON against a table of fields as strictly as a provider's API does; each provider words the
 * first problem its own way. Pure, never throws.
 */

/** JSON type of a field; `integer` is a number without fraction. */
export type FieldType = "string" | "number" | "integer" | "boolean" | "array" | "object";

/** What one field may be. */
export interface FieldRule {
  readonly type: FieldType | readonly FieldType[];
  readonly required?: true;
  /** `null` counts as absent */
  readonly nullable?: true;
  readonly values?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The fields an object may have, by name. */
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** Where in the body: field names and array positions. */
export type FieldPath = readonly (string | number)[];

/** The first thing that is wrong. */
export type FieldProblem =
  | { readonly kind: "missing"; readonly path: FieldPath }
  | { readonly kind: "unknown"; readonly path: FieldPath }
  | {
      readonly kind: "type";
      readonly path: FieldPath;
      readonly wanted: string;
      readonly received: string;
    }
  | {
      readonly kind: "value";
      readonly path: FieldPath;
      readonly received: string;
      readonly allowed: readonly string[];
    }
  | {
      readonly kind: "minimum";
      readonly path: FieldPath;
      readonly received: number;
      readonly limit: number;
    }
  | {
      readonly kind: "maximum";
      readonly path: FieldPath;
      readonly received: number;
      readonly limit: number;
    };

/** A JSON object of unknown shape. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** First problem of `value`, or undefined: unknown fields come first, then missing ones, then types and values. */
export function findFieldProblem(
  value: JsonObject,
  rules: FieldRules,
  path: FieldPath = [],
): FieldProblem | undefined {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(rules, name)) return { kind: "unknown", path: [...path, name] };
  }
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.required && value[name] === undefined)
      return { kind: "missing", path: [...path, name] };
  }
  for (const [name, rule] of Object.entries(rules)) {
    const problem = findValueProblem(value[name], rule, [...path, name]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** JSON type name of a decoded value, as providers say it. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function findValueProblem(
  value: unknown,
  rule: FieldRule,
  path: FieldPath,
): FieldProblem | undefined {
  if (value === undefined || (value === null && rule.nullable)) return undefined;
  const received = jsonTypeOf(value);
  const wanted: readonly string[] = typeof rule.type === "string" ? [rule.type] : rule.type;
  const fits = wanted.includes(received) || (received === "integer" && wanted.includes("number"));
  if (!fits) return { kind: "type", path, wanted: wanted.join(" or "), received };
  if (typeof value === "string" && rule.values !== undefined && !rule.values.includes(value)) {
    return { kind: "value", path, received: value, allowed: rule.values };
  }
  if (typeof value !== "number") return undefined;
  if (rule.minimum !== undefined && value < rule.minimum) {
    return { kind: "minimum", path, received: value, limit: rule.minimum };
  }
  if (rule.maximum !== undefined && value > rule.maximum) {
    return { kind: "maximum", path, received: value, limit: rule.maximum };
  }
  return undefined;
}
