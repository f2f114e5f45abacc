/**
 * JSON as the translation reads and writes it: numbers keep the digits that were sent. Values are those of `JSON.parse`,
 * except numbers that a double would change: they are raw ones, which `JSON.stringify` writes as they were.
 */

import { isUtf8 } from "node:buffer";
import { isHeavierThan } from "./json-weight.ts";

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

/**
 * Deepest nesting of lists and objects that is read. Nobody's request or answer comes near it, and whatever walks a value
 * or writes it would run out of stack some thousands deeper.
 */
export const maxJsonDepth = 512;

/**
 * What a double could change, wherever it stands: 16 digits or more in a row (with a point between), an exponent, or minus
 * zero. Ids that providers make up look like it, so that only what stands where a number may begin counts.
 */
const suspicious = /\d[\d.]{15}|\d[eE]|-0(?![.\d])/;
const suspiciousNumber = /(?:^|[\s:,[])(?:-?\d[\d.]{15}|-?\d[\d.]*[eE]|-0(?![.\d]))/;

/**
 * What a long document may weigh (`json-weight.ts`), so that parsing it takes less than 200 MB: half a million objects and
 * members or four million numbers. Where digits are kept, a value takes four times as much.
 */
const maxWeight = { plain: 4 * 1024 * 1024, digits: 1024 * 1024 } as const;

/** Documents up to so many UTF-16 units cannot weigh what would hurt, and are not looked through. */
const longText = { plain: 2 * 1024 * 1024, digits: 256 * 1024 } as const;

const tooHeavy = "it has too many values";

const tooDeep = `it is nested more than ${maxJsonDepth} levels deep`;

interface RawJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}
const raw = JSON as unknown as RawJson;

/** Parses a whole document; invalid UTF-8, nesting beyond `maxJsonDepth` and millions of values are malformed. Of keys that come twice the last one counts. */
export function parseJson(bytes: Buffer): ParsedJson {
  if (!isUtf8(bytes)) return { kind: "malformed", reason: "it is not UTF-8" };
  return parseJsonText(bytes.toString("utf8"));
}

/** Parses a document that is text already. */
export function parseJsonText(text: string): ParsedJson {
  try {
    // The first expression is the faster one, and nearly always enough.
    const isKept = suspicious.test(text) && suspiciousNumber.test(text);
    if (isTooHeavy(text, isKept ? "digits" : "plain")) {
      return { kind: "malformed", reason: tooHeavy };
    }
    const value: unknown = isKept ? JSON.parse(text, keepDigits) : JSON.parse(text);
    // Every level takes two brackets, so that short texts need no look.
    const isDeep = text.length > 2 * maxJsonDepth && isDeeper(value, maxJsonDepth);
    if (!isDeep) return { kind: "value", value: value as JsonValue };
    return { kind: "malformed", reason: tooDeep };
  } catch (error) {
    // `keepDigits` is called from inside the deepest level. Other causes would quote what the agent sent.
    return { kind: "malformed", reason: error instanceof RangeError ? tooDeep : "it is not JSON" };
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

function isTooHeavy(text: string, form: "plain" | "digits"): boolean {
  return text.length > longText[form] && isHeavierThan(text, maxWeight[form]);
}

/** Whether lists and objects stand in each other in more than so many levels. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return !raw.isRawJSON(value);
  if (Array.isArray(value)) {
    for (const element of value) {
      // Vectors have thousands of numbers, which are not worth a call each.
      if (typeof element === "object" && isDeeper(element, levels - 1)) return true;
    }
    return false;
  }
  // Objects that were parsed inherit nothing that is listed here.
  for (const key in value) if (isDeeper(Reflect.get(value, key), levels - 1)) return true;
  return false;
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || String(value) === source) return value;
  return raw.rawJSON(source);
}
