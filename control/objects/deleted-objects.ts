/** Objects of files that somebody else deleted from the store: they are in their files, and in force no more. */
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectChange, ObjectStore } from "../apiserver/object-store.ts";
import type { ObjectPlace } from "./object-publisher.ts";

/** Such an object. */
export interface DeletedObject extends ObjectPlace {
  /** `Kind namespace/name` */
  readonly object: string;
}

/** What it looks at. */
export interface DeletedObjectsOptions {
  readonly store: Pick<ObjectStore, "reader">;
  /** Where an object is in the files now; undefined for others */
  readonly placeOf: (key: ObjectKey) => ObjectPlace | undefined;
}

/** Follows what is deleted; as large as the files. */
export class DeletedObjects {
  readonly #options: DeletedObjectsOptions;
  readonly #seen = new Map<string, { readonly key: ObjectKey; readonly object: string }>();

  constructor(options: DeletedObjectsOptions) {
    this.#options = options;
  }

  /** Takes a change of the store; gives the object where it is one of the files that is gone. */
  note({ change, resource, namespace, name, object }: ObjectChange): DeletedObject | undefined {
    if (change !== "DELETED") return undefined;
    const key = { resource, namespace, name };
    // What files have no more is none of theirs when it is deleted: what is left was deleted by somebody else.
    const place = this.#options.placeOf(key);
    if (place === undefined) return undefined;
    const shown = `${object.kind} ${namespace}/${name}`;
    this.#seen.set(`${resource} ${namespace}/${name}`, { key, object: shown });
    return { object: shown, ...place };
  }

  /** Those that are in the files and not in the store now, in the order in which they were deleted. */
  list(): readonly DeletedObject[] {
    const { store, placeOf } = this.#options;
    const deleted: DeletedObject[] = [];
    for (const [name, { key, object }] of this.#seen) {
      const place = placeOf(key);
      if (place !== undefined && store.reader.find(key) === undefined) {
        deleted.push({ object, ...place });
      } else this.#seen.delete(name);
    }
    return deleted;
  }
}
