/**
 * What the server itself writes into metadata, and what it takes of a caller there. Pure functions; the caller gives
 * time and randomness. What may be stored is checked in `metadata-check.ts`.
 */
import { isRecord } from "./kube-object.ts";
import type { KubeObject, ObjectMetadata } from "./kube-object.ts";
import type { ServedResource } from "./served-resource.ts";
import { badRequest, conflict, invalid } from "./status-error.ts";

/** Where a request is sent: the object's namespace (empty for none) and name (empty for a collection). */
export interface ObjectPlace {
  readonly namespace: string;
  readonly name: string;
}

/** Longest base of a generated name: with its five characters it is a DNS label. */
const maxGenerateBase = 58;

/** Without vowels and what looks alike, as Kubernetes: no words come about. */
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Fields that only the server writes: what a caller sends there is replaced. */
const serverFields = [
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "resourceVersion",
  "selfLink",
] as const;

/**
 * Reads a body as an object of that resource at that place. Throws a 400 when it is another kind, another name or
 * another namespace. Nulls in metadata count as absent.
 */
export function readObject(
  body: unknown,
  resource: ServedResource,
  place: ObjectPlace,
): KubeObject {
  if (!isRecord(body)) throw badRequest("the body of the request is no object");
  const { apiVersion, kind } = body;
  if (typeof kind !== "string" || kind === "")
    throw badRequest("Object 'Kind' is missing in the body");
  if (apiVersion !== resource.apiVersion) {
    throw badRequest(
      `the API version in the data (${shown(apiVersion)}) does not match the expected API version (${resource.apiVersion})`,
    );
  }
  if (kind !== resource.kind) {
    throw badRequest(
      `the kind in the data (${shown(kind)}) does not match the expected kind (${resource.kind})`,
    );
  }
  const metadata = readMetadata(body["metadata"] ?? {}, resource, place);
  return { ...body, apiVersion: resource.apiVersion, kind, metadata };
}

/** The metadata of a new object; `name` is generated where only `generateName` is given. */
export function newMetadata(
  written: ObjectMetadata,
  facts: { readonly now: string; readonly uid: string; readonly random: (below: number) => number },
): ObjectMetadata {
  const fields: Record<string, unknown> = { ...written };
  for (const name of serverFields) delete fields[name];
  const { generateName = "" } = written;
  const name = written.name === "" ? generated(generateName, facts.random) : written.name;
  return { ...fields, name, uid: facts.uid, creationTimestamp: facts.now };
}

/** Throws a 409 when an object that was sent whole is another one of the same name: its uid is a precondition. */
export function checkIdentity(
  before: KubeObject,
  sent: KubeObject,
  resource: ServedResource,
): void {
  const { uid, name } = before.metadata;
  const wanted = sent.metadata.uid;
  if (wanted === undefined || wanted === uid) return;
  const detail = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`;
  throw conflict(resource, name, detail);
}

/** The metadata of a changed object: identity stays, the rest is what was written. Throws a 422 for another identity. */
export function changedMetadata(
  before: KubeObject,
  written: ObjectMetadata,
  resource: ServedResource,
): ObjectMetadata {
  const { uid } = before.metadata;
  if (written.uid !== undefined && written.uid !== uid) {
    const { group, kind } = resource;
    const message = `Invalid value: ${JSON.stringify(written.uid)}: field is immutable`;
    throw invalid({ group, kind, name: before.metadata.name }, [
      { reason: "FieldValueInvalid", message, field: "metadata.uid" },
    ]);
  }
  const fields: Record<string, unknown> = { ...written };
  for (const name of serverFields) {
    delete fields[name];
    const value = Reflect.get(before.metadata, name);
    if (value !== undefined) fields[name] = value;
  }
  return { ...fields, name: before.metadata.name };
}

function readMetadata(
  value: unknown,
  resource: ServedResource,
  place: ObjectPlace,
): ObjectMetadata {
  if (!isRecord(value)) throw badRequest("metadata is no object");
  const fields: Record<string, unknown> = {};
  for (const [field, part] of Object.entries(value)) {
    const isEmpty = part === null || (isRecord(part) && Object.keys(part).length === 0);
    if (!isEmpty && !(Array.isArray(part) && part.length === 0)) fields[field] = part;
  }
  const name = textField(fields, "name");
  if (place.name !== "" && name !== "" && name !== place.name) {
    throw badRequest(
      `the name of the object (${shown(name)}) does not match the name on the URL (${place.name})`,
    );
  }
  const namespace = textField(fields, "namespace");
  if (namespace !== "" && namespace !== place.namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  checkSorts(fields);
  delete fields["namespace"];
  return {
    name: name === "" ? place.name : name,
    ...(resource.namespaced && { namespace: place.namespace }),
    ...omit(fields, "name"),
  };
}

function omit(fields: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const { [name]: _, ...rest } = fields;
  return rest;
}

/** The sorts that the server relies on; the rest of metadata is the kind's own check. */
function checkSorts(fields: Readonly<Record<string, unknown>>): void {
  for (const name of ["generateName", "uid", "resourceVersion"]) textField(fields, name);
  for (const name of ["labels", "annotations"]) {
    const map = fields[name];
    if (map === undefined) continue;
    if (!isRecord(map) || !Object.values(map).every((value) => typeof value === "string")) {
      throw badRequest(`metadata.${name} is no object of strings`);
    }
  }
  const { finalizers = [], ownerReferences = [] } = fields;
  if (!Array.isArray(finalizers) || !finalizers.every((one) => typeof one === "string")) {
    throw badRequest("metadata.finalizers is no list of strings");
  }
  if (!Array.isArray(ownerReferences) || !ownerReferences.every(isRecord)) {
    throw badRequest("metadata.ownerReferences is no list of objects");
  }
}

function textField(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name] ?? "";
  if (typeof value === "string") return value;
  throw badRequest(`metadata.${name} is no string`);
}

function generated(base: string, random: (below: number) => number): string {
  if (base === "") return "";
  const suffix = Array.from({ length: 5 }, () => suffixAlphabet[random(suffixAlphabet.length)]);
  return base.slice(0, maxGenerateBase) + suffix.join("");
}

function shown(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 253) : typeof value;
}
