/**
 * JSON as the translation reads and writes it: numbers keep the digits that were sent. Values are those of `JSON.parse`,
 * except numbers that a double would change: they are raw ones, which `JSON.stringify` writes as they were.
 */

import { isUtf8 } from "node:buffer";

/** A number with the digits that were sent; made by `JSON.rawJSON`. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** A number as it was sent. */
export type JsonNumber = number | RawNumber;

/** A JSON object whose values may be raw numbers. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Any JSON value; undefined members are left out when written. */
export type JsonValue = string | JsonNumber | boolean | null | readonly JsonValue[] | JsonObject;

/** A document, or a clause that says why it is none. */
export type ParsedJson =
  | { readonly kind: "value"; readonly value: JsonValue }
  | { readonly kind: "malformed"; readonly reason: string };

/** Could be changed by a double: 16 digits or more in a row (with a point between), an exponent, or minus zero. */
const suspicious = /\d[\d.]{15}|\d[eE]|-0(?![.\d])/;

interface RawJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}
const raw = JSON as unknown as RawJson;

/** Parses a whole document; invalid UTF-8 is malformed. Of keys that come twice the last one counts. */
export function parseJson(bytes: Buffer): ParsedJson {
  if (!isUtf8(bytes)) return { kind: "malformed", reason: "it is not UTF-8" };
  return parseJsonText(bytes.toString("utf8"));
}

/** Parses a document that is text already. */
export function parseJsonText(text: string): ParsedJson {
  try {
    const value: unknown = suspicious.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
    return { kind: "value", value: value as JsonValue };
  } catch {
    // The cause would quote what the agent sent.
    return { kind: "malformed", reason: "it is not JSON" };
  }
}

/** Writes a value; raw numbers as they were sent, members that are undefined not at all. */
export function writeJson(value: JsonValue): string {
  return JSON.stringify(value);
}

/** Whether a value is an object, no array and no raw number. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value);
}

/** Whether a value is a number. */
export function isJsonNumber(value: JsonValue | undefined): value is JsonNumber {
  return typeof value === "number" || isRaw(value);
}

function isRaw(value: unknown): value is RawNumber {
  return typeof value === "object" && value !== null && raw.isRawJSON(value);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || String(value) === source) return value;
  return raw.rawJSON(source);
}
