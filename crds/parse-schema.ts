/**
 * Checks a value of unknown origin against a schema. Every problem is found in one pass; the result is a new,
 * defaulted, frozen value that shares nothing mutable with the input. Fields marked sensitive are never shown.
 */
import { createProblem, createProblemWithText, describeValue, quoteChoice } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";
import { readJsonValue } from "./json-value.ts";
import { quantityFormat } from "./quantity.ts";
import type {
  ArraySchema,
  EnumerationSchema,
  Field,
  Fields,
  Infer,
  IntegerSchema,
  JsonSchema,
  MapSchema,
  ObjectSchema,
  Schema,
  StringSchema,
  Uniqueness,
} from "./schema.ts";
import { findSuggestion } from "./suggestion.ts";

/** More problems than this are only counted: an object this wrong is not the object that was meant. */
export const maxProblems = 100;

/** What became of a value: the typed value, or everything that is wrong with it (at most 100 and a count). */
export type SchemaResult<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

interface Run {
  readonly path: (string | number)[];
  readonly problems: Problem[];
  /** All problems, listed or not: tells whether a part of the value was correct */
  count: number;
  /** How many sensitive schemas the current place lies in */
  sensitiveDepth: number;
}

/** Checks `value` and gives it its defaults. Never throws. */
export function parseSchema<S extends Schema>(schema: S, value: unknown): SchemaResult<Infer<S>> {
  const run: Run = { path: [], problems: [], count: 0, sensitiveDepth: 0 };
  const parsed = parseNode(run, schema, value);
  if (run.count === 0) return { kind: "valid", value: parsed as Infer<S> };
  if (run.count > maxProblems) {
    const rest = run.count - maxProblems;
    run.problems.push(
      createProblemWithText([], "fewer problems", `${rest} more problems not listed`),
    );
  }
  return { kind: "invalid", problems: run.problems };
}

function parseNode(run: Run, schema: Schema, value: unknown): unknown {
  switch (schema.kind) {
    case "string":
      return parseString(run, schema, value);
    case "integer":
      return parseInteger(run, schema, value);
    case "boolean":
      return typeof value === "boolean" ? value : wrong(run, value, "true or false");
    case "enumeration":
      return parseEnumeration(run, schema, value);
    case "quantity":
      return parseQuantity(run, value);
    case "json":
      return parseJson(run, schema, value);
    case "array":
      return parseArray(run, schema, value);
    case "map":
      return parseMap(run, schema, value);
    case "object":
      return parseObject(run, schema, value);
  }
}

function parseString(run: Run, schema: StringSchema, value: unknown): unknown {
  if (schema.sensitive) run.sensitiveDepth++;
  const parsed = readString(run, schema, value);
  if (schema.sensitive) run.sensitiveDepth--;
  return parsed;
}

function readString(run: Run, schema: StringSchema, value: unknown): unknown {
  const wanted = schema.format?.wanted ?? "a string";
  if (typeof value !== "string") return wrong(run, value, wanted);
  if (value.length < schema.minLength) {
    if (schema.format !== undefined) return wrong(run, value, wanted);
    const least =
      schema.minLength === 1 ? "a non-empty string" : `at least ${schema.minLength} characters`;
    return wrong(run, value, least);
  }
  if (value.length > schema.maxLength) {
    const found = `${value.length} characters`;
    return add(run, { path: run.path, found, wanted: `at most ${schema.maxLength} characters` });
  }
  if (schema.format === undefined) return value;
  const reading = schema.format.read(value);
  return reading.kind === "valid" ? reading.value : wrong(run, value, wanted, reading.detail);
}

function parseInteger(run: Run, schema: IntegerSchema, value: unknown): unknown {
  const fits =
    Number.isSafeInteger(value) && Number(value) >= schema.min && Number(value) <= schema.max;
  return fits ? value : wrong(run, value, wantedInteger(schema));
}

function wantedInteger(schema: IntegerSchema): string {
  return schema.max === Number.MAX_SAFE_INTEGER
    ? `an integer of at least ${schema.min}`
    : `an integer from ${schema.min} to ${schema.max}`;
}

function parseQuantity(run: Run, value: unknown): unknown {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string") return wrong(run, value, quantityFormat.wanted);
  const reading = quantityFormat.read(text);
  if (reading.kind === "valid") return reading.value;
  return wrong(run, value, quantityFormat.wanted, reading.detail);
}

function parseJson(run: Run, schema: JsonSchema, value: unknown): unknown {
  const wanted = wantedOf(schema);
  if (schema.shape === "object" && !isObject(value)) return wrong(run, value, wanted);
  const reading = readJsonValue(value, schema.maxBytes);
  return reading.kind === "valid" ? reading.value : wrong(run, value, wanted, reading.detail);
}

function parseEnumeration(run: Run, schema: EnumerationSchema, value: unknown): unknown {
  if (typeof value === "string" && schema.values.includes(value)) return value;
  const wanted = quoteChoice(schema.values);
  if (typeof value !== "string") return wrong(run, value, wanted);
  if (schema.refused && Object.hasOwn(schema.refused, value)) {
    return wrong(run, value, wanted, schema.refused[value]);
  }
  const suggestion = schema.values.length > 1 ? findSuggestion(value, schema.values) : undefined;
  return wrong(run, value, wanted, suggestion && `did you mean "${suggestion}"?`);
}

function parseArray(run: Run, schema: ArraySchema<Schema>, value: unknown): unknown {
  if (!Array.isArray(value) || value.length < schema.minItems || value.length > schema.maxItems) {
    return wrong(run, value, wantedList(schema));
  }
  const parsed: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    run.path.push(index);
    parsed.push(parseNode(run, schema.items, value[index]));
    run.path.pop();
  }
  if (schema.unique !== undefined) checkUnique(run, schema.unique, parsed);
  return Object.freeze(parsed);
}

function wantedList(schema: ArraySchema): string {
  if (schema.minItems === 0) return `a list of at most ${schema.maxItems}`;
  return `a list of ${schema.minItems} to ${schema.maxItems}`;
}

function checkUnique(run: Run, unique: Uniqueness, items: readonly unknown[]): void {
  const first = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const value = unique === "value" ? item : readField(item, unique.field);
    if (value === undefined) continue;
    const exact = String(value);
    const key = unique !== "value" && unique.ignoreCase ? exact.toLowerCase() : exact;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, index);
      continue;
    }
    const path = unique === "value" ? [...run.path, index] : [...run.path, index, unique.field];
    const wanted = unique === "value" ? "different values" : `a different ${unique.field} for each`;
    add(run, { path, found: describe(run, value), wanted, detail: `item ${earlier} has it too` });
  }
}

function readField(item: unknown, field: string): unknown {
  return isObject(item) && Object.hasOwn(item, field) ? item[field] : undefined;
}

function parseMap(run: Run, schema: MapSchema<Schema>, value: unknown): unknown {
  if (schema.sensitive) run.sensitiveDepth++;
  const parsed = readMap(run, schema, value);
  if (schema.sensitive) run.sensitiveDepth--;
  return parsed;
}

function readMap(run: Run, schema: MapSchema<Schema>, value: unknown): unknown {
  if (!isObject(value)) return wrong(run, value, "an object");
  const keys = Object.keys(value);
  if (keys.length > schema.maxProperties) {
    const wanted = `at most ${schema.maxProperties} entries`;
    return add(run, { path: run.path, found: `${keys.length} entries`, wanted });
  }
  const parsed: Record<string, unknown> = Object.create(null);
  for (const key of keys) {
    run.path.push(key);
    const reading = schema.keys.read(key);
    if (reading.kind === "invalid") {
      const detail = reading.detail && `: ${reading.detail}`;
      const text = `key is not ${schema.keys.wanted}${detail}`;
      addProblem(run, createProblemWithText([...run.path], schema.keys.wanted, text));
    } else {
      parsed[reading.value] = parseNode(run, schema.values, value[key]);
    }
    run.path.pop();
  }
  return Object.freeze(parsed);
}

function parseObject(run: Run, schema: ObjectSchema<Fields>, value: unknown): unknown {
  if (!isObject(value)) return wrong(run, value, "an object");
  const parsed: Record<string, unknown> = {};
  const doubtful = reportUnknownFields(run, schema.fields, value);
  for (const [name, field] of Object.entries(schema.fields)) {
    const before = run.count;
    run.path.push(name);
    const present = Object.hasOwn(value, name) && value[name] !== undefined;
    const result = present
      ? parseField(run, field, value[name])
      : fillField(run, field, doubtful.has(name));
    run.path.pop();
    if (run.count !== before) doubtful.add(name);
    if (result !== undefined) parsed[name] = result;
  }
  for (const rule of schema.rules) {
    if (rule.fields.some((name) => doubtful.has(name))) continue;
    rule.check(parsed, (found) => {
      const { at, ...facts } = found;
      add(run, { ...facts, path: [...run.path, ...at] });
    });
  }
  return Object.freeze(parsed);
}

/** Returns the fields that a misspelled name most likely meant: asking for those as well would only confuse. */
function reportUnknownFields(run: Run, fields: Fields, value: object): Set<string> {
  const meant = new Set<string>();
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(fields, name)) continue;
    const known = Object.keys(fields).filter((field) => !Object.hasOwn(value, field));
    const suggestion = findSuggestion(name, known);
    if (suggestion !== undefined) meant.add(suggestion);
    const all = Object.keys(fields).map((field) => `"${field}"`);
    const wanted = suggestion === undefined ? `one of ${all.join(", ")}` : `"${suggestion}"`;
    const hint =
      suggestion === undefined ? `; known: ${all.join(", ")}` : `, did you mean ${wanted}?`;
    const text = `unknown field${hint}`;
    addProblem(run, createProblemWithText([...run.path, name], wanted, text));
  }
  return meant;
}

function parseField(run: Run, field: Field, value: unknown): unknown {
  switch (field.kind) {
    case "ignored":
      return undefined;
    case "optional":
    case "defaulted":
    case "empty-if-absent":
      return parseNode(run, field.schema, value);
    default:
      return parseNode(run, field, value);
  }
}

function fillField(run: Run, field: Field, misspelled: boolean): unknown {
  switch (field.kind) {
    case "ignored":
    case "optional":
      return undefined;
    case "defaulted":
      return field.default;
    case "empty-if-absent":
      return parseNode(run, field.schema, field.schema.kind === "array" ? [] : {});
    default:
      if (misspelled) return undefined;
      return add(run, { path: run.path, wanted: wantedOf(field) });
  }
}

function wantedOf(schema: Schema): string {
  switch (schema.kind) {
    case "string":
      return schema.format?.wanted ?? "a string";
    case "integer":
      return wantedInteger(schema);
    case "boolean":
      return "true or false";
    case "enumeration":
      return quoteChoice(schema.values);
    case "quantity":
      return quantityFormat.wanted;
    case "json":
      return schema.shape === "object" ? "an object" : "a JSON value";
    case "array":
      return wantedList(schema);
    case "map":
    case "object":
      return "an object";
  }
}

function wrong(run: Run, value: unknown, wanted: string, detail?: string): undefined {
  const found = describe(run, value);
  return add(run, { path: run.path, found, wanted, ...(detail !== undefined && { detail }) });
}

function describe(run: Run, value: unknown): string {
  return describeValue(value, run.sensitiveDepth > 0 ? "hide" : "show");
}

function add(
  run: Run,
  facts: { path: Path; found?: string; wanted: string; detail?: string },
): undefined {
  addProblem(run, createProblem({ ...facts, path: [...facts.path] }));
}

function addProblem(run: Run, problem: Problem): void {
  run.count++;
  if (run.problems.length < maxProblems) run.problems.push(problem);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
