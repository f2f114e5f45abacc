/** JSON merge patch (RFC 7396): what a patch names is replaced, what it sets to null goes, objects are merged by key. */
import { isJsonMap, isShallow, ownValue } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { refuse } from "./patch-outcome.ts";
import type { PatchOutcome } from "./patch-outcome.ts";

/** The patched object. A patch that is no object would replace the whole object, and is refused as Kubernetes does. */
export function mergePatch(object: JsonMap, patch: JsonValue): PatchOutcome {
  if (!isJsonMap(patch)) {
    return refuse("BadRequest", "error decoding patch: a merge patch must be a JSON object");
  }
  if (!isShallow(patch)) return refuse("BadRequest", "the patch is nested too deeply");
  return { kind: "patched", object: mergeMaps(object, patch) };
}

function mergeMaps(target: JsonMap, patch: JsonMap): JsonMap {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergeValue(ownValue(target, key), value));
  }
  // fromEntries defines keys; an assignment to `__proto__` would not.
  return Object.fromEntries(merged);
}

/** A new object is merged into an empty one, so that nulls in it are nowhere kept. */
function mergeValue(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonMap(patch)) return patch;
  return mergeMaps(isJsonMap(target) ? target : {}, patch);
}
