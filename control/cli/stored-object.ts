/** Objects of an API server as the command line knows them: outline, name, and the form in which they may be shown. */
import { hiddenValue, hideSensitive } from "../../crds/hide-sensitive.ts";
import { findKind } from "../../crds/kinds.ts";
import { mapOf, textOf } from "./json-parts.ts";
import type { JsonMap } from "./json-parts.ts";

/** An object with what every one has. */
export interface StoredObject extends JsonMap {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonMap & { readonly name: string; readonly namespace?: string };
}

/** kubectl's own copy of what was applied, values of Secrets included. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The value as an object; undefined when it has no kind or no name. */
export function readStoredObject(value: unknown): StoredObject | undefined {
  const map = mapOf(value);
  const metadata = mapOf(map["metadata"]);
  const { name, namespace } = metadata;
  const { apiVersion, kind } = map;
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  if (typeof name !== "string") return undefined;
  const own = typeof namespace === "string" ? { namespace } : {};
  return { ...map, apiVersion, kind, metadata: { ...metadata, name, ...own } };
}

/** Namespace of the object, `""` when it is in none. */
export function namespaceOf({ metadata }: StoredObject): string {
  return metadata.namespace ?? "";
}

/** `NAMESPACE/NAME`. */
export function keyOf(object: StoredObject): string {
  return `${namespaceOf(object)}/${object.metadata.name}`;
}

/**
 * The object as it may be shown: without the book-keeping of who owns which field, and with `[redacted]` for every
 * value that its kind marks as secret, those of Secrets and kubectl's copies of them included.
 */
export function shownForm(object: StoredObject): JsonMap {
  const { managedFields: _, ...metadata } = object.metadata;
  const isSecret = object.kind === "Secret";
  const definition = findKind(object.apiVersion, object.kind);
  const hidden =
    definition === undefined ? object : mapOf(hideSensitive(definition.schema, object));
  return {
    ...hidden,
    metadata: isSecret ? withoutCopy(metadata) : metadata,
    ...(isSecret && hideMembers(object, ["data", "stringData"])),
  };
}

function withoutCopy(metadata: JsonMap): JsonMap {
  const annotations = mapOf(metadata["annotations"]);
  if (textOf(annotations[lastApplied]) === "") return metadata;
  return { ...metadata, annotations: { ...annotations, [lastApplied]: hiddenValue } };
}

function hideMembers(object: JsonMap, names: readonly string[]): JsonMap {
  const present = names.filter((name) => object[name] !== undefined);
  return Object.fromEntries(
    present.map((name) => {
      const keys = Object.keys(mapOf(object[name]));
      return [name, Object.fromEntries(keys.map((key) => [key, hiddenValue]))];
    }),
  );
}
