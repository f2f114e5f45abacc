/** Which paths a manager owns that applies an object, and what keeps an object from being applied at all. */
import { isJsonList, isJsonMap } from "../json-tree.ts";
import type { JsonValue } from "../json-tree.ts";
import { emptyFieldSet, FieldSetBuilder } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { shapeOf } from "./field-shape.ts";
import type { FieldSchema, ListShape, MapShape } from "./field-shape.ts";
import { fieldElement, itemElement } from "./path-element.ts";

/** The paths that an object has, as far as they can have an owner: its leaves, and every item of an associative list. */
export function fieldsOf(value: JsonValue, schema: FieldSchema): FieldSet {
  return ownedInside(value, schema).set;
}

interface Owned {
  readonly set: FieldSet;
  /** Whether the value is owned as a whole */
  readonly isLeaf: boolean;
}

const leaf: Owned = { set: emptyFieldSet, isLeaf: true };

function ownedInside(value: JsonValue, schema: FieldSchema): Owned {
  const shape = shapeOf(schema, value);
  switch (shape.kind) {
    case "scalar":
      return leaf;
    case "map":
      return shape.isAtomic ? leaf : ownedInMap(value, shape);
    case "list":
      return shape.relation === "atomic" ? leaf : ownedInList(value, shape);
  }
}

function ownedInMap(value: JsonValue, shape: MapShape): Owned {
  if (!isJsonMap(value)) return { set: emptyFieldSet, isLeaf: false };
  const builder = new FieldSetBuilder();
  for (const [key, item] of Object.entries(value)) {
    const element = fieldElement(key);
    const { set, isLeaf } = ownedInside(item, shape.schemaOf(key));
    const isEmpty = item === null || (isJsonMap(item) && Object.keys(item).length === 0);
    if (isLeaf || isEmpty || !shape.isField(key)) builder.member(element);
    builder.child(element, set);
  }
  return { set: builder.build(), isLeaf: false };
}

function ownedInList(value: JsonValue, shape: ListShape): Owned {
  if (!isJsonList(value)) return { set: emptyFieldSet, isLeaf: false };
  const builder = new FieldSetBuilder();
  const items = indexItems(value, shape);
  for (const [element, copies] of items) {
    builder.member(element);
    const [only] = copies;
    // Items that cannot be told apart have no parts of their own.
    if (copies.length === 1 && only !== undefined) {
      builder.child(element, ownedInside(only, shape.items).set);
    }
  }
  return { set: builder.build(), isLeaf: false };
}

/** Items of an associative list by their element, in the order of the list; items that have none are left out. */
export function indexItems(
  list: readonly JsonValue[],
  shape: ListShape,
): Map<string, readonly JsonValue[]> {
  const items = new Map<string, JsonValue[]>();
  for (const item of list) {
    const found = itemElement(shape, item);
    if (found.kind === "invalid") continue;
    const copies = items.get(found.element);
    if (copies === undefined) items.set(found.element, [item]);
    else copies.push(item);
  }
  return items;
}

/** The named fields of the schema that have owned insides count as owned themselves; keys of free maps do not. */
export function withNamedFields(set: FieldSet, schema: FieldSchema): FieldSet {
  if (set.children.size === 0) return set;
  const builder = new FieldSetBuilder();
  for (const element of set.members) builder.member(element);
  for (const [element, inside] of set.children) {
    const isField = element.startsWith("f:");
    const shape = shapeOf(schema, isField ? {} : []);
    const name = element.slice(2);
    if (isField && shape.kind === "map" && shape.isField(name)) builder.member(element);
    builder.child(element, withNamedFields(inside, insideSchema(shape, isField, name)));
  }
  return builder.build();
}

function insideSchema(
  shape: ReturnType<typeof shapeOf>,
  isField: boolean,
  name: string,
): FieldSchema {
  if (shape.kind === "map") return isField ? shape.schemaOf(name) : undefined;
  return shape.kind === "list" ? shape.items : undefined;
}
