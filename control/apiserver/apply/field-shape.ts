/**
 * What a schema says of merging: which values are single, which have parts that different managers may own.
 * Understands structural schemas written out in full; a reference in one is a mistake of ours and throws.
 */
import { isJsonList, isJsonMap, ownMap, ownString, ownValue } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";

/** An OpenAPI v3 structural schema; `undefined` for a value that nothing is known of. */
export type FieldSchema = JsonMap | undefined;

/** One value that has one owner: a text, a number, a flag. */
export interface ScalarShape {
  readonly kind: "scalar";
  /** JSON type that the schema wants; `undefined` for any */
  readonly type: "string" | "number" | "boolean" | undefined;
}

/** An object; its parts have owners of their own unless it is atomic. */
export interface MapShape {
  readonly kind: "map";
  readonly isAtomic: boolean;
  /** Whether the schema names this field; other keys are those of a free map */
  readonly isField: (key: string) => boolean;
  /** Whether a key may occur at all */
  readonly isAllowed: (key: string) => boolean;
  readonly schemaOf: (key: string) => FieldSchema;
}

/** A list; its items are owned one by one when it is a set or a map. */
export interface ListShape {
  readonly kind: "list";
  readonly relation: "atomic" | "set" | "map";
  /** Names of the fields that tell items apart; only for a map */
  readonly keys: readonly string[];
  readonly items: FieldSchema;
}

/** How a value is taken apart. */
export type FieldShape = ScalarShape | MapShape | ListShape;

const anyScalar: ScalarShape = { kind: "scalar", type: undefined };
const freeMap: MapShape = {
  kind: "map",
  isAtomic: false,
  isField: () => false,
  isAllowed: () => true,
  schemaOf: () => undefined,
};
const freeList: ListShape = { kind: "list", relation: "atomic", keys: [], items: undefined };

/**
 * The shape of a value under its schema. Where the schema leaves it open, the value decides: objects
 * have owned parts, lists are atomic. A value of another type than its schema's is shaped by the schema.
 */
export function shapeOf(schema: FieldSchema, value: JsonValue | undefined): FieldShape {
  if (schema === undefined) return freeShape(value);
  if (Object.hasOwn(schema, "$ref")) {
    throw new TypeError(`Cannot merge by schema reference ${JSON.stringify(schema["$ref"])}`);
  }
  switch (schema["type"]) {
    case "object":
      return isOpen(schema) ? freeObject(schema, value) : mapShape(schema);
    case "array":
      return listShape(schema);
    case "string":
      return { kind: "scalar", type: "string" };
    case "boolean":
      return { kind: "scalar", type: "boolean" };
    case "integer":
    case "number":
      return { kind: "scalar", type: "number" };
    default:
      return schema["x-kubernetes-int-or-string"] === true ? anyScalar : freeShape(value);
  }
}

/** The default of a field of an item, which stands for a key that the item leaves out. */
export function defaultOf(schema: FieldSchema, name: string): JsonValue | undefined {
  return ownValue(ownValue(ownValue(schema, "properties"), name), "default");
}

/** Whether this part of a schema keeps whatever it does not know. */
function isOpen(schema: JsonMap): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

function freeShape(value: JsonValue | undefined): FieldShape {
  if (isJsonMap(value)) return freeMap;
  return isJsonList(value) ? freeList : anyScalar;
}

/** An open object may still name some of its fields. */
function freeObject(schema: JsonMap, value: JsonValue | undefined): FieldShape {
  if (ownMap(schema, "properties") === undefined) return freeShape(value ?? {});
  const named = mapShape(schema);
  return { ...named, isAllowed: () => true };
}

function mapShape(schema: JsonMap): MapShape {
  const properties = ownMap(schema, "properties");
  const additional = ownValue(schema, "additionalProperties");
  const isBare = properties === undefined && additional === undefined;
  return {
    kind: "map",
    isAtomic: schema["x-kubernetes-map-type"] === "atomic",
    isField: (key) => ownValue(properties, key) !== undefined,
    isAllowed: (key) =>
      isBare ||
      ownValue(properties, key) !== undefined ||
      (additional !== undefined && additional !== false),
    schemaOf: (key) => ownMap(properties, key) ?? (isJsonMap(additional) ? additional : undefined),
  };
}

function listShape(schema: JsonMap): ListShape {
  const type = ownString(schema, "x-kubernetes-list-type");
  const keys = ownValue(schema, "x-kubernetes-list-map-keys");
  return {
    kind: "list",
    relation: type === "set" || type === "map" ? type : "atomic",
    keys: isJsonList(keys) ? keys.filter((key) => typeof key === "string") : [],
    items: ownMap(schema, "items"),
  };
}
