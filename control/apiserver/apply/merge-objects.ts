/** Lays an applied object over the live one: maps and associative lists part by part, everything else as a whole. */
import { isJsonList, isJsonMap, ownValue } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { shapeOf } from "./field-shape.ts";
import type { FieldSchema, ListShape, MapShape } from "./field-shape.ts";
import { indexItems } from "./owned-fields.ts";
import { itemElement } from "./path-element.ts";

/** The merged value; what `applied` does not mention stays as it is. */
export function mergeObjects(live: JsonMap, applied: JsonMap, schema: FieldSchema): JsonMap {
  const merged = mergeValues(live, applied, schema);
  return isJsonMap(merged) ? merged : applied;
}

function mergeValues(
  live: JsonValue | undefined,
  applied: JsonValue | undefined,
  schema: FieldSchema,
): JsonValue {
  if (applied === undefined) return live ?? null;
  if (live === undefined) return applied;
  // An explicit null takes ownership of a container, but empties it no more than an empty one would.
  const shape = shapeOf(schema, applied === null ? live : applied);
  switch (shape.kind) {
    case "scalar":
      return applied;
    case "map":
      if (shape.isAtomic || !isJsonMap(live) || isEmpty(live)) return applied;
      if (applied !== null && !isJsonMap(applied)) return applied;
      return mergeMaps(live, applied ?? {}, shape);
    case "list":
      if (shape.relation === "atomic" || !isJsonList(live) || live.length === 0) return applied;
      if (applied !== null && !isJsonList(applied)) return applied;
      return mergeLists(live, applied ?? [], shape);
  }
}

function mergeMaps(live: JsonMap, applied: JsonMap, shape: MapShape): JsonMap {
  const keys = new Set([...Object.keys(live), ...Object.keys(applied)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      mergeValues(ownValue(live, key), ownValue(applied, key), shape.schemaOf(key)),
    ]),
  );
}

interface Item {
  readonly element: string;
  readonly value: JsonValue;
}

/**
 * Keeps both orders where they agree. Items that both lists have come in the applied order;
 * an item that only the live list has stays before the shared item that it stood before.
 */
function mergeLists(
  liveList: readonly JsonValue[],
  appliedList: readonly JsonValue[],
  shape: ListShape,
): JsonValue[] {
  const live = itemsOf(liveList, shape);
  const applied = itemsOf(appliedList, shape);
  const liveItems = indexItems(liveList, shape);
  const appliedElements = new Set(applied.map((item) => item.element));
  const shared = applied.map((item) => item.element).filter((element) => liveItems.has(element));
  const taken = new Set<string>();
  const merged: JsonValue[] = [];
  let [liveAt, appliedAt, nextShared] = [0, 0, 0];
  const take = ({ element, value }: Item): void => {
    const copies = liveItems.get(element) ?? [];
    // Items that could not be told apart are replaced, not merged with.
    merged.push(mergeValues(copies.length === 1 ? copies[0] : undefined, value, shape.items));
    taken.add(element);
    if (shared[nextShared] === element) nextShared++;
    appliedAt++;
  };
  for (;;) {
    const ofLive = live[liveAt];
    const ofApplied = applied[appliedAt];
    const next = shared[nextShared];
    if (ofLive === undefined && ofApplied === undefined) return merged;
    if (ofLive !== undefined && !appliedElements.has(ofLive.element)) {
      merged.push(ofLive.value);
      liveAt++;
    } else if (ofLive !== undefined && next !== undefined && next !== ofLive.element) {
      // A shared item whose turn it is not: it comes, or came, with the applied one.
      liveAt++;
    } else {
      const isSame = ofLive !== undefined && ofLive.element === ofApplied?.element;
      if (ofLive !== undefined && (isSame || taken.has(ofLive.element))) liveAt++;
      if (ofApplied !== undefined) take(ofApplied);
    }
  }
}

function itemsOf(list: readonly JsonValue[], shape: ListShape): Item[] {
  return list.flatMap((value) => {
    const found = itemElement(shape, value);
    return found.kind === "element" ? [{ element: found.element, value }] : [];
  });
}

function isEmpty(map: JsonMap): boolean {
  return Object.keys(map).length === 0;
}
