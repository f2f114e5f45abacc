/** Which objects refer to one: routes and policies that are attached to it, and what names it in any other field. */
import { ApiError } from "./api-error.ts";
import type { JsonMap } from "./json-parts.ts";
import { mapOf, mapsOf, textOf } from "./json-parts.ts";
import { listObjects } from "./object-reads.ts";
import type { ObjectServer } from "./object-source.ts";
import { namespaceOf } from "./stored-object.ts";
import type { StoredObject } from "./stored-object.ts";

/** One field that names the object. */
export interface ObjectReference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Path such as `spec.parentRefs[0]` */
  readonly field: string;
}

/** More are left out: nobody reads them. */
const maxReferences = 200;

/** References from objects of our kinds, over all namespaces; kinds that the caller may not list are left out. */
export async function findReferences(
  { client, resources }: ObjectServer,
  target: StoredObject,
): Promise<readonly ObjectReference[]> {
  const ours = resources.filter(({ group }) => group.endsWith("clrk.apoxy.dev"));
  const lists = await Promise.all(
    ours.map((resource) => listObjects(client, resource).catch(unlessForbidden)),
  );
  const objects = lists.flatMap((table) => table?.rows.map(({ object }) => object) ?? []);
  const found = objects.flatMap((object) => referencesIn(object, target));
  return found.slice(0, maxReferences);
}

function unlessForbidden(error: unknown): undefined {
  if (error instanceof ApiError && error.failure === "forbidden") return undefined;
  throw error;
}

/** Fields of the object's spec, and its owners, that name the target. */
export function referencesIn(object: StoredObject, target: StoredObject): ObjectReference[] {
  const own = { kind: object.kind, namespace: namespaceOf(object), name: object.metadata.name };
  const fields: string[] = [];
  walk(object["spec"], { path: "spec", key: "", object, target, fields });
  for (const [index, owner] of mapsOf(object.metadata["ownerReferences"]).entries()) {
    const isTarget = owner["uid"] !== undefined && owner["uid"] === target.metadata["uid"];
    if (isTarget) fields.push(`metadata.ownerReferences[${index}]`);
  }
  return fields.map((field) => ({ ...own, field }));
}

interface Step {
  readonly path: string;
  /** Name of the nearest field above */
  readonly key: string;
  readonly object: StoredObject;
  readonly target: StoredObject;
  readonly fields: string[];
}

function walk(value: unknown, step: Step): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      walk(item, { ...step, path: `${step.path}[${index}]` });
    }
    return;
  }
  if (typeof value === "string") {
    // Such as `workerPoolRef: default`
    if (value === step.target.metadata.name && namesKind(step) && isNear(step, {})) {
      step.fields.push(step.path);
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const map = mapOf(value);
  if (isReference(map, step)) step.fields.push(step.path);
  for (const [key, member] of Object.entries(map)) {
    walk(member, { ...step, key, path: `${step.path}.${key}` });
  }
}

function isReference(map: JsonMap, step: Step): boolean {
  if (map["name"] !== step.target.metadata.name) return false;
  const kind = textOf(map["kind"]);
  const isKind = kind === "" ? namesKind(step) : kind === step.target.kind;
  return isKind && isNear(step, map);
}

/** Whether the field is called after the target's kind: `secretRef`, `workerPoolRef`. */
function namesKind({ key, target }: Step): boolean {
  const lower = key.toLowerCase();
  return lower.endsWith("ref") && lower.startsWith(target.kind.toLowerCase());
}

/** A reference without a namespace is to the object's own. */
function isNear({ object, target }: Step, map: JsonMap): boolean {
  const named = textOf(map["namespace"]) || namespaceOf(object);
  return namespaceOf(target) === "" || named === namespaceOf(target);
}
