/** Namespaces that end take everything with them at one moment, though their objects are deleted one after another. */
import { namespaceResource } from "../apiserver/core-resources.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectReader } from "../apiserver/object-reader.ts";

/** Whether Namespaces end or are gone, as it is now: each is looked at once. Objects of the whole server are in "". */
export function endingNamespaces(reader: ObjectReader): (name: string) => boolean {
  const known = new Map([["", false]]);
  return (name) => {
    let isEnding = known.get(name);
    if (isEnding === undefined) {
      const { storage: resource } = namespaceResource;
      const found = reader.find({ resource, namespace: "", name });
      isEnding = found === undefined || isMarked(JSON.parse(found.text));
      known.set(name, isEnding);
    }
    return isEnding;
  };
}

/** Whether the object is being deleted. */
export function isMarked({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}
