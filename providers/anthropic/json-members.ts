/** Members of objects from outside, which may have any name and any value. */

import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";

/** A member of its own; undefined where the object has none. */
export function memberOf(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Whether something is said: it is there and not null. */
export function isSaid(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null;
}

/** Text, or null for anything else. */
export function textOrNull(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** Text, or empty text for anything else. */
export function textOrEmpty(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** An object, or an empty one for anything else. */
export function objectOrEmpty(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** A number as a double, for comparing. */
export function numberOf(value: JsonNumber): number {
  return typeof value === "number" ? value : Number(value.rawJSON);
}
