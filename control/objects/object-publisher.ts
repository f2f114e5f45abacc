/** Tells gateways what is stored: each commit as one change, and of it only what gateways look at. */
import type { FedChange, FedObject, FedObjects } from "../gateway-feed.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectChange, ObjectStore } from "../apiserver/object-store.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { isDeepStrictEqual } from "node:util";

/** Objects read at once: a list of all is read in pages, so that other work gets its turn. */
const pageSize = 500;

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
  list(): FedObjects {
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
    for (const resource of this.#resources.keys()) {
      let after: { namespace: string; name: string } | undefined;
      for (;;) {
        const page = reader.list({ resource, limit: pageSize, ...(after && { after }) });
        for (const state of page) yield this.#feed(state, JSON.parse(state.text));
        after = page.at(-1);
        if (page.length < pageSize) break;
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
    const objects: FedObject[] = [];
    const removed: FedChange["removed"][number][] = [];
    for (const change of newest.values()) {
      const { name, object } = change;
      // A Namespace counts as being in itself where manifests are read.
      const namespace = change.namespace === "" ? name : change.namespace;
      if (change.change === "DELETED") removed.push({ kind: object.kind, namespace, name });
      else objects.push(this.#feed(change, object));
    }
    return { objects, removed, resourceVersion: String(changes.at(-1)?.revision ?? 0) };
  }

  #feed(key: ObjectKey, object: KubeObject): FedObject {
    return { object: contentOf(object), ...this.#options.placeOf(key) };
  }
}

/** A status that was written changes nothing for gateways: they wrote it. */
function isNews({ change, object, previous }: ObjectChange): boolean {
  if (change !== "MODIFIED" || previous === undefined) return true;
  return !isDeepStrictEqual(contentOf(object), contentOf(previous));
}

/** Without what every write changes, and nobody but the server looks at. */
function contentOf(object: KubeObject): object {
  const { status: _, metadata, ...content } = object;
  const { managedFields: __, resourceVersion: ___, ...kept } = metadata;
  return { ...content, metadata: kept };
}
