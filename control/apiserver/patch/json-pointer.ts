/** JSON pointers (RFC 6901) and the values they lead to; list indexes count from the end too, as Kubernetes takes them. */
import { isJsonList, isJsonMap, ownValue } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";

/** The keys of a pointer; undefined for text that is none. An empty pointer is the whole document. */
export function tryParsePointer(text: string): readonly string[] | undefined {
  if (text === "") return [];
  if (!text.startsWith("/") || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value at a pointer; undefined where there is none. */
export function valueAt(document: JsonValue, keys: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = document;
  for (const key of keys) {
    if (isJsonList(value)) value = value[itemIndex(key, value.length) ?? -1];
    else value = ownValue(value, key);
  }
  return value;
}

/** How many keys and items the containers on the way have: what a change there copies. */
export function copiesAt(document: JsonValue, keys: readonly string[]): number {
  let copies = 0;
  let value: JsonValue | undefined = document;
  for (const key of keys) {
    if (isJsonList(value)) copies += value.length;
    else if (isJsonMap(value)) copies += Object.keys(value).length;
    value = value === undefined ? undefined : valueAt(value, [key]);
  }
  return copies;
}

/** Index of an item that is there; undefined for any other text. */
export function itemIndex(key: string, length: number): number | undefined {
  if (!/^(?:0|-?[1-9]\d{0,9})$/.test(key)) return undefined;
  const index = Number(key) < 0 ? Number(key) + length : Number(key);
  return index >= 0 && index < length ? index : undefined;
}

/** What is done to the container that the last key of a pointer is in. */
export type ContainerChange = (
  container: JsonMap | readonly JsonValue[],
  key: string,
) => JsonMap | readonly JsonValue[] | string;

/**
 * The document with one container changed; the containers on the way are copied, everything else is shared.
 * A text instead of it is why the change cannot be made; undefined means that there is no such container.
 */
export function changeAt(
  document: JsonValue,
  keys: readonly string[],
  change: ContainerChange,
): { readonly document: JsonValue } | string | undefined {
  const [key, ...rest] = keys;
  if (key === undefined || !(isJsonMap(document) || isJsonList(document))) return undefined;
  if (rest.length === 0) {
    const changed = change(document, key);
    return typeof changed === "string" ? changed : { document: changed };
  }
  const inside = valueAt(document, [key]);
  if (inside === undefined) return undefined;
  const changed = changeAt(inside, rest, change);
  if (changed === undefined || typeof changed === "string") return changed;
  if (isJsonList(document)) {
    const index = itemIndex(key, document.length);
    return { document: document.map((item, at) => (at === index ? changed.document : item)) };
  }
  const entries = new Map(Object.entries(document));
  return { document: Object.fromEntries(entries.set(key, changed.document)) };
}
