/** Fields of objects in a request of the Responses API that are not read: none of them is dropped in silence. */

import type { Feature } from "../features.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import type { BodyReader } from "./body-reader.ts";

/** Longest name of an unknown field that is repeated. */
const longestName = 64;

/** Where a value stands, as a path into the body. */
export interface Place {
  readonly reader: BodyReader;
  readonly at: string;
}

/** Where an object's fields belong. */
export interface FieldRule {
  /** Fields that are read, with null, or that the IR has no place for, with their feature */
  readonly fields: ReadonlyMap<string, Feature | null>;
  /** Feature of all other fields */
  readonly others: Feature;
  /** Values of fields that say no more than their absence */
  readonly idle?: ReadonlyMap<string, readonly JsonValue[]>;
}

/** Notes every field that is not read; those that are null, empty lists or absent say nothing. */
export function noteFields(object: JsonObject, rule: FieldRule, { reader, at }: Place): void {
  for (const key of Object.keys(object)) {
    const feature = rule.fields.get(key);
    if (feature === null || isNothing(object[key])) continue;
    const value = object[key];
    if (value !== undefined && rule.idle?.get(key)?.includes(value) === true) continue;
    const name = key.slice(0, longestName);
    reader.note(feature ?? rule.others, at === "" ? name : `${at}.${name}`);
  }
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
