/**
 * kubectl's annotation of what it applied on the client's side. An object that has it goes over to
 * server-side apply without conflicts, and back, as long as the annotation follows what is applied.
 */
import { isJsonList, isJsonMap, isShallow, ownMap, ownString, withKey } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { compareObjects } from "./compare-objects.ts";
import { pathsOf, subtractSet } from "./field-set.ts";
import { withoutManagers } from "./managers.ts";
import { fieldsOf } from "./owned-fields.ts";
import { formatPath } from "./path-element.ts";

/** Key of the annotation. */
export const LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/** Annotations may have this many bytes together (Kubernetes' own limit). */
const maxAnnotationBytes = 256 * 1024;

/** Paths, as text, that kubectl applied before and that still have the values it applied. */
export function ownedByLastApplied(live: JsonMap, schema: JsonMap): ReadonlySet<string> {
  const lastApplied = tryParse(annotationOf(live));
  if (lastApplied === undefined) return new Set();
  const change = compareObjects(lastApplied, withoutManagers(live), schema);
  const differing = [change.added, change.modified, change.removed];
  const owned = differing.reduce(subtractSet, fieldsOf(lastApplied, schema));
  return new Set(pathsOf(owned).map(formatPath));
}

/** The object with the annotation brought up to what is applied now; without one it stays as it is. */
export function withLastApplied(object: JsonMap, applied: JsonMap): JsonMap {
  const metadata = ownMap(object, "metadata");
  const annotations = ownMap(metadata, "annotations");
  if (metadata === undefined || annotations === undefined) return object;
  const present = annotationOf(object);
  if (present === undefined) return object;
  const text = `${JSON.stringify(sortKeys(withoutAnnotation(applied)))}\n`;
  if (text === present) return object;
  const updated = withKey(annotations, LAST_APPLIED_ANNOTATION, text);
  const kept = sizeOf(updated) > maxAnnotationBytes ? "" : text;
  return withKey(
    object,
    "metadata",
    withKey(metadata, "annotations", withKey(annotations, LAST_APPLIED_ANNOTATION, kept)),
  );
}

function annotationOf(object: JsonMap): string | undefined {
  return ownString(ownMap(ownMap(object, "metadata"), "annotations"), LAST_APPLIED_ANNOTATION);
}

function withoutAnnotation(applied: JsonMap): JsonMap {
  const metadata = ownMap(applied, "metadata");
  const annotations = ownMap(metadata, "annotations");
  if (metadata === undefined || annotations === undefined) return applied;
  const rest = withKey(annotations, LAST_APPLIED_ANNOTATION, undefined);
  return withKey(applied, "metadata", withKey(metadata, "annotations", rest));
}

function tryParse(text: string | undefined): JsonMap | undefined {
  if (text === undefined) return undefined;
  try {
    const value: JsonValue = JSON.parse(text);
    return isJsonMap(value) && isShallow(value) ? value : undefined;
  } catch {
    // Anyone may write an annotation; one that is no JSON proves no earlier apply.
    return undefined;
  }
}

function sortKeys(value: JsonValue): JsonValue {
  if (isJsonList(value)) return value.map(sortKeys);
  if (!isJsonMap(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

function sizeOf(annotations: JsonMap): number {
  return Object.entries(annotations).reduce((sum, [key, value]) => {
    return sum + Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }, 0);
}
