/**
 * A value that fits a JSON Schema, or the OpenAPI form of one that Google's API has: what a fake model answers where
 * a schema asks for a form. Deterministic; pure.
 */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";

const deepest = 12;

/** A value for a schema, with every property; `null` where it says nothing. Samples of different numbers differ, from 0. */
export function sampleOf(schema: unknown, number: number): unknown {
  return sample(schema, { root: schema, name: "value", depth: 0, number });
}

interface Place {
  readonly root: unknown;
  /** Of the property, which strings repeat */
  readonly name: string;
  readonly depth: number;
  readonly number: number;
}

function sample(schema: unknown, place: Place): unknown {
  if (!isJsonObject(schema) || place.depth > deepest) return null;
  const { $ref: reference, const: constant, enum: values } = schema;
  if (typeof reference === "string") return sample(resolve(reference, place.root), deeper(place));
  if (constant !== undefined) return constant;
  if (Array.isArray(values)) return values[place.number % values.length];
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) return sample(firstChoice(choices), deeper(place));
  switch (typeOf(schema)) {
    case "object":
      return sampleObject(schema, place);
    case "array":
      return sampleArray(schema, place);
    case "string":
      return `${place.name} ${place.number + 1}`;
    case "integer":
      return Math.ceil(sampleNumber(schema, place));
    case "number":
      return sampleNumber(schema, place) + 0.5;
    case "boolean":
      return place.number % 2 === 0;
    default:
      return null;
  }
}

function typeOf(schema: JsonObject): string {
  const { type } = schema;
  const first: unknown = Array.isArray(type) ? type.find((one) => one !== "null") : type;
  if (typeof first === "string") return first.toLowerCase();
  return isJsonObject(schema["properties"]) ? "object" : "";
}

function firstChoice(choices: readonly unknown[]): unknown {
  return choices.find((one) => isJsonObject(one) && one["type"] !== "null") ?? choices[0];
}

function sampleObject(schema: JsonObject, place: Place): JsonObject {
  const { properties } = schema;
  if (!isJsonObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      sample(property, { ...deeper(place), name }),
    ]),
  );
}

function sampleArray(schema: JsonObject, place: Place): unknown[] {
  const least = Number(schema["minItems"] ?? 2);
  const length = Math.min(Math.max(least, 1), Number(schema["maxItems"] ?? 2));
  return Array.from({ length }, (_, number) =>
    sample(schema["items"], { ...deeper(place), number: place.number + number }),
  );
}

function sampleNumber(schema: JsonObject, place: Place): number {
  const least = Number(schema["minimum"] ?? 1);
  const most = Number(schema["maximum"] ?? Number.POSITIVE_INFINITY);
  return Math.min(least + place.number, most);
}

function resolve(reference: string, root: unknown): unknown {
  const steps = reference.replace(/^#\/?/, "").split("/");
  return steps.reduce<unknown>(
    (value, step) => (isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    root,
  );
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}
