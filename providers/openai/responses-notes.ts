/** What is found out while a request of the Responses API is read: what the IR has no place for, and what is wrong. */

import type { Feature } from "../features.ts";
import type { Unexpressed } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber } from "../json-text.ts";

/** Longest name of an unknown field that is repeated. */
const longestName = 64;

/** Gathers notes on one request. */
export interface RequestNotes {
  readonly unexpressed: Unexpressed[];
  /** Clause about the first thing that is wrong; null: nothing is */
  reason: string | null;
}

/** Where an object's fields belong. */
export interface FieldRule {
  /** Fields that are read, with null, or that the IR has no place for, with their feature */
  readonly fields: ReadonlyMap<string, Feature | null>;
  /** Feature of all other fields */
  readonly others: Feature;
}

/** Notes without any entry. */
export function createNotes(): RequestNotes {
  return { unexpressed: [], reason: null };
}

/** Records something that the IR has no place for. */
export function note(notes: RequestNotes, feature: Feature, at: string): void {
  notes.unexpressed.push({ feature, at });
}

/** Records that the request is malformed; the first reason stays. */
export function reject(notes: RequestNotes, reason: string): void {
  notes.reason ??= reason;
}

/** Records every field that is not read; fields that are null, empty lists or absent say nothing. */
export function noteFields(
  notes: RequestNotes,
  object: JsonObject,
  { rule, at }: { readonly rule: FieldRule; readonly at: string },
): void {
  for (const key of Object.keys(object)) {
    const known = rule.fields.get(key);
    if (known === null || isNothing(object[key])) continue;
    note(notes, known ?? rule.others, `${at}.${key.slice(0, longestName)}`);
  }
}

/** A number, or null where the field is absent; anything else is malformed. */
export function readNumber(
  notes: RequestNotes,
  object: JsonObject,
  name: string,
): JsonNumber | null {
  const value = object[name];
  if (value === undefined || value === null) return null;
  if (isJsonNumber(value)) return value;
  reject(notes, `${name} is no number`);
  return null;
}

/** A boolean, or null where the field is absent; anything else is malformed. */
export function readBoolean(notes: RequestNotes, object: JsonObject, name: string): boolean | null {
  const value = object[name];
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value;
  reject(notes, `${name} is no boolean`);
  return null;
}

/** A string, or null where the field is absent; anything else is malformed. */
export function readString(
  notes: RequestNotes,
  object: JsonObject,
  { name, at }: { readonly name: string; readonly at: string },
): string | null {
  const value = object[name];
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  reject(notes, `${at}${name} is no string`);
  return null;
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
