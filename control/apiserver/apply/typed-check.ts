/** Whether an object that is applied fits its schema as far as merging needs it: known fields, types, items told apart. */
import { isJsonList, isJsonMap } from "../json-tree.ts";
import type { JsonValue } from "../json-tree.ts";
import { shapeOf } from "./field-shape.ts";
import type { FieldSchema, ListShape, MapShape, ScalarShape } from "./field-shape.ts";
import { fieldElement, formatElement, formatPath, itemElement } from "./path-element.ts";

/** Mistakes that are told at most; the rest would only repeat them. */
const maxMistakes = 32;

/** One sentence for all that is wrong, in Kubernetes' words; undefined for an object that can be merged. */
export function checkTyped(value: JsonValue, schema: FieldSchema): string | undefined {
  const mistakes: string[] = [];
  checkValue(value, schema, { path: [], mistakes });
  const [first] = mistakes;
  if (first === undefined || mistakes.length === 1) return first;
  return `errors:\n${mistakes.map((mistake) => `  ${mistake}\n`).join("")}`;
}

interface Place {
  readonly path: readonly string[];
  readonly mistakes: string[];
}

function checkValue(value: JsonValue, schema: FieldSchema, place: Place): void {
  if (value === null) return;
  const shape = shapeOf(schema, value);
  switch (shape.kind) {
    case "scalar":
      checkScalar(value, shape, place);
      return;
    case "map":
      checkMap(value, shape, place);
      return;
    case "list":
      checkList(value, shape, place);
      return;
  }
}

function checkScalar(value: JsonValue, shape: ScalarShape, place: Place): void {
  if (shape.type === undefined ? isScalar(value) : typeof value === shape.type) return;
  const wanted = {
    string: "string",
    number: "numeric (int or float)",
    boolean: "boolean",
    undefined: "scalar",
  };
  add(place, `expected ${wanted[shape.type ?? "undefined"]}, got ${sortOf(value)}`);
}

function checkMap(value: JsonValue, shape: MapShape, place: Place): void {
  if (!isJsonMap(value)) {
    add(place, `expected map, got ${sortOf(value)}`);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const inside = { path: [...place.path, fieldElement(key)], mistakes: place.mistakes };
    if (!shape.isAllowed(key)) add(inside, "field not declared in schema");
    else checkValue(item, shape.schemaOf(key), inside);
  }
}

function checkList(value: JsonValue, shape: ListShape, place: Place): void {
  if (!isJsonList(value)) {
    add(place, `expected list, got ${sortOf(value)}`);
    return;
  }
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const found =
      shape.relation === "atomic"
        ? { kind: "element" as const, element: `i:${index}` }
        : itemElement(shape, item);
    if (found.kind === "invalid") {
      add(place, `element ${index}: ${found.message}`);
      continue;
    }
    const { element } = found;
    if (seen.has(element)) add(place, `duplicate entries for key ${formatElement(element)}`);
    seen.add(element);
    checkValue(item, shape.items, { path: [...place.path, element], mistakes: place.mistakes });
  }
}

function isScalar(value: JsonValue): boolean {
  return value !== null && typeof value !== "object";
}

/** Names of Go types, for kubectl shows these messages to people who know them from Kubernetes. */
function sortOf(value: JsonValue): string {
  if (isJsonList(value)) return "list";
  if (isJsonMap(value)) return "map";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return typeof value;
}

function add(place: Place, message: string): void {
  if (place.mistakes.length < maxMistakes) {
    place.mistakes.push(`${formatPath(place.path)}: ${message}`);
  }
}
