/**
 * JSON Schemas in the part of the language that Anthropic compiles for structured outputs and strict tools
 * (https://platform.claude.com/docs/en/build-with-claude/structured-outputs): every object is closed, and what cannot be
 * compiled is told to the model in the description instead.
 */

import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject, writeJson } from "../json-text.ts";
import { memberOf, numberOf } from "./json-members.ts";

/** Members whose values are schemas by name. */
const namedSchemas: ReadonlySet<string> = new Set(["$defs", "definitions", "properties"]);
/** Members whose values are lists of schemas. */
const listedSchemas: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
/** Members that stay as they are. */
const kept: ReadonlySet<string> = new Set([
  "$id",
  "$ref",
  "const",
  "default",
  "description",
  "enum",
  "examples",
  "required",
  "title",
  "type",
]);
const formats: ReadonlySet<JsonValue> = new Set<JsonValue>([
  "date",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "time",
  "uri",
  "uuid",
]);

/** A schema that the API compiles, of one that it might not; one that it does is equal to what it was. */
export function toStrictSchema(schema: JsonObject): JsonObject {
  const strict = new Map<string, JsonValue>();
  const told = new Map<string, JsonValue>();
  for (const key of Object.keys(schema)) {
    const value = memberOf(schema, key);
    if (key === "$schema" || key === "additionalProperties" || value === undefined) continue;
    if (key === "oneOf") strict.set("anyOf", convert("anyOf", value));
    else if (isCompiled(key, value)) strict.set(key, convert(key, value));
    else told.set(key, value);
  }
  if (isObjectSchema(schema)) strict.set("additionalProperties", false);
  if (told.size > 0) {
    const hint = writeJson(Object.fromEntries(told));
    strict.set("description", describe(memberOf(schema, "description"), hint));
  }
  return Object.fromEntries(strict);
}

function isCompiled(key: string, value: JsonValue): boolean {
  if (kept.has(key) || namedSchemas.has(key) || listedSchemas.has(key) || key === "items") {
    return true;
  }
  if (key === "format") return formats.has(value);
  return key === "minItems" && isJsonNumber(value) && numberOf(value) <= 1;
}

function convert(key: string, value: JsonValue): JsonValue {
  if (key === "items") return convertOne(value);
  if (listedSchemas.has(key)) return Array.isArray(value) ? value.map(convertOne) : value;
  if (!namedSchemas.has(key) || !isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, convertOne(inner ?? null)]),
  );
}

function convertOne(value: JsonValue): JsonValue {
  return isJsonObject(value) ? toStrictSchema(value) : value;
}

function isObjectSchema(schema: JsonObject): boolean {
  const type = memberOf(schema, "type");
  const isObject = type === "object" || (Array.isArray(type) && type.includes("object"));
  return isObject || isJsonObject(memberOf(schema, "properties"));
}

function describe(description: JsonValue | undefined, hint: string): string {
  return typeof description === "string" && description !== "" ? `${description}\n\n${hint}` : hint;
}
