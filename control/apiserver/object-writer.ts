/**
 * Creates, changes and deletes objects by Kubernetes' rules, each in one transaction of the store: checks, defaults,
 * generations, finalizers, namespaces, managed fields. What is returned is on the disk, or was a rehearsal.
 */
import { randomInt, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../gateway/clock.ts";
import { namespaceFinalizer, namespaceResource } from "./core-resources.ts";
import { wholeSeconds } from "./apply/system-fields.ts";
import { isJsonList, ownMap, ownValue } from "./json-tree.ts";
import type { JsonMap } from "./json-tree.ts";
import type { KubeObject } from "./kube-object.ts";
import { isRecord, withMetadata } from "./kube-object.ts";
import { isUnchanged, recordWrite, toJsonMap } from "./managed-fields.ts";
import type { Writer } from "./managed-fields.ts";
import { checkMetadata } from "./metadata-check.ts";
import { changedMetadata, checkIdentity, newMetadata } from "./object-meta.ts";
import type { ObjectKey } from "./object-reader.ts";
import type { ObjectStore, StoreTransaction } from "./object-store.ts";
import type { CheckedObject, FieldValidation, ServedResource } from "./served-resource.ts";
import { fromStore, toStore } from "./served-resource.ts";
import {
  StatusError,
  alreadyExists,
  conflict,
  forbidden,
  invalid,
  modifiedText,
  notFound,
  tooLarge,
} from "./status-error.ts";

/** Who writes, and how. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly validation: FieldValidation;
  /** Whose fields the written ones become */
  readonly manager: string;
  readonly subresource?: "status";
}

/** What became of a write. */
export interface WriteOutcome {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
  readonly created: boolean;
}

/** A change: from the current object, which is absent for one that may be created, to the wanted one. */
export interface ObjectChangeRequest {
  readonly resource: ServedResource;
  readonly namespace: string;
  readonly name: string;
  /** Undefined refuses an absent object with 404 */
  readonly change: (current: KubeObject | undefined) => KubeObject | undefined;
  /** Whether the resourceVersion must be given, as for a PUT of a custom resource */
  readonly needsVersion?: boolean;
  /** Whether `change` has already recorded managed fields, as server-side apply does */
  readonly isApply?: boolean;
}

/** Most bytes of one object as JSON; etcd takes 1.5 MiB. */
const maxObjectBytes = 2 * 1024 ** 2;

/** Namespaces that are always there. */
export const protectedNamespaces: ReadonlySet<string> = new Set(["default"]);

/** Tries to find a free generated name: five characters of 27 collide seldom. */
const nameTries = 8;

/** Writes objects into one store. */
export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #clock: Clock;

  /** Does not own the store. */
  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Stores a new object. Throws a StatusError: 409 when it is there, 404 without its namespace, 422 when it is wrong. */
  async create(
    resource: ServedResource,
    object: KubeObject,
    options: WriteOptions,
  ): Promise<WriteOutcome> {
    return this.#run(options, (transaction) =>
      this.#create(transaction, { resource, object, options, isApply: false }),
    );
  }

  /** Changes an object, or creates it where the change says so. Throws a StatusError. */
  async change(request: ObjectChangeRequest, options: WriteOptions): Promise<WriteOutcome> {
    return this.#run(options, (transaction) => this.#change(transaction, request, options));
  }

  /** The same as `create` as a part of a transaction, which whoever began it commits. */
  createIn(
    transaction: StoreTransaction,
    resource: ServedResource,
    request: { readonly object: KubeObject; readonly options: WriteOptions },
  ): WriteOutcome {
    return this.#create(transaction, { resource, ...request, isApply: false });
  }

  /** The same as `change` as a part of a transaction, which whoever began it commits. */
  changeIn(
    transaction: StoreTransaction,
    request: ObjectChangeRequest,
    options: WriteOptions,
  ): WriteOutcome {
    return this.#change(transaction, request, options);
  }

  /** Who writes, for `change` functions that record owners themselves. */
  writerOf(options: WriteOptions): Writer {
    const { manager, subresource } = options;
    const now = new Date(this.#clock.now());
    return { manager, now, ...(subresource !== undefined && { subresource }) };
  }

  async #run(
    options: WriteOptions,
    step: (transaction: StoreTransaction) => WriteOutcome,
  ): Promise<WriteOutcome> {
    if (!options.dryRun) return this.#store.write(step);
    const outcome = this.#store.rehearse(step);
    // What is not stored has no version, and must not pose as one that others get.
    return outcome.created
      ? { ...outcome, object: withMetadata(outcome.object, { resourceVersion: undefined }) }
      : outcome;
  }

  #create(
    transaction: StoreTransaction,
    { resource, object, options, isApply }: CreateFacts,
  ): WriteOutcome {
    const writer = this.writerOf(options);
    const facts = {
      now: wholeSeconds(writer.now),
      uid: randomUUID(),
      random: (below: number) => randomInt(below),
    };
    let metadata = newMetadata(object.metadata, facts);
    const isGenerated = object.metadata.name === "" && metadata.name !== "";
    const isTaken = () => transaction.find(keyOf(resource, metadata)) !== undefined;
    for (let tries = 0; isGenerated && tries < nameTries && isTaken(); tries++) {
      metadata = newMetadata(object.metadata, facts);
    }
    checkNamespace(transaction, resource, metadata);
    const { status: _, ...withoutStatus } = object;
    const written: KubeObject = {
      ...(resource.hasStatus ? withoutStatus : object),
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { ...metadata, ...(resource.countsGenerations && { generation: 1 }) },
    };
    const warnings = checkMetadata(written, resource);
    const checked = resource.check(written, options.validation);
    if (isTaken()) throw alreadyExists(resource, metadata.name);
    const started = startOf(resource, checked.object);
    const owned = isApply
      ? started
      : asObject(recordWrite({ resource, after: started, writer }), started);
    const stored = toStore(resource, owned);
    refuseLarge(stored);
    const put = transaction.put(keyOf(resource, metadata), stored);
    return {
      object: fromStore(resource, put),
      warnings: [...warnings, ...checked.warnings],
      created: true,
    };
  }

  #change(
    transaction: StoreTransaction,
    request: ObjectChangeRequest,
    options: WriteOptions,
  ): WriteOutcome {
    const { resource, namespace, name } = request;
    const key = keyOf(resource, { name, namespace });
    const found = transaction.find(key);
    const before = found === undefined ? undefined : fromStore(resource, found);
    const wanted = request.change(before);
    if (wanted === undefined) throw notFound(resource, name);
    if (before === undefined) {
      if (options.subresource !== undefined) throw notFound(resource, name);
      const { isApply = false } = request;
      return this.#create(transaction, { resource, object: wanted, options, isApply });
    }
    checkVersion(before, wanted, request);
    const { after, warnings } = this.#check(before, wanted, {
      resource,
      options,
      isPut: request.needsVersion === true,
    });
    const writer = this.writerOf(options);
    const recorded = request.isApply
      ? after
      : asObject(recordWrite({ resource, before, after, writer }), after);
    if (isUnchanged(before, recorded)) return { object: before, warnings, created: false };
    const stored = toStore(resource, recorded);
    refuseLarge(stored);
    const isGone = stored.metadata.deletionTimestamp !== undefined && !waitsForFinalizers(stored);
    const put = isGone ? transaction.remove(key, stored) : transaction.put(key, stored);
    const written = fromStore(resource, put);
    const { resourceVersion } = before.metadata;
    // What is not stored has no new version: one that was given here would pose as one that others get.
    const object = options.dryRun ? withMetadata(written, { resourceVersion }) : written;
    return { object, warnings, created: false };
  }

  #check(before: KubeObject, wanted: KubeObject, facts: CheckFacts) {
    const { resource, options } = facts;
    if (facts.isPut) checkIdentity(before, wanted, resource);
    const merged = mergeSubresource(before, wanted, facts);
    const isStatus = options.subresource === "status";
    const metadataWarnings = isStatus ? [] : checkMetadata(merged, resource, before);
    const checkedSpec = isStatus
      ? { object: merged, warnings: [] }
      : checkChange(before, merged, facts);
    const checked = isStatus ? resource.checkStatus(merged, options.validation) : checkedSpec;
    const causes = resource.checkUpdate?.(before, checked.object) ?? [];
    if (causes.length > 0) {
      const { group, kind } = resource;
      throw invalid({ group, kind, name: before.metadata.name }, causes);
    }
    const isNewContent = !isSameContent(before, checked.object);
    const generation = before.metadata.generation ?? 1;
    const after =
      resource.countsGenerations && isNewContent
        ? withMetadata(checked.object, { generation: generation + 1 })
        : checked.object;
    return { after, warnings: [...metadataWarnings, ...checked.warnings] };
  }
}

interface CreateFacts {
  readonly resource: ServedResource;
  readonly object: KubeObject;
  readonly options: WriteOptions;
  readonly isApply: boolean;
}

interface CheckFacts {
  /** Whether the whole object was sent: then its uid is a precondition */
  readonly isPut: boolean;
  readonly resource: ServedResource;
  readonly options: WriteOptions;
}

/** The key of an object in the store. */
export function keyOf(
  resource: ServedResource,
  place: { readonly name: string; readonly namespace?: string },
): ObjectKey {
  const namespace = resource.namespaced ? (place.namespace ?? "") : "";
  return { resource: resource.storage, namespace, name: place.name };
}

/** Whether an object that is being deleted must stay for now. */
export function waitsForFinalizers(object: KubeObject): boolean {
  const { spec, metadata } = object;
  if ((metadata.finalizers ?? []).length > 0) return true;
  const inSpec = isRecord(spec) ? spec["finalizers"] : undefined;
  return object.kind === "Namespace" && Array.isArray(inSpec) && inSpec.length > 0;
}

function checkNamespace(
  transaction: StoreTransaction,
  resource: ServedResource,
  metadata: KubeObject["metadata"],
): void {
  if (!resource.namespaced) return;
  const { namespace = "", name } = metadata;
  const holder = transaction.find(keyOf(namespaceResource, { name: namespace }));
  if (holder === undefined) throw notFound(namespaceResource, namespace);
  if (holder.metadata.deletionTimestamp === undefined) return;
  throw forbidden(
    resource,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  );
}

/** What a new object starts with beyond what was written. */
function startOf(resource: ServedResource, object: KubeObject): KubeObject {
  if (resource !== namespaceResource) return object;
  const labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name };
  const started = {
    ...object,
    spec: { finalizers: [namespaceFinalizer] },
    status: { phase: "Active" },
  };
  return withMetadata(started, { labels });
}

function checkVersion(before: KubeObject, wanted: KubeObject, request: ObjectChangeRequest): void {
  const { resource, name, needsVersion = false } = request;
  const { resourceVersion = "" } = wanted.metadata;
  if (resourceVersion !== "" && resourceVersion !== "0") {
    if (resourceVersion === before.metadata.resourceVersion) return;
    throw conflict(resource, name, modifiedText);
  }
  if (!needsVersion || resource.allowsUnconditionalUpdate) return;
  const { group, kind } = resource;
  throw invalid({ group, kind, name }, [
    {
      reason: "FieldValueInvalid",
      message: "Invalid value: 0: must be specified for an update",
      field: "metadata.resourceVersion",
    },
  ]);
}

/** The wanted object as far as the path may write it: the status path writes status alone, the other all but that. */
function mergeSubresource(before: KubeObject, wanted: KubeObject, facts: CheckFacts): KubeObject {
  const { resource, options } = facts;
  const { status, ...content } = wanted;
  const { status: statusBefore, ...contentBefore } = before;
  if (options.subresource === "status") {
    return {
      ...contentBefore,
      metadata: changedMetadata(
        before,
        {
          ...before.metadata,
          uid: wanted.metadata.uid ?? before.metadata.uid ?? "",
          ...managedFieldsOf(wanted),
        },
        resource,
      ),
      apiVersion: before.apiVersion,
      kind: before.kind,
      ...(status !== undefined && status !== null && { status }),
    };
  }
  const kept = resource.hasStatus ? statusBefore : status;
  const spec = resource === namespaceResource ? { spec: before["spec"] } : {};
  return {
    ...content,
    ...spec,
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata: changedMetadata(before, wanted.metadata, resource),
    ...(kept !== undefined && kept !== null && { status: kept }),
  };
}

function managedFieldsOf({ metadata }: KubeObject): Partial<KubeObject["metadata"]> {
  const { managedFields } = metadata;
  return managedFields === undefined ? {} : { managedFields };
}

function isSameContent(a: KubeObject, b: KubeObject): boolean {
  return isDeepStrictEqual(contentOf(a), contentOf(b));
}

/** Checked objects have parts without prototype: a copy as JSON compares what would be stored. */
function contentOf(object: KubeObject): JsonMap {
  const { metadata: _, status: __, ...content } = toJsonMap(object);
  return content;
}

/** An object that is older than a rule can still be labelled: what is not changed is not judged again. */
function checkChange(before: KubeObject, after: KubeObject, facts: CheckFacts): CheckedObject {
  const { resource, options } = facts;
  const { validation } = options;
  if (!isSameContent(before, after)) return resource.check(after, validation);
  const unchanged = { object: after, warnings: [] };
  if (isSameMeta(before, after)) return unchanged;
  try {
    resource.check(after, validation);
  } catch (error) {
    const isInvalid = error instanceof StatusError && error.reason === "Invalid";
    if (!isInvalid) throw error;
    const causes = (error.details?.causes ?? []).filter(({ field = "" }) =>
      field.startsWith("metadata"),
    );
    const { group, kind } = resource;
    if (causes.length > 0) throw invalid({ group, kind, name: after.metadata.name }, causes);
  }
  return unchanged;
}

function isSameMeta(a: KubeObject, b: KubeObject): boolean {
  return isDeepStrictEqual(
    { ...a.metadata, managedFields: undefined },
    { ...b.metadata, managedFields: undefined },
  );
}

/** The object with what was recorded in it; identity is as it was. */
function asObject(recorded: JsonMap, object: KubeObject): KubeObject {
  const managedFields = ownValue(ownMap(recorded, "metadata"), "managedFields");
  return withMetadata(object, {
    managedFields: isJsonList(managedFields) ? managedFields : undefined,
  });
}

function refuseLarge(object: KubeObject): void {
  if (Buffer.byteLength(JSON.stringify(object)) > maxObjectBytes) throw tooLarge(maxObjectBytes);
}
