/** The objects of a rollout in the store: what they are before and would be after, written and taken back in one commit. */
import { isDeepStrictEqual } from "node:util";
import type { ParsedObject } from "../../crds/kinds.ts";
import { parseAnyObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import { describeError } from "../../gateway/errors.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import type { ObjectDeleter } from "../apiserver/object-deleter.ts";
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectStore, StoreTransaction } from "../apiserver/object-store.ts";
import type { ObjectWriter, WriteOptions } from "../apiserver/object-writer.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import type { ObjectChange } from "./rollout.ts";
import { takeBack } from "./three-way.ts";

/** Whose the fields become that a rollout writes. */
const manager = "clrk-rollout";
const options: WriteOptions = { dryRun: false, validation: "Strict", manager };

/** What they are made of. */
export interface ChangedObjectsOptions {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  /** Those that gateways understand */
  readonly resources: readonly ServedResource[];
  /** SHA-256 of an object of a file as it is written there; undefined for all others */
  readonly fileHashOf: (key: ObjectKey) => string | undefined;
}

/** What was taken back, as `Kind namespace/name`, and what was not, with the fields that others changed. */
export interface UndoneChanges {
  readonly restored: readonly string[];
  readonly conflicts: readonly string[];
}

interface ReadObject {
  readonly object: ParsedObject;
  readonly value: KubeObject;
}

/** A refusal, told to whoever asked. */
export class ChangeRefused extends Error {}

/** Objects of one store. */
export class ChangedObjects {
  readonly #options: ChangedObjectsOptions;
  readonly #resources: ReadonlyMap<string, ServedResource>;

  /** Does not own the store. */
  constructor(changedOptions: ChangedObjectsOptions) {
    this.#options = changedOptions;
    this.#resources = new Map(
      changedOptions.resources.map((resource) => [resourceName(resource), resource]),
    );
  }

  /** What the objects would change, which nothing is yet. Throws ChangeRefused for what cannot be stored, or tried. */
  plan(objects: readonly unknown[]): readonly ObjectChange[] {
    const read = objects.map((value) => this.#read(value));
    const names = read.map(({ object }) => formatReference(referenceOf(object)));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new ChangeRefused(`${twice} is there twice`);
    const changes = this.#rehearse(read).filter(
      ({ before, after }) => !isDeepStrictEqual(before, after),
    );
    // Those that stay as they are may stand among manifests that change.
    const secret = changes.find(({ ref }) => ref.kind === "Secret");
    if (secret === undefined) return changes;
    throw new ChangeRefused(
      `${formatReference(secret.ref)}: values are one for all agents, and are not tried on a share of them; change them by themselves`,
    );
  }

  /**
   * Writes what was planned, in one commit. Throws ChangeRefused where an object is neither as it was then nor as it is
   * to be.
   */
  async write(changes: readonly ObjectChange[]): Promise<void> {
    const rest = changes.filter(
      (change) => !isDeepStrictEqual(this.#current(change), change.after),
    );
    const touched = this.findTouched(rest);
    if (touched !== undefined) throw new ChangeRefused(touched);
    await this.#options.store.write((transaction) => {
      for (const change of changes) this.#set(transaction, change, change.after);
    });
  }

  /** A sentence about an object that is not as it was planned; undefined where all are. */
  findTouched(changes: readonly ObjectChange[]): string | undefined {
    const touched = changes.find(
      (change) => !isDeepStrictEqual(this.#current(change), change.before),
    );
    return touched && `${formatReference(touched.ref)} was changed by somebody else meanwhile`;
  }

  /** Takes changes back, in one commit; what others changed in the same fields stays. */
  async undo(changes: readonly ObjectChange[]): Promise<UndoneChanges> {
    const restored: string[] = [];
    const conflicts: string[] = [];
    await this.#options.store.write((transaction) => {
      for (const change of changes) {
        const name = formatReference(change.ref);
        const back = takeBack(change.before, change.after, this.#current(change));
        for (const path of back.conflicts) conflicts.push(path === "" ? name : `${name} ${path}`);
        if (back.conflicts.includes("")) continue;
        this.#set(transaction, change, back.value);
        restored.push(name);
      }
    });
    return { restored, conflicts };
  }

  #rehearse(read: readonly ReadObject[]): ObjectChange[] {
    try {
      return this.#options.store.rehearse((transaction) =>
        read.map((one) => this.#put(transaction, one)),
      );
    } catch (error) {
      throw new ChangeRefused(describeError(error), { cause: error });
    }
  }

  #read(value: unknown): ReadObject {
    const parsed = parseAnyObject(value);
    if (parsed.kind !== "valid") {
      throw new ChangeRefused(parsed.problems.map(({ message }) => message).join("; "));
    }
    const { object } = parsed;
    const name = formatReference(referenceOf(object));
    if (!this.#resources.has(resourceName(object))) {
      throw new ChangeRefused(`${name}: gateways do not look at objects of this kind`);
    }
    return { object, value: withPlace(value, object) };
  }

  #put(transaction: StoreTransaction, { object, value }: ReadObject): ObjectChange {
    const { apiVersion } = object;
    const ref = referenceOf(object);
    const resource = this.#resourceOf({ apiVersion, ref });
    const key = keyOf(resource, object.metadata);
    const before = this.#current({ apiVersion, ref });
    const { writer, fileHashOf } = this.#options;
    const change = (current: KubeObject | undefined) => replaced(current, value);
    const request = { resource, namespace: key.namespace, name: key.name, change };
    const after = writer.changeIn(transaction, request, options).object;
    const fileHash = fileHashOf(key);
    return {
      ...{ ref, apiVersion, before, after: contentOf(after) },
      ...(fileHash !== undefined && { fileHash }),
    };
  }

  #set(transaction: StoreTransaction, change: ObjectChange, value: unknown): void {
    const { writer, deleter } = this.#options;
    const resource = this.#resourceOf(change);
    const { namespace, name } = keyOf(resource, change.ref);
    if (value === null || value === undefined) {
      // Somebody has done it, or this before a kill.
      if (this.#current(change) === null) return;
      const place = { namespace, name };
      deleter.deleteIn(transaction, { resource, place, options: { dryRun: false } });
      return;
    }
    const wanted = asObject(value);
    const request = {
      ...{ resource, namespace, name },
      change: (current: KubeObject | undefined) => restored(current, wanted),
    };
    writer.changeIn(transaction, request, options);
  }

  #current({ apiVersion, ref }: Pick<ObjectChange, "apiVersion" | "ref">): unknown {
    const key = keyOf(this.#resourceOf({ apiVersion, ref }), ref);
    const found = this.#options.store.reader.find(key);
    return found === undefined ? null : contentOf(JSON.parse(found.text));
  }

  #resourceOf({ apiVersion, ref }: Pick<ObjectChange, "apiVersion" | "ref">): ServedResource {
    const resource = this.#resources.get(`${apiVersion} ${ref.kind}`);
    if (resource === undefined) throw new ChangeRefused(`No kind ${ref.kind} in ${apiVersion}`);
    return resource;
  }
}

function resourceName({ apiVersion, kind }: { apiVersion: string; kind: string }): string {
  return `${apiVersion} ${kind}`;
}

function asObject(value: unknown): KubeObject {
  const { apiVersion, kind, metadata } = Object(value);
  if (isRecord(value) && isRecord(metadata)) {
    const { name, ...rest } = metadata;
    return { ...value, apiVersion, kind, metadata: { ...rest, name: String(name) } };
  }
  throw new ChangeRefused("An object has no metadata");
}

/** As it was written, in the namespace that it has by default, and without what an API server writes. */
function withPlace(value: unknown, { metadata }: ParsedObject): KubeObject {
  const { status: _, ...object } = asObject(value);
  const { labels, annotations } = object.metadata;
  return {
    ...asObject(object),
    metadata: {
      ...{ name: metadata.name, namespace: metadata.namespace },
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    },
  };
}

/** The new content in place of the old one; labels and annotations that it does not name stay. */
function replaced(current: KubeObject | undefined, wanted: KubeObject): KubeObject {
  if (current === undefined) return wanted;
  const labels = { ...current.metadata.labels, ...wanted.metadata.labels };
  const annotations = { ...current.metadata.annotations, ...wanted.metadata.annotations };
  return withContent(current, wanted, {
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
}

function restored(current: KubeObject | undefined, wanted: KubeObject): KubeObject {
  const { labels, annotations } = wanted.metadata;
  if (current === undefined) return wanted;
  return withContent(current, wanted, {
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  });
}

function withContent(
  current: KubeObject,
  wanted: KubeObject,
  own: Pick<KubeObject["metadata"], "labels" | "annotations">,
): KubeObject {
  const { labels: _, annotations: __, ...metadata } = current.metadata;
  const { status } = current;
  return {
    ...wanted,
    metadata: { ...metadata, ...own },
    ...(status !== undefined && { status }),
  };
}

/** What a user says of an object. */
function contentOf({ status: _, metadata, ...content }: KubeObject): unknown {
  const { name, namespace, labels, annotations } = metadata;
  const kept = { name, namespace, labels, annotations };
  const given = Object.entries(kept).filter(([, value]) => value !== undefined);
  return { ...content, metadata: Object.fromEntries(given) };
}
