/** One element of a path: made of a field's name or a list item, and shown as Kubernetes shows it in a message. */
import { isJsonMap, ownValue } from "../json-tree.ts";
import type { JsonValue } from "../json-tree.ts";
import { defaultOf } from "./field-shape.ts";
import type { ListShape } from "./field-shape.ts";

/** The element of a named field. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The element of an item of a set or of a map that is written as a list, or what makes it none. */
export type ItemElement =
  | { readonly kind: "element"; readonly element: string }
  | { readonly kind: "invalid"; readonly message: string };

/** The element by which an item of an associative list is known, whatever place it has in the list. */
export function itemElement(shape: ListShape, item: JsonValue): ItemElement {
  return shape.relation === "map" ? keyedElement(shape, item) : valueElement(item);
}

/** Text of an element: `.name`, `[name="a"]`, `[="a"]`, `[0]`. */
export function formatElement(element: string): string {
  const text = element.slice(2);
  switch (element.charAt(0)) {
    case "f":
      return `.${text}`;
    case "k":
      return `[${Object.entries(parseKeys(text))
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(",")}]`;
    case "v":
      return `[=${JSON.stringify(tryParseJson(text) ?? null)}]`;
    default:
      return `[${text}]`;
  }
}

/** Text of a path: `.spec.rules[name="a"]`. */
export function formatPath(path: readonly string[]): string {
  return path.map(formatElement).join("");
}

/**
 * The one spelling of an element that comes from outside: keys sorted, no blanks in its JSON.
 * Undefined for what is no element.
 */
export function tryParseElement(text: string): string | undefined {
  const rest = text.slice(2);
  switch (text.slice(0, 2)) {
    case "f:":
      return text;
    case "i:":
      return /^(?:0|[1-9]\d{0,9})$/.test(rest) ? text : undefined;
    case "v:": {
      const value = tryParseJson(rest);
      return value === undefined || isContainer(value) ? undefined : `v:${valueText(value)}`;
    }
    case "k:": {
      const value = tryParseJson(rest);
      if (!isJsonMap(value) || Object.values(value).some(isContainer)) return undefined;
      return keysElement(Object.entries(value));
    }
    default:
      return undefined;
  }
}

function keyedElement(shape: ListShape, item: JsonValue): ItemElement {
  if (!isJsonMap(item)) {
    return invalid("associative list with keys may not have non-map elements");
  }
  const entries = shape.keys.flatMap((name): [string, JsonValue][] => {
    const value = ownValue(item, name) ?? defaultOf(shape.items, name);
    return value === undefined || value === null ? [] : [[name, value]];
  });
  if (entries.length === 0) {
    const names = shape.keys.map((name) => JSON.stringify(name)).join(" ");
    return invalid(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return { kind: "element", element: keysElement(entries) };
}

function valueElement(item: JsonValue): ItemElement {
  if (item === null)
    return invalid("associative list without keys has an element that's an explicit null");
  if (isContainer(item)) {
    const sort = isJsonMap(item) ? "map" : "list";
    return invalid(`associative list without keys has an element that's a ${sort} type`);
  }
  return { kind: "element", element: `v:${valueText(item)}` };
}

function keysElement(entries: readonly (readonly [string, JsonValue])[]): string {
  const sorted = [...entries].sort(([one], [other]) => (one < other ? -1 : 1));
  return `k:{${sorted.map(([name, value]) => `${valueText(name)}:${valueText(value)}`).join(",")}}`;
}

/** JSON as Go writes it, which is how managers' sets are spelled: safe to stand in HTML. */
function valueText(value: JsonValue): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function parseKeys(text: string): Record<string, JsonValue> {
  const value = tryParseJson(text);
  return isJsonMap(value) ? value : {};
}

function tryParseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the caller treats it as no element.
    return undefined;
  }
}

function isContainer(value: JsonValue): boolean {
  return typeof value === "object" && value !== null;
}

function invalid(message: string): ItemElement {
  return { kind: "invalid", message };
}
