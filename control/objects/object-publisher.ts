/** Tells gateways what is stored: each commit as one change, and of it only what gateways look at. */
import type { FedChange, FedObject, FedObjects } from "../gateway-feed.ts";
import { namespaceResource } from "../apiserver/core-resources.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectChange, ObjectStore } from "../apiserver/object-store.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { endingNamespaces, isMarked } from "./ending-namespaces.ts";
import { isDeepStrictEqual } from "node:util";

const { storage: namespaces } = namespaceResource;

/** Where an object was written. */
export interface ObjectPlace {
  readonly file: string;
  readonly line: number;
}

/** What a publisher is made of. */
export interface ObjectPublisherOptions {
  readonly store: ObjectStore;
  /** Resources that gateways understand */
  readonly resources: readonly ServedResource[];
  /** Where an object was written; undefined where that is not known */
  readonly placeOf: (key: ObjectKey) => ObjectPlace | undefined;
}

/** Reads a store for gateways. */
export class ObjectPublisher {
  readonly #options: ObjectPublisherOptions;
  readonly #resources: ReadonlyMap<string, ServedResource>;

  /** Does not own the store. */
  constructor(options: ObjectPublisherOptions) {
    this.#options = options;
    this.#resources = new Map(options.resources.map((resource) => [resource.storage, resource]));
  }

  /** All objects as they are committed now. */
  list(): Omit<FedObjects, "trial"> {
    const { store } = this.#options;
    return { objects: this.#all(), resourceVersion: String(store.revision) };
  }

  /** Calls back with every commit that gateways have to hear of, until the returned function is called. */
  follow(onChange: (change: FedChange) => void): () => void {
    return this.#options.store.subscribe((changes) => {
      const change = this.#changeOf(changes);
      if (change !== undefined) onChange(change);
    });
  }

  *#all(): Generator<FedObject> {
    const { reader } = this.#options.store;
    const isEnding = endingNamespaces(this.#options.store.reader);
    for (const resource of this.#resources.keys()) {
      for (const state of reader.each({ resource })) {
        if (!isEnding(state.namespace)) yield this.#feed(state, JSON.parse(state.text));
      }
    }
  }

  #changeOf(changes: readonly ObjectChange[]): FedChange | undefined {
    const newest = new Map<string, ObjectChange>();
    for (const change of changes) {
      const resource = this.#resources.get(change.resource);
      if (resource === undefined || !isNews(change)) continue;
      newest.set(`${change.resource} ${change.namespace}/${change.name}`, change);
    }
    if (newest.size === 0) return undefined;
    const isEnding = endingNamespaces(this.#options.store.reader);
    const objects: FedObject[] = [];
    const removed: FedChange["removed"][number][] = [];
    for (const change of newest.values()) {
      const { name, object } = change;
      // A Namespace counts as being in itself where manifests are read.
      const namespace = change.namespace === "" ? name : change.namespace;
      const isGone = change.change === "DELETED" || isEnding(change.namespace);
      if (isGone) removed.push({ kind: object.kind, namespace, name });
      else objects.push(this.#feed(change, object));
      if (change.resource === namespaces && isMarked(object)) removed.push(...this.#allIn(name));
    }
    return { objects, removed, resourceVersion: String(changes.at(-1)?.revision ?? 0) };
  }

  /**
   * A Namespace that ends takes everything with it at one moment: what is in it is deleted one after another, and routes
   * would be open while the policies that deny them are gone already.
   */
  #allIn(namespace: string): FedChange["removed"] {
    const { reader } = this.#options.store;
    return [...this.#resources.values()]
      .filter(({ storage }) => storage !== namespaces)
      .flatMap(({ storage: resource, kind }) =>
        [...reader.each({ resource, namespace })].map(({ name }) => ({ kind, namespace, name })),
      );
  }

  #feed(key: ObjectKey, object: KubeObject): FedObject {
    return { object: contentOf(object), ...this.#options.placeOf(key) };
  }
}

/** A status that was written changes nothing for gateways: they wrote it. */
function isNews({ change, object, previous }: ObjectChange): boolean {
  if (change !== "MODIFIED" || previous === undefined) return true;
  if (isMarked(object) !== isMarked(previous)) return true;
  return !isDeepStrictEqual(contentOf(object), contentOf(previous));
}

/** What gateways read. What else is in metadata changes with every write, or is of nobody's kind. */
function contentOf(object: KubeObject): object {
  const { status: _, metadata, ...content } = object;
  const { name, namespace, labels, annotations, uid, generation } = metadata;
  const read = { name, namespace, labels, annotations, uid, generation };
  const given = Object.entries(read).filter(([, value]) => value !== undefined);
  return { ...content, metadata: Object.fromEntries(given) };
}
