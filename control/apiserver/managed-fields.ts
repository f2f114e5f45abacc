/** Who owns which field (`metadata.managedFields`): the pure functions of `apply/`, fed with objects and resources. */
import { applyPatch } from "./apply/apply-patch.ts";
import { conflictCauses, conflictMessage } from "./apply/conflicts.ts";
import { fieldSetOfPaths } from "./apply/field-set.ts";
import type { FieldSet } from "./apply/field-set.ts";
import { findCoreSchema, objectSchema } from "./apply/object-schemas.ts";
import { recordUpdate } from "./apply/record-update.ts";
import { isSameButTimes } from "./apply/system-fields.ts";
import type { JsonMap } from "./json-tree.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ServedResource } from "./served-resource.ts";
import { StatusError, badRequest } from "./status-error.ts";

/** Who writes, when, and by which path. */
export interface Writer {
  readonly manager: string;
  readonly now: Date;
  readonly subresource?: "status";
}

/** One server-side apply. */
export interface ApplyRequest {
  readonly resource: ServedResource;
  /** Absent for an object that is to be created */
  readonly live?: KubeObject;
  /** As it was sent */
  readonly applied: JsonMap;
  readonly force: boolean;
  readonly writer: Writer;
}

/** The written object with the fields that changed recorded as the writer's. */
export function recordWrite(facts: {
  readonly resource: ServedResource;
  readonly before?: KubeObject;
  readonly after: KubeObject;
  readonly writer: Writer;
}): JsonMap {
  const { resource, before, after, writer } = facts;
  return recordUpdate({
    before: before && toJsonMap(before),
    after: toJsonMap(after),
    manager: writer.manager,
    now: writer.now,
    schema: schemaOf(resource),
    subresource: writer.subresource ?? "",
    reset: resetFields(resource, writer),
  });
}

/**
 * The object that an apply comes to, with its owners; the live one when nothing changes. Throws a 409 with a cause for
 * each field that another manager owns, and a 400 for what cannot be applied.
 */
export function applyTo({ resource, live, applied, force, writer }: ApplyRequest): JsonMap {
  const outcome = applyPatch({
    live: live && toJsonMap(live),
    applied,
    manager: writer.manager,
    force,
    now: writer.now,
    schema: schemaOf(resource),
    subresource: writer.subresource ?? "",
    reset: resetFields(resource, writer),
  });
  switch (outcome.kind) {
    case "merged":
      return outcome.object;
    case "invalid":
      throw badRequest(outcome.message);
    case "conflict":
      throw new StatusError({
        code: 409,
        reason: "Conflict",
        message: conflictMessage(outcome.conflicts),
        details: { causes: conflictCauses(outcome.conflicts) },
      });
  }
}

/** Whether nothing is to be stored: times of owners and the resourceVersion do not count. */
export function isUnchanged(before: KubeObject, after: KubeObject): boolean {
  return isSameButTimes(toJsonMap(before), toJsonMap(after));
}

/** A plain copy, as JSON would bring it. */
export function toJsonMap(object: KubeObject): JsonMap {
  return JSON.parse(JSON.stringify(object));
}

const schemas = new WeakMap<ServedResource, JsonMap>();

function schemaOf(resource: ServedResource): JsonMap {
  let schema = schemas.get(resource);
  if (schema === undefined) {
    schema = findCoreSchema(resource.apiVersion, resource.kind) ?? objectSchema(resource.schema());
    schemas.set(resource, schema);
  }
  return schema;
}

const statusFields = fieldSetOfPaths([["f:status"]]);
const otherFields = fieldSetOfPaths([["f:spec"], ["f:metadata"]]);

/** What the path does not write cannot be owned by way of it. */
function resetFields(resource: ServedResource, { subresource }: Writer): FieldSet | undefined {
  if (subresource === "status") return otherFields;
  return resource.hasStatus ? statusFields : undefined;
}
