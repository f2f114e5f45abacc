/** What the server knows of one resource: its names, what it can do, and how its objects are checked and shown. */
import type { SelectableFields } from "./field-query.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ObjectSource } from "./object-source.ts";
import type { ResourceName, StatusCause } from "./status-error.ts";

/** What happens with fields that the kind does not have: refuse, tell, or drop them silently. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** One column of a table. */
export interface TableColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  /** `name` marks the column that holds the object's name */
  readonly format?: string;
  readonly description: string;
  /** Above 0: shown by `-o wide` only */
  readonly priority: number;
  /** The cell of an object; null is shown as nothing. Dates are given as ages, since kubectl prints cells as they are */
  readonly cell: (object: KubeObject, nowMs: number) => unknown;
}

/** An object that may be stored, and what its author should know. */
export interface CheckedObject {
  readonly object: KubeObject;
  /** Sentences for `Warning` headers */
  readonly warnings: readonly string[];
}

/** One resource in one version. */
export interface ServedResource extends ResourceName {
  readonly version: string;
  /** `group/version`, or the version alone for the core group */
  readonly apiVersion: string;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Name in the store; two versions of one resource share it */
  readonly storage: string;
  /** Whether `status` is written by its own path only */
  readonly hasStatus: boolean;
  /** Whether `metadata.generation` counts changes of what is desired */
  readonly countsGenerations: boolean;
  /** Whether an update may leave the resourceVersion out */
  readonly allowsUnconditionalUpdate: boolean;
  readonly columns: readonly TableColumn[];
  /** Fields that field selectors may name */
  readonly fields: SelectableFields;
  /** OpenAPI v3 schema of an object */
  readonly schema: () => object;
  /**
   * Checks an object with its metadata complete, gives it its defaults, and drops or refuses unknown fields.
   * Throws a StatusError with a cause for each field that is wrong.
   */
  readonly check: (object: KubeObject, validation: FieldValidation) => CheckedObject;
  /** The same for a `status` that is about to be written. */
  readonly checkStatus: (object: KubeObject, validation: FieldValidation) => CheckedObject;
  /** What may not change; each a cause. */
  readonly checkUpdate?: (before: KubeObject, after: KubeObject) => readonly StatusCause[];
  /** From the stored form to this version's; absent when they are the same */
  readonly fromStore?: (object: KubeObject) => KubeObject;
  readonly toStore?: (object: KubeObject) => KubeObject;
  /** Where its objects are, when that is not the store of objects: then they are read only */
  readonly source?: ResourceSource;
}

/** Where the objects of a read-only resource are. */
export interface ResourceSource {
  /** Whoever has them now. Throws a StatusError where they cannot be had (503) */
  readonly open: () => ObjectSource;
  /** Resources below whose objects it is listed, too: `…/PLURAL/NAME/RESOURCE` */
  readonly below: readonly { readonly plural: string; readonly kind: string }[];
}

/** The verbs that every stored resource has, as discovery lists them. */
const storedVerbs: readonly string[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];
const sourceVerbs: readonly string[] = ["get", "list", "watch"];

/** The verbs that a resource has, as discovery lists them. */
export function verbsOf({ source }: ServedResource): readonly string[] {
  return source === undefined ? storedVerbs : sourceVerbs;
}

/** Whether clients know the kind at build time, as they do Kubernetes' own: then they send it in other forms, too. */
export function isKubernetesKind({ group }: ServedResource): boolean {
  return group === "" || group.endsWith(".k8s.io");
}

/** The object as this version shows it. */
export function fromStore(resource: ServedResource, object: KubeObject): KubeObject {
  return resource.fromStore === undefined ? object : resource.fromStore(object);
}

/** The object as it is stored. */
export function toStore(resource: ServedResource, object: KubeObject): KubeObject {
  return resource.toStore === undefined ? object : resource.toStore(object);
}
