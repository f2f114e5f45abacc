/**
 * Strategic merge patches, which kubectl sends for kinds that are compiled into it: ConfigMap, Secret, Namespace, Event.
 * In those only two lists are merged, finalizers by value and ownerReferences by uid; the rest is as a merge patch.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
import { isJsonList, isJsonMap, ownValue } from "./json-tree.ts";
import type { JsonMap, JsonValue } from "./json-tree.ts";
import { badRequest } from "./status-error.ts";

const patchDirective = "$patch";
const deletePrefix = "$deleteFromPrimitiveList/";
const orderPrefix = "$setElementOrder/";

/** Lists that are merged, by name, with the field that identifies an item; empty for texts. */
const mergedLists: ReadonlyMap<string, string> = new Map([
  ["finalizers", ""],
  ["ownerReferences", "uid"],
]);

/** The patched object. Throws a 400 for directives that these kinds have no use for. */
export function strategicPatch(object: JsonMap, patch: JsonValue): JsonMap {
  if (!isJsonMap(patch)) throw badRequest("a strategic merge patch must be an object");
  return mergeMaps(object, patch);
}

function mergeMaps(target: JsonMap, patch: JsonMap): JsonMap {
  const directive = ownValue(patch, patchDirective);
  if (directive === "delete") return {};
  const start = directive === "replace" ? {} : target;
  if (directive !== undefined && directive !== "replace" && directive !== "merge") {
    throw badRequest(`Unknown patch type: ${String(directive)}`);
  }
  const merged = new Map(Object.entries(start));
  for (const [key, value] of Object.entries(patch)) {
    if (key === patchDirective || key.startsWith(orderPrefix)) continue;
    if (key.startsWith(deletePrefix)) {
      const name = key.slice(deletePrefix.length);
      merged.set(name, withoutTexts(merged.get(name) ?? ownValue(start, name), value));
    } else if (key.startsWith("$")) {
      throw badRequest(`the directive ${key} of strategic merge patches is not served`);
    } else if (value === null) merged.delete(key);
    else merged.set(key, mergeValue(key, merged.get(key), value));
  }
  // fromEntries defines keys; an assignment to `__proto__` would not.
  return Object.fromEntries(merged);
}

function mergeValue(key: string, target: JsonValue | undefined, value: JsonValue): JsonValue {
  if (isJsonMap(value)) return mergeMaps(isJsonMap(target) ? target : {}, value);
  const identity = mergedLists.get(key);
  if (!isJsonList(value) || identity === undefined) return value;
  return mergeLists(isJsonList(target) ? target : [], value, identity);
}

function mergeLists(
  target: readonly JsonValue[],
  patch: readonly JsonValue[],
  identity: string,
): readonly JsonValue[] {
  const idOf = (item: JsonValue) =>
    JSON.stringify(identity === "" ? item : ownValue(item, identity));
  let merged = [...target];
  for (const item of patch) {
    if (isJsonMap(item) && ownValue(item, patchDirective) === "replace") {
      merged = patch.filter((other) => other !== item);
      break;
    }
    const at = merged.findIndex((other) => idOf(other) === idOf(item));
    const isDeletion = isJsonMap(item) && ownValue(item, patchDirective) === "delete";
    if (isDeletion) merged = merged.filter((_, index) => index !== at);
    else if (at < 0) merged.push(item);
    else merged[at] = mergeItem(merged[at], item);
  }
  return merged;
}

function mergeItem(target: JsonValue | undefined, item: JsonValue): JsonValue {
  return isJsonMap(target) && isJsonMap(item) ? mergeMaps(target, item) : item;
}

function withoutTexts(target: JsonValue | undefined, removed: JsonValue): JsonValue {
  const gone = isJsonList(removed) ? removed : [];
  return isJsonList(target) ? target.filter((item) => !gone.includes(item)) : [];
}
