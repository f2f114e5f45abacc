/** Takes the paths of a field set out of an object, with all that is inside them. */
import { isJsonList, isJsonMap } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { childSet, isEmptySet } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { shapeOf } from "./field-shape.ts";
import type { FieldSchema, ListShape, MapShape } from "./field-shape.ts";
import { fieldElement, itemElement } from "./path-element.ts";

/** The object without these paths; a container that loses its last part stays as an empty one. */
export function removeFields(object: JsonMap, paths: FieldSet, schema: FieldSchema): JsonMap {
  const rest = removeInside(object, paths, schema);
  return isJsonMap(rest) ? rest : object;
}

function removeInside(value: JsonValue, paths: FieldSet, schema: FieldSchema): JsonValue {
  if (isEmptySet(paths)) return value;
  const shape = shapeOf(schema, value);
  if (shape.kind === "map" && !shape.isAtomic && isJsonMap(value)) {
    return removeFromMap(value, paths, shape);
  }
  if (shape.kind === "list" && shape.relation !== "atomic" && isJsonList(value)) {
    return removeFromList(value, paths, shape);
  }
  return value;
}

function removeFromMap(map: JsonMap, paths: FieldSet, shape: MapShape): JsonMap {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => {
      const element = fieldElement(key);
      if (paths.members.has(element)) return [];
      return [[key, removeInside(value, childSet(paths, element), shape.schemaOf(key))]];
    }),
  );
}

function removeFromList(
  list: readonly JsonValue[],
  paths: FieldSet,
  shape: ListShape,
): JsonValue[] {
  return list.flatMap((value) => {
    const found = itemElement(shape, value);
    if (found.kind === "invalid") return [value];
    if (paths.members.has(found.element)) return [];
    return [removeInside(value, childSet(paths, found.element), shape.items)];
  });
}
