/** An object of a manifest as it is applied: as its author wrote it, without what only a server writes. */
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { SourcedObject } from "../../gateway/manifests.ts";
import { isJsonMap } from "../apiserver/json-tree.ts";
import type { JsonMap, JsonValue } from "../apiserver/json-tree.ts";

/** What an API server writes into metadata: in a file it is a copy from one, and of no use to another. */
const serverOwned = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** The object without defaults and status, with the namespace that it has by default where its kind has one. */
export function writtenForm(
  { object, written }: SourcedObject,
  { namespaced }: { readonly namespaced: boolean },
): JsonMap {
  const value: JsonValue = JSON.parse(JSON.stringify(written?.() ?? object));
  if (!isJsonMap(value)) {
    throw new TypeError(`Cannot apply ${formatReference(referenceOf(object))}: it is no object`);
  }
  const { status: _, metadata, ...content } = value;
  const { namespace: __, ...given } = isJsonMap(metadata) ? metadata : {};
  const kept = Object.entries(given).filter(([name]) => !serverOwned.includes(name));
  const { namespace } = object.metadata;
  const own = { ...Object.fromEntries(kept), ...(namespaced && { namespace }) };
  return { ...content, metadata: own };
}
