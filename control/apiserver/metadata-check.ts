/** What metadata may hold, in Kubernetes' rules and words: names, labels, annotations, finalizers, owners. */
import type { KubeObject, OwnerReference } from "./kube-object.ts";
import type { ServedResource } from "./served-resource.ts";
import { invalid } from "./status-error.ts";
import type { StatusCause } from "./status-error.ts";

/** Most bytes of all annotations together, keys included. */
const MAX_ANNOTATION_BYTES = 262_144;

const subdomainPattern = /^[a-z\d](?:[-a-z\d]*[a-z\d])?(?:\.[a-z\d](?:[-a-z\d]*[a-z\d])?)*$/;
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelPattern = /^[a-z\d](?:[-a-z\d]*[a-z\d])?$/;
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const namePartPattern = /^[A-Za-z\d](?:[-\w.]*[A-Za-z\d])?$/;
const namePartRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valuePattern = /^(?:[A-Za-z\d](?:[-\w.]*[A-Za-z\d])?)?$/;
const valueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Finalizers without a domain that Kubernetes itself uses. */
const plainFinalizers: ReadonlySet<string> = new Set([
  "orphan",
  "foregroundDeletion",
  "kubernetes",
]);

/**
 * Throws a 422 with a cause for each thing in metadata that may not be stored; `before` is the stored object of a
 * change. Gives sentences for `Warning` headers.
 */
export function checkMetadata(
  object: KubeObject,
  resource: ServedResource,
  before?: KubeObject,
): readonly string[] {
  const {
    name,
    labels = {},
    annotations = {},
    finalizers = [],
    ownerReferences = [],
  } = object.metadata;
  const causes = [
    ...checkName(name, resource),
    ...Object.entries(labels).flatMap(checkLabel),
    ...Object.keys(annotations).flatMap((key) =>
      wrongAll("metadata.annotations", key, mistakesOfKey(key.toLowerCase())),
    ),
    ...checkAnnotationBytes(annotations),
    ...finalizers.flatMap((one) => wrongAll("metadata.finalizers", one, mistakesOfKey(one))),
    ...checkOwners(ownerReferences),
    ...checkNewFinalizers(finalizers, before),
  ];
  if (causes.length > 0) {
    throw invalid({ group: resource.group, kind: resource.kind, name }, causes);
  }
  const had = new Set(before?.metadata.finalizers);
  return finalizers
    .filter((one) => !one.includes("/") && !plainFinalizers.has(one) && !had.has(one))
    .map(
      (one) =>
        `metadata.finalizers: ${JSON.stringify(one)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    );
}

function checkName(name: string, { kind }: ServedResource): StatusCause[] {
  const field = "metadata.name";
  if (name === "") {
    const message = "Required value: name or generateName is required";
    return [{ reason: "FieldValueRequired", message, field }];
  }
  const isLabel = kind === "Namespace";
  const most = isLabel ? 63 : 253;
  if (name.length > most) return wrongAll(field, name, [`must be no more than ${most} characters`]);
  if ((isLabel ? labelPattern : subdomainPattern).test(name)) return [];
  return wrongAll(field, name, [isLabel ? labelRule : subdomainRule]);
}

function checkLabel([key, value]: [string, string]): StatusCause[] {
  const field = "metadata.labels";
  const mistakes = value.length > 63 ? ["must be no more than 63 characters"] : [];
  if (!valuePattern.test(value)) mistakes.push(valueRule);
  return [...wrongAll(field, key, mistakesOfKey(key)), ...wrongAll(field, value, mistakes)];
}

/** What is wrong with a qualified name, `name` or `example.com/name`. */
function mistakesOfKey(key: string): string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    return [
      `a qualified name ${namePartRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const mistakes: string[] = [];
  if (prefix === "") mistakes.push("prefix part must be non-empty");
  else if (prefix !== undefined && !(prefix.length <= 253 && subdomainPattern.test(prefix))) {
    mistakes.push(`prefix part ${subdomainRule}`);
  }
  if (name === "") mistakes.push("name part must be non-empty");
  else if (name.length > 63) mistakes.push("name part must be no more than 63 characters");
  if (!namePartPattern.test(name)) mistakes.push(`name part ${namePartRule}`);
  return mistakes;
}

function checkAnnotationBytes(annotations: Readonly<Record<string, string>>): StatusCause[] {
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (bytes <= MAX_ANNOTATION_BYTES) return [];
  const message = `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`;
  return [{ reason: "FieldValueTooLong", message, field: "metadata.annotations" }];
}

function checkOwners(owners: readonly OwnerReference[]): StatusCause[] {
  const field = "metadata.ownerReferences";
  const causes = owners.flatMap((owner) =>
    (["apiVersion", "kind", "name", "uid"] as const).flatMap((name) => {
      const value: unknown = owner[name];
      const isGiven = typeof value === "string" && value !== "";
      return isGiven ? [] : wrongAll(`${field}.${name}`, "", ["must not be empty"]);
    }),
  );
  if (owners.filter(({ controller }) => controller === true).length > 1) {
    causes.push({
      reason: "FieldValueInvalid",
      message: "Invalid value: Only one reference can have Controller set to true",
      field,
    });
  }
  return causes;
}

function checkNewFinalizers(
  finalizers: readonly string[],
  before: KubeObject | undefined,
): StatusCause[] {
  if (before?.metadata.deletionTimestamp === undefined) return [];
  const had = new Set(before.metadata.finalizers);
  const added = finalizers.filter((finalizer) => !had.has(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  return [
    {
      reason: "FieldValueForbidden",
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      field: "metadata.finalizers",
    },
  ];
}

function wrongAll(field: string, value: string, mistakes: readonly string[]): StatusCause[] {
  return mistakes.map((mistake) => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(value)}: ${mistake}`,
    field,
  }));
}
