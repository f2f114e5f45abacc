/** Fields that have no owner because the API server alone writes them, or because they are the object's identity. */
import { equalJson, isJsonList, isJsonMap, ownMap, ownValue, withKey } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { fieldSetOfPaths } from "./field-set.ts";

/** Paths that are in no manager's set; what is inside `metadata` otherwise may be. */
export const systemFields = fieldSetOfPaths([
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", `f:${name}`]),
]);

/** RFC 3339 in UTC without a fraction, as Kubernetes writes times. */
export function wholeSeconds(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/**
 * Whether two objects are the same to everybody but for the times in `managedFields` and for `resourceVersion`:
 * then there is nothing to store, and the old one stands.
 */
export function isSameButTimes(one: JsonMap, other: JsonMap): boolean {
  return equalJson(withoutTimes(one), withoutTimes(other));
}

function withoutTimes(object: JsonMap): JsonMap {
  const metadata = ownMap(object, "metadata") ?? {};
  const list = ownValue(metadata, "managedFields");
  const timeless = isJsonList(list) ? list.map(withoutTime) : list;
  const rest = withKey(metadata, "resourceVersion", undefined);
  return withKey(object, "metadata", withKey(rest, "managedFields", timeless));
}

function withoutTime(entry: JsonValue): JsonValue {
  return isJsonMap(entry) ? withKey(entry, "time", undefined) : entry;
}
