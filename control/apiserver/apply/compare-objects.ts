/** What a change did to an object, as field sets: paths that were added, that are gone, and that have another value. */
import { equalJson, isJsonList, isJsonMap, ownValue } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { FieldSetBuilder } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { shapeOf } from "./field-shape.ts";
import type { FieldSchema, FieldShape, ListShape, MapShape } from "./field-shape.ts";
import { indexItems } from "./owned-fields.ts";
import { fieldElement } from "./path-element.ts";

/** The paths of a change. What is added or removed with all its parts is listed with each part. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

/** Compares two values under one schema; undefined stands for a value that is not there. */
export function compareObjects(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  schema: FieldSchema,
): Comparison {
  const change = new Change();
  compareInside(before, after, { schema, change });
  return change.build();
}

type Fate = keyof Comparison;

/** Collects what happened inside one value. */
class Change {
  readonly #builders = {
    added: new FieldSetBuilder(),
    removed: new FieldSetBuilder(),
    modified: new FieldSetBuilder(),
  };

  mark(fate: Fate, element: string): void {
    this.#builders[fate].member(element);
  }

  /** Takes what happened to the part that `element` names: to itself and inside of it. */
  take(element: string, part: { readonly fate: Fate | undefined; readonly change: Change }): void {
    if (part.fate !== undefined) this.mark(part.fate, element);
    const inside = part.change.build();
    this.#builders.added.child(element, inside.added);
    this.#builders.removed.child(element, inside.removed);
    this.#builders.modified.child(element, inside.modified);
  }

  build(): Comparison {
    const { added, removed, modified } = this.#builders;
    return { added: added.build(), removed: removed.build(), modified: modified.build() };
  }
}

interface Inside {
  readonly schema: FieldSchema;
  readonly change: Change;
}

/** Fills in what happened inside, and gives what happened to the value itself. */
function compareInside(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  { schema, change }: Inside,
): Fate | undefined {
  if (before === after) return undefined;
  const fates = shapesOf(before, after, schema).map((shape) => {
    const isWhole = isLeaf(shape, before, after);
    if (!isWhole && shape.kind === "map") compareMaps(before, after, { shape, change });
    if (!isWhole && shape.kind === "list") compareLists(before, after, { shape, change });
    if (before === undefined) return "added";
    if (after === undefined) return "removed";
    return isWhole && !equalJson(before, after) ? "modified" : undefined;
  });
  return fates.find((fate) => fate !== undefined);
}

/** One shape, or two where an open schema lets a value become another sort of value; null is of any sort. */
function shapesOf(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  schema: FieldSchema,
): FieldShape[] {
  const latter = shapeOf(schema, after ?? before);
  const former = shapeOf(schema, before ?? after);
  return former.kind === latter.kind ? [latter] : [former, latter];
}

/** Two values without parts are compared whole, so that an empty object and null stay different. */
function isLeaf(
  shape: FieldShape,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): boolean {
  switch (shape.kind) {
    case "scalar":
      return true;
    case "map":
      return shape.isAtomic || (isEmptyMap(before) && isEmptyMap(after));
    case "list":
      return shape.relation === "atomic" || (isEmptyList(before) && isEmptyList(after));
  }
}

function compareMaps(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  { shape, change }: { readonly shape: MapShape; readonly change: Change },
): void {
  const old: JsonMap = isJsonMap(before) ? before : {};
  const new_: JsonMap = isJsonMap(after) ? after : {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(new_)])) {
    const [one, other] = [ownValue(old, key), ownValue(new_, key)];
    // Most of a large map stays as it is.
    if (one === other) continue;
    const inside = { schema: shape.schemaOf(key), change: new Change() };
    const fate = compareInside(one, other, inside);
    change.take(fieldElement(key), { fate, change: inside.change });
  }
}

function compareLists(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  { shape, change }: { readonly shape: ListShape; readonly change: Change },
): void {
  const old = indexItems(isJsonList(before) ? before : [], shape);
  const new_ = indexItems(isJsonList(after) ? after : [], shape);
  for (const element of new Set([...old.keys(), ...new_.keys()])) {
    compareItems(old.get(element) ?? [], new_.get(element) ?? [], { shape, change, element });
  }
}

/** Items that cannot be told apart count as one whole; where they become one or cease to be, its parts count again. */
function compareItems(
  old: readonly JsonValue[],
  new_: readonly JsonValue[],
  { shape, change, element }: { shape: ListShape; change: Change; element: string },
): void {
  if (old.length > 1 && new_.length > 1) {
    if (!equalJson(old, new_)) change.mark("modified", element);
    return;
  }
  const inside = { schema: shape.items, change: new Change() };
  const fate = compareInside(
    old.length > 1 ? undefined : old[0],
    new_.length > 1 ? undefined : new_[0],
    inside,
  );
  change.take(element, { fate, change: inside.change });
  if (old.length > 1) change.mark("removed", element);
  if (new_.length > 1) change.mark("added", element);
}

function isEmptyMap(value: JsonValue | undefined): boolean {
  return !isJsonMap(value) || Object.keys(value).length === 0;
}

function isEmptyList(value: JsonValue | undefined): boolean {
  return !isJsonList(value) || value.length === 0;
}
