/**
 * Deletes objects as Kubernetes does: at once, or marked and left to finalizers, of which three are the server's own
 * (foreground, orphan, and the one of namespaces; see `garbage-collector.ts`).
 */
import type { Clock } from "../../gateway/clock.ts";
import { wholeSeconds } from "./apply/system-fields.ts";
import { namespaceResource } from "./core-resources.ts";
import type { KubeObject } from "./kube-object.ts";
import { isRecord, withMetadata } from "./kube-object.ts";
import { keyOf, protectedNamespaces, waitsForFinalizers } from "./object-writer.ts";
import type { ObjectStore, StoreTransaction } from "./object-store.ts";
import type { ServedResource } from "./served-resource.ts";
import { fromStore } from "./served-resource.ts";
import { badRequest, conflict, forbidden, notFound } from "./status-error.ts";

/** Holds an owner until those that block its deletion are gone. */
export const FOREGROUND_FINALIZER = "foregroundDeletion";

/** Holds an owner until no object names it as owner any more. */
export const ORPHAN_FINALIZER = "orphan";

/** What happens to the objects that a deleted one owns. */
export type PropagationPolicy = "Background" | "Foreground" | "Orphan";

/** metav1.DeleteOptions as far as it is served; absent fields mean nothing is asked. */
export interface DeleteOptions {
  readonly propagationPolicy?: PropagationPolicy;
  /** Refuses with 409 unless the object has these */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun: boolean;
}

/** What became of it: gone, or still there with its deletion marked. */
export interface DeleteOutcome {
  readonly kind: "removed" | "pending";
  readonly object: KubeObject;
}

/** Reads delete options from a body; throws a 400 for what is not understood. */
export function readDeleteOptions(body: unknown): DeleteOptions {
  if (body === undefined) return { dryRun: false };
  if (!isRecord(body)) throw badRequest("the body of the request is no DeleteOptions object");
  const { propagationPolicy, orphanDependents, preconditions, dryRun } = body;
  const uid = isRecord(preconditions) ? preconditions["uid"] : undefined;
  const resourceVersion = isRecord(preconditions) ? preconditions["resourceVersion"] : undefined;
  const policy = readPolicy(propagationPolicy, orphanDependents);
  const isDry = Array.isArray(dryRun) && dryRun.length > 0;
  if (isDry && !dryRun.every((value: unknown) => value === "All")) {
    throw badRequest('invalid dryRun: the only value that is served is "All"');
  }
  return {
    dryRun: isDry,
    ...(policy !== undefined && { propagationPolicy: policy }),
    preconditions: {
      ...(typeof uid === "string" && { uid }),
      ...(typeof resourceVersion === "string" && { resourceVersion }),
    },
  };
}

/** Deletes objects of one store. */
export class ObjectDeleter {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  /** Does not own the store. */
  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Deletes one object. Throws a StatusError: 404 when it is not there, 409 for another state, 403 for what must stay. */
  async delete(
    resource: ServedResource,
    place: { readonly namespace: string; readonly name: string },
    options: DeleteOptions,
  ): Promise<DeleteOutcome> {
    const step = (transaction: StoreTransaction) =>
      this.#delete(transaction, { resource, place, options });
    return options.dryRun ? this.#store.rehearse(step) : this.#store.write(step);
  }

  /** The same as `delete` as a part of a transaction, which whoever began it commits. */
  deleteIn(transaction: StoreTransaction, facts: DeleteFacts): DeleteOutcome {
    return this.#delete(transaction, facts);
  }

  #delete(transaction: StoreTransaction, facts: DeleteFacts): DeleteOutcome {
    const { resource, place, options } = facts;
    const key = keyOf(resource, place);
    const object = transaction.find(key);
    if (object === undefined) throw notFound(resource, place.name);
    checkPreconditions(resource, object, options);
    if (resource === namespaceResource && protectedNamespaces.has(place.name)) {
      throw forbidden(resource, place.name, "this namespace may not be deleted");
    }
    const held = withOwnFinalizer(object, options.propagationPolicy ?? "Background");
    if (!waitsForFinalizers(held)) {
      return { kind: "removed", object: fromStore(resource, transaction.remove(key, object)) };
    }
    const isMarked = object.metadata.deletionTimestamp !== undefined;
    const isSame = held.metadata.finalizers?.join() === object.metadata.finalizers?.join();
    if (isMarked && isSame) return { kind: "pending", object: fromStore(resource, object) };
    const marked = isMarked ? held : this.#mark(resource, held);
    return { kind: "pending", object: fromStore(resource, transaction.put(key, marked)) };
  }

  #mark(resource: ServedResource, object: KubeObject): KubeObject {
    const deletionTimestamp = wholeSeconds(new Date(this.#clock.now()));
    const { generation } = object.metadata;
    const marked = withMetadata(object, {
      deletionTimestamp,
      ...(resource !== namespaceResource && { deletionGracePeriodSeconds: 0 }),
      ...(generation !== undefined && { generation: generation + 1 }),
    });
    return resource === namespaceResource
      ? { ...marked, status: { phase: "Terminating" } }
      : marked;
  }
}

/** What is deleted, and how. */
export interface DeleteFacts {
  readonly resource: ServedResource;
  readonly place: { readonly namespace: string; readonly name: string };
  readonly options: DeleteOptions;
}

function readPolicy(policy: unknown, orphanDependents: unknown): PropagationPolicy | undefined {
  if (policy === undefined || policy === null) {
    if (typeof orphanDependents !== "boolean") return undefined;
    return orphanDependents ? "Orphan" : "Background";
  }
  if (policy === "Background" || policy === "Foreground" || policy === "Orphan") return policy;
  throw badRequest(
    `invalid propagationPolicy ${JSON.stringify(policy)}: wanted "Background", "Foreground" or "Orphan"`,
  );
}

function checkPreconditions(
  resource: ServedResource,
  object: KubeObject,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = object.metadata;
  const refuse = (what: string, wanted: string, found: string | undefined) =>
    conflict(
      resource,
      object.metadata.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found ?? ""}`,
    );
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw refuse("UID", preconditions.uid, uid);
  }
  const wanted = preconditions.resourceVersion;
  if (wanted !== undefined && wanted !== resourceVersion) {
    throw refuse("ResourceVersion", wanted, resourceVersion);
  }
}

/** The last one who deletes says what happens to dependents. */
function withOwnFinalizer(object: KubeObject, policy: PropagationPolicy): KubeObject {
  const own = { Background: undefined, Foreground: FOREGROUND_FINALIZER, Orphan: ORPHAN_FINALIZER }[
    policy
  ];
  const others = (object.metadata.finalizers ?? []).filter(
    (finalizer) => finalizer !== FOREGROUND_FINALIZER && finalizer !== ORPHAN_FINALIZER,
  );
  const finalizers = own === undefined ? others : [...others, own];
  return withMetadata(object, { finalizers: finalizers.length === 0 ? undefined : finalizers });
}
