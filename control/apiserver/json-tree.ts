/**
 * Plain JSON values as an API server holds them: guards, own properties only, equality and a bound on their shape.
 * Keys come from outside, so `__proto__` and `constructor` are keys like any other.
 */

/** A JSON value that nobody changes once it is made; parts of it are shared between objects. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonMap;

/** A JSON object; read it with `ownValue`, for a name such as `constructor` is inherited by every object. */
export interface JsonMap {
  readonly [key: string]: JsonValue;
}

/** Deepest nesting that is worked on: far above what a schema of ours allows, far below what a stack holds. */
export const maxJsonDepth = 128;

/** Whether it is an object and neither a list nor null. */
export function isJsonMap(value: JsonValue | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it is a list. */
export function isJsonList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The value under a key of its own; undefined where there is none, or where the container is no object. */
export function ownValue(container: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonMap(container) && Object.hasOwn(container, key) ? container[key] : undefined;
}

/** The object under a key of its own; undefined where there is another value or none. */
export function ownMap(container: JsonValue | undefined, key: string): JsonMap | undefined {
  const value = ownValue(container, key);
  return isJsonMap(value) ? value : undefined;
}

/** The text under a key of its own; undefined where there is another value or none. */
export function ownString(container: JsonValue | undefined, key: string): string | undefined {
  const value = ownValue(container, key);
  return typeof value === "string" ? value : undefined;
}

/** A new object with one key set, and taken away where `value` is undefined; a new key comes last. */
export function withKey(map: JsonMap, key: string, value: JsonValue | undefined): JsonMap {
  const entries = new Map(Object.entries(map));
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
  // fromEntries defines keys; an assignment to `__proto__` would not.
  return Object.fromEntries(entries);
}

/** Equality of JSON values: the order of keys does not matter, that of list items does. */
export function equalJson(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === other) return true;
  if (isJsonList(one) && isJsonList(other)) {
    return one.length === other.length && one.every((item, index) => equalJson(item, other[index]));
  }
  if (!isJsonMap(one) || !isJsonMap(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && equalJson(one[key], other[key]))
  );
}

/** Whether no value in it is nested deeper than `maxJsonDepth`; takes no stack itself. */
export function isShallow(value: JsonValue | undefined): boolean {
  let level: JsonValue[] = value === undefined ? [] : [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxJsonDepth) return false;
    level = level.flatMap((item) => {
      if (isJsonList(item)) return item.filter(isContainer);
      return isJsonMap(item) ? Object.values(item).filter(isContainer) : [];
    });
  }
  return true;
}

function isContainer(value: JsonValue): boolean {
  return typeof value === "object" && value !== null;
}
