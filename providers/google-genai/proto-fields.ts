/**
 * Messages in proto3 JSON (https://protobuf.dev/programming-guides/json/), as Google's APIs read them: names in either
 * spelling, null for what is absent, and one element where a list is meant.
 */

import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject, parseJsonText } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";

const capital = /_([a-z0-9])/g;

/** The fields of a message by their lowerCamelCase names; undefined when it is no object. Values are as they were. */
export function fieldsOf(value: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined;
  for (const key in value) if (key.includes("_")) return renamed(value);
  return value;
}

/** The elements of a repeated field; of one that is no list, itself. */
export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  return isList(value) ? value : [value];
}

/** A number, which may be written as text; null when it is absent, undefined when it is none. */
export function numberOf(value: JsonValue | undefined): JsonNumber | null | undefined {
  if (value === undefined || value === null) return null;
  if (isJsonNumber(value)) return value;
  if (typeof value !== "string") return undefined;
  const parsed = parseJsonText(value);
  return parsed.kind === "value" && isJsonNumber(parsed.value) ? parsed.value : undefined;
}

/** A count, also one that is written as text, as protobuf has it; null when it is absent or none. */
export function countOf(value: JsonValue | undefined): number | null {
  if (typeof value !== "string") return wholeNumberOf(value);
  return /^\d{1,16}$/.test(value) ? wholeNumberOf(Number(value)) : null;
}

/** Text; null when it is absent, empty or none. */
export function textOrNull(value: JsonValue | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Whether a value is a list. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function renamed(message: JsonObject): JsonObject {
  // A key such as `__proto__` is one like any other here
  const fields: Record<string, JsonValue | undefined> = Object.create(null);
  for (const [key, value] of Object.entries(message)) {
    const name = key.replace(capital, (_match, letter: string) => letter.toUpperCase());
    if (value !== null || !Object.hasOwn(fields, name)) fields[name] = value;
  }
  return fields;
}
