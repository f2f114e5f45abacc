/** Patches: which forms are read, and the object that one comes to. Strategic merge is for Kubernetes' own kinds only. */
import { jsonPatch } from "./patch/json-patch.ts";
import { mergePatch } from "./patch/merge-patch.ts";
import type { PatchOutcome } from "./patch/patch-outcome.ts";
import { isJsonMap } from "./json-tree.ts";
import type { JsonMap, JsonValue } from "./json-tree.ts";
import type { KubeObject } from "./kube-object.ts";
import { applyTo, toJsonMap } from "./managed-fields.ts";
import type { Writer } from "./managed-fields.ts";
import { readObject } from "./object-meta.ts";
import type { ObjectPlace } from "./object-meta.ts";
import { parseJson, parseYaml } from "./request-body.ts";
import { isKubernetesKind } from "./served-resource.ts";
import type { ServedResource } from "./served-resource.ts";
import { StatusError, badRequest, invalid, unsupportedMediaType } from "./status-error.ts";
import { strategicPatch } from "./strategic-patch.ts";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const applyType = "application/apply-patch+yaml";
const strategicType = "application/strategic-merge-patch+json";
const codes = { BadRequest: 400, RequestEntityTooLarge: 413, Invalid: 422 } as const;

/** A patch that was read, not yet tried. */
export interface ReadPatch {
  readonly kind: "json" | "merge" | "strategic" | "apply";
  readonly value: JsonValue;
}

/** Reads the body by its media type. Throws a 415 for other forms of patches, a 400 for what cannot be read. */
export async function readPatch(
  body: Buffer,
  mediaType: string,
  resource: ServedResource,
): Promise<ReadPatch> {
  const isOwn = !isKubernetesKind(resource);
  switch (mediaType) {
    case strategicType:
      // As for any custom resource: kubectl then says what to use instead.
      if (isOwn) throw unsupportedMediaType([jsonPatchType, mergePatchType, applyType]);
      return { kind: "strategic", value: asJson(parseJson(body)) };
    case jsonPatchType:
      return { kind: "json", value: asJson(parseJson(body)) };
    case mergePatchType:
      return { kind: "merge", value: asJson(parseJson(body)) };
    case applyType:
      return { kind: "apply", value: asJson(await parseYaml(body)) };
    default:
      throw unsupportedMediaType([
        jsonPatchType,
        mergePatchType,
        ...(isOwn ? [] : [strategicType]),
        applyType,
      ]);
  }
}

/** What patches need to know. */
export interface PatchFacts {
  readonly resource: ServedResource;
  readonly place: ObjectPlace;
  readonly writer: Writer;
  /** Whether an apply takes fields from others */
  readonly force: boolean;
}

/** The wanted object; undefined where there is none to patch and none is made. Throws a StatusError. */
export function patchObject(
  patch: ReadPatch,
  current: KubeObject | undefined,
  facts: PatchFacts,
): KubeObject | undefined {
  if (patch.kind === "apply") return apply(patch.value, current, facts);
  if (current === undefined) return undefined;
  const live = toJsonMap(current);
  if (patch.kind === "strategic") {
    return readPatched(strategicPatch(live, patch.value), facts);
  }
  const outcome =
    patch.kind === "json" ? jsonPatch(live, patch.value) : mergePatch(live, patch.value);
  return readPatched(patched(outcome), facts);
}

/** A patch may not make another kind of the object. */
function readPatched(object: JsonMap, { resource, place }: PatchFacts): KubeObject {
  const { group, kind, apiVersion } = resource;
  const causes = Object.entries({ apiVersion, kind }).flatMap(([field, wanted]) => {
    const found = object[field] ?? "";
    const message = `Invalid value: ${JSON.stringify(found)}: must be ${wanted}`;
    return found === wanted ? [] : [{ reason: "FieldValueInvalid", message, field }];
  });
  if (causes.length > 0) throw invalid({ group, kind, name: place.name }, causes);
  return readObject(object, resource, place);
}

function apply(
  applied: JsonValue,
  current: KubeObject | undefined,
  { resource, place, writer, force }: PatchFacts,
): KubeObject {
  if (!isJsonMap(applied)) throw badRequest("the applied configuration is no object");
  // Kind, version, name and namespace must fit before anything is compared.
  const read = readObject(applied, resource, place);
  const named: JsonMap = {
    ...applied,
    metadata: { ...asMap(applied["metadata"]), ...placeIn(read) },
  };
  const merged = applyTo({
    resource,
    applied: named,
    force,
    writer,
    ...(current !== undefined && { live: current }),
  });
  return readObject(withVersion(merged, read.metadata.resourceVersion), resource, place);
}

/** An apply may insist on a version; the merged object has the live one. */
function withVersion(merged: JsonMap, resourceVersion: string | undefined): JsonMap {
  if (resourceVersion === undefined) return merged;
  return { ...merged, metadata: { ...asMap(merged["metadata"]), resourceVersion } };
}

function placeIn({ metadata }: KubeObject): JsonMap {
  return {
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  };
}

function patched(outcome: PatchOutcome): JsonMap {
  if (outcome.kind === "patched") return outcome.object;
  const { reason, message } = outcome;
  throw new StatusError({ code: codes[reason], reason, message });
}

function asMap(value: JsonValue | undefined): JsonMap {
  return isJsonMap(value) ? value : {};
}

function asJson(value: unknown): JsonValue {
  // What a parser made of text is JSON already, but for what YAML has beyond it, which this writes out.
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
