/** The shape that every object has on the wire and in the store: apiVersion, kind, metadata and whatever its kind adds. */

/** Who must be gone before an object is, or with whom it goes (metav1.OwnerReference). */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metav1.ObjectMeta as far as this server reads it; times are RFC 3339 in whole seconds. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  /** Decimal revision of the store in which the object was last written */
  readonly resourceVersion?: string;
  /** Counts changes of what is desired */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** Set while the object waits for its finalizers */
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
}

/** Any object. Objects are values: a change makes a new one. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** Whether a value is an object with named fields: no list, not null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same object with some of its metadata changed; a field that is given as undefined goes. */
export function withMetadata(
  object: KubeObject,
  change: { readonly [Name in keyof ObjectMetadata]?: ObjectMetadata[Name] | undefined },
): KubeObject {
  const merged: Record<string, unknown> = { ...object.metadata, ...change };
  for (const name of Object.keys(merged)) if (merged[name] === undefined) delete merged[name];
  return { ...object, metadata: { ...merged, name: object.metadata.name } };
}
