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
  /** Characters of a string */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Items of an array */
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Must match the whole string */
  readonly pattern?: RegExp;
  /** Of an object; any fields when absent */
  readonly fields?: FieldRules;
  /** The object has exactly one of `fields`, as unions of Google's and AWS's APIs have */
  readonly single?: true;
  /** Of each item of an array */
  readonly items?: FieldRule;
  /** Fields of an object by the sort that one of them names */
  readonly variants?: FieldVariants;
}

/** Objects of several sorts, told apart by one field. */
export interface FieldVariants {
  /** Name of the field that names the sort */
  readonly by: string;
  /** The sort of objects that do not say */
  readonly otherwise?: string;
  /** Fields of each sort beside that one */
  readonly of: Readonly<Record<string, FieldRules>>;
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
    }
  | {
      /** Length of a string in characters, or of an array in items */
      readonly kind: "short" | "long";
      readonly path: FieldPath;
      readonly of: "string" | "array";
      readonly received: number;
      readonly limit: number;
    }
  | { readonly kind: "pattern"; readonly path: FieldPath; readonly pattern: string }
  /** Not exactly one member of a union */
  | {
      readonly kind: "members";
      readonly path: FieldPath;
      readonly received: readonly string[];
      readonly allowed: readonly string[];
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
  if (typeof value === "string") return findTextProblem(value, rule, path);
  if (typeof value === "number") return findRangeProblem(value, rule, path);
  if (Array.isArray(value)) return findItemsProblem(value, rule, path);
  return isJsonObject(value) ? findObjectProblem(value, rule, path) : undefined;
}

function findTextProblem(
  value: string,
  rule: FieldRule,
  path: FieldPath,
): FieldProblem | undefined {
  if (rule.values !== undefined && !rule.values.includes(value)) {
    return { kind: "value", path, received: value, allowed: rule.values };
  }
  if (rule.pattern !== undefined && rule.pattern.exec(value)?.[0] !== value) {
    return { kind: "pattern", path, pattern: rule.pattern.source };
  }
  const { minLength: least = 0, maxLength: most = Number.POSITIVE_INFINITY } = rule;
  return findLengthProblem([...value].length, { of: "string", least, most }, path);
}

function findRangeProblem(
  value: number,
  rule: FieldRule,
  path: FieldPath,
): FieldProblem | undefined {
  if (rule.minimum !== undefined && value < rule.minimum) {
    return { kind: "minimum", path, received: value, limit: rule.minimum };
  }
  if (rule.maximum !== undefined && value > rule.maximum) {
    return { kind: "maximum", path, received: value, limit: rule.maximum };
  }
  return undefined;
}

function findLengthProblem(
  received: number,
  limits: { readonly of: "string" | "array"; readonly least: number; readonly most: number },
  path: FieldPath,
): FieldProblem | undefined {
  const { of, least, most } = limits;
  if (received < least) return { kind: "short", path, of, received, limit: least };
  return received > most ? { kind: "long", path, of, received, limit: most } : undefined;
}

function findItemsProblem(
  items: readonly unknown[],
  rule: FieldRule,
  path: FieldPath,
): FieldProblem | undefined {
  const { minItems: least = 0, maxItems: most = Number.POSITIVE_INFINITY } = rule;
  const problem = findLengthProblem(items.length, { of: "array", least, most }, path);
  if (problem !== undefined || rule.items === undefined) return problem;
  for (const [index, item] of items.entries()) {
    const found = findValueProblem(item, rule.items, [...path, index]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findObjectProblem(
  value: JsonObject,
  rule: FieldRule,
  path: FieldPath,
): FieldProblem | undefined {
  if (rule.variants !== undefined) return findVariantProblem(value, rule.variants, path);
  if (rule.fields === undefined) return undefined;
  if (rule.single) return findMemberProblem(value, rule.fields, path);
  return findFieldProblem(value, rule.fields, path);
}

function findMemberProblem(
  value: JsonObject,
  members: FieldRules,
  path: FieldPath,
): FieldProblem | undefined {
  const received = Object.keys(value);
  const [only] = received;
  if (only !== undefined && received.length === 1) {
    const rule = Object.hasOwn(members, only) ? members[only] : undefined;
    return findFieldProblem(value, rule === undefined ? {} : { [only]: rule }, path);
  }
  return { kind: "members", path, received, allowed: Object.keys(members) };
}

function findVariantProblem(
  value: JsonObject,
  variants: FieldVariants,
  path: FieldPath,
): FieldProblem | undefined {
  const { [variants.by]: sort = variants.otherwise, ...rest } = value;
  const at = [...path, variants.by];
  if (sort === undefined) return { kind: "missing", path: at };
  if (typeof sort !== "string") {
    return { kind: "type", path: at, wanted: "string", received: jsonTypeOf(sort) };
  }
  const rules = Object.hasOwn(variants.of, sort) ? variants.of[sort] : undefined;
  if (rules !== undefined) return findFieldProblem(rest, rules, path);
  return { kind: "value", path: at, received: sort, allowed: Object.keys(variants.of) };
}
