/**
 * Reads members of a request's body by the form that they must have. What is absent or null is null; what has another
 * form is a problem, of which the first one counts; what the IR has no place for is noted.
 */

import type { Decoded } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { Unexpressed } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject, parseJson } from "../json-text.ts";

/** Whether a value is a list. */
export function isJsonList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Parses a body that must be an object; else a clause that says what is wrong with it. */
export function parseBody(body: Buffer): Decoded<JsonObject> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") {
    return { kind: "malformed", reason: `the body cannot be read: ${parsed.reason}` };
  }
  if (isJsonObject(parsed.value)) return { kind: "ok", value: parsed.value };
  return { kind: "malformed", reason: "the body is not a JSON object" };
}

/** Reads one body. `at` is always the place of the object that is read: empty for the body itself, else its path. */
export class BodyReader {
  #problem: string | null = null;
  readonly #unexpressed: Unexpressed[] = [];

  /** What was noted so far. */
  get unexpressed(): readonly Unexpressed[] {
    return this.#unexpressed;
  }

  /** The value if nothing was wrong, else the first problem. */
  finish<T>(value: T): Decoded<T> {
    if (this.#problem !== null) return { kind: "malformed", reason: this.#problem };
    return { kind: "ok", value };
  }

  /** Notes a problem as a clause such as `messages[2].content is neither a string nor a list`. */
  fail(reason: string): void {
    this.#problem ??= reason;
  }

  /** Notes something that the IR has no place for. */
  note(feature: Feature, at: string): void {
    this.#unexpressed.push({ feature, at });
  }

  /** A string, or null. */
  string(object: JsonObject, key: string, at: string): string | null {
    const value = object[key];
    if (typeof value === "string") return value;
    return this.#absent(value, "a string", pathOf(at, key));
  }

  /** A string that must be there; empty where it is not. */
  requiredString(object: JsonObject, key: string, at: string): string {
    const value = object[key];
    if (typeof value === "string") return value;
    this.fail(`${pathOf(at, key)} is not a string`);
    return "";
  }

  /** A number with its digits, or null. */
  number(object: JsonObject, key: string, at: string): JsonNumber | null {
    const value = object[key];
    if (isJsonNumber(value)) return value;
    return this.#absent(value, "a number", pathOf(at, key));
  }

  /** True, false or null. */
  boolean(object: JsonObject, key: string, at: string): boolean | null {
    const value = object[key];
    if (typeof value === "boolean") return value;
    return this.#absent(value, "a boolean", pathOf(at, key));
  }

  /** An object, or null. */
  object(object: JsonObject, key: string, at: string): JsonObject | null {
    const value = object[key];
    if (isJsonObject(value)) return value;
    return this.#absent(value, "an object", pathOf(at, key));
  }

  /** A list; empty where there is none. */
  list(object: JsonObject, key: string, at: string): readonly JsonValue[] {
    const value = object[key];
    if (isJsonList(value)) return value;
    return this.#absent(value, "a list", pathOf(at, key)) ?? [];
  }

  #absent(value: JsonValue | undefined, wanted: string, at: string): null {
    if (value !== undefined && value !== null) this.fail(`${at} is not ${wanted}`);
    return null;
  }
}

function pathOf(at: string, key: string): string {
  return at === "" ? key : `${at}.${key}`;
}
