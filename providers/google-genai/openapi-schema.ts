/**
 * The subset of OpenAPI 3.0 schemas in which Gemini's `Schema` is written (https://ai.google.dev/api/caching#Schema), as
 * JSON Schema: types in lower case, `nullable` as a type, limits as numbers, properties in their order.
 */

import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { fieldsOf, isList, numberOf } from "./proto-fields.ts";

const limits: ReadonlySet<string> = new Set([
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
]);
const deepest = 64;

/** JSON Schema with the meaning of an OpenAPI one. What it does not know it keeps; more than 64 levels it leaves as they are. */
export function toJsonSchema(schema: JsonObject): JsonObject {
  return convert(schema, 0);
}

function convert(schema: JsonObject, depth: number): JsonObject {
  const fields = fieldsOf(schema) ?? schema;
  if (depth > deepest) return fields;
  const converted: Record<string, JsonValue | undefined> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value === null && key !== "default" && key !== "example") continue;
    const member = convertField(key, value, depth);
    if (member !== undefined) converted[member.key] = member.value;
  }
  const ordered = inOrder(converted, fields["propertyOrdering"]);
  return fields["nullable"] === true ? nullable(ordered) : ordered;
}

interface Member {
  readonly key: string;
  readonly value: JsonValue | undefined;
}

function convertField(
  key: string,
  value: JsonValue | undefined,
  depth: number,
): Member | undefined {
  switch (key) {
    case "nullable":
    case "propertyOrdering":
      return undefined;
    case "type":
      return value === "TYPE_UNSPECIFIED" ? undefined : { key, value: lowerCase(value) };
    case "format":
      // OpenAPI's way to say that a string has only the values of its enum
      return value === "enum" ? undefined : { key, value };
    case "example":
      return { key: "examples", value: value === undefined ? undefined : [value] };
    case "items":
      return { key, value: convertValue(value, depth) };
    case "properties":
      return { key, value: convertProperties(value, depth) };
    case "anyOf":
      return {
        key,
        value: isList(value) ? value.map((one) => convertValue(one, depth) ?? null) : value,
      };
    default:
      return { key, value: limits.has(key) ? (numberOf(value) ?? value) : value };
  }
}

function convertValue(value: JsonValue | undefined, depth: number): JsonValue | undefined {
  return isJsonObject(value) ? convert(value, depth + 1) : value;
}

/** Names of properties are the agent's own, and stay as they are. */
function convertProperties(value: JsonValue | undefined, depth: number): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([name, schema]) => [
    name,
    convertValue(schema, depth),
  ]);
  return Object.fromEntries(entries);
}

/** Gemini writes properties in the order that the schema asks for; others in that of its properties. */
function inOrder(
  schema: Readonly<Record<string, JsonValue | undefined>>,
  order: JsonValue | undefined,
): JsonObject {
  const { properties } = schema;
  if (!isList(order) || !isJsonObject(properties)) return schema;
  const names = order
    .filter((name) => typeof name === "string")
    .filter((name) => {
      return Object.hasOwn(properties, name);
    });
  const rest = Object.keys(properties).filter((name) => !names.includes(name));
  const entries = [...names, ...rest].map((name) => [name, properties[name]]);
  return { ...schema, properties: Object.fromEntries(entries) };
}

function lowerCase(type: JsonValue | undefined): JsonValue | undefined {
  if (typeof type === "string") return type.toLowerCase();
  return isList(type)
    ? type.map((one) => (typeof one === "string" ? one.toLowerCase() : one))
    : type;
}

function nullable(schema: JsonObject): JsonObject {
  const { type, enum: values, anyOf } = schema;
  return {
    ...schema,
    ...(typeof type === "string" && type !== "null" && { type: [type, "null"] }),
    ...(isList(values) && !values.includes(null) && { enum: [...values, null] }),
    ...(type === undefined && isList(anyOf) && { anyOf: [...anyOf, { type: "null" }] }),
  };
}
