/**
 * Applies what is in manifests to the store, as `kubectl apply --server-side --force-conflicts` would, and deletes what
 * was applied from them and is in them no more. All of one change is one commit.
 */
import type { ParsedObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { SourceProblem } from "../../gateway/control-api.ts";
import { describeError } from "../../gateway/errors.ts";
import type { SourcedObject } from "../../gateway/manifests.ts";
import { isJsonMap } from "../apiserver/json-tree.ts";
import type { JsonMap, JsonValue } from "../apiserver/json-tree.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import { namespaceResource } from "../apiserver/core-resources.ts";
import type { ObjectDeleter } from "../apiserver/object-deleter.ts";
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import type { ObjectWriter, WriteOptions } from "../apiserver/object-writer.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import { patchObject } from "../apiserver/patch-request.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { StatusError } from "../apiserver/status-error.ts";
import type { ObjectPlace } from "./object-publisher.ts";

/** Field manager of what comes from manifests: by it they are known again after a restart. */
export const manifestFields = "clrk-dev";

/** Objects looked at by one query, when it is found out what was applied before. */
const pageSize = 500;

/** What an applier is made of. */
export interface ManifestApplierOptions {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly resources: readonly ServedResource[];
}

/** One object of the manifests with its key in the store. */
interface Wanted {
  readonly sourced: SourcedObject;
  readonly resource: ServedResource;
  readonly key: ObjectKey;
}

/** Applies manifests to one store. */
export class ManifestApplier {
  readonly #options: ManifestApplierOptions;
  readonly #resources: ReadonlyMap<string, ServedResource>;
  readonly #places = new Map<string, ObjectPlace>();
  #applied: ReadonlyMap<string, Wanted> | undefined;
  #working: Promise<unknown> = Promise.resolve();

  /** Does not own the store. */
  constructor(options: ManifestApplierOptions) {
    this.#options = options;
    this.#resources = new Map(
      options.resources.map((resource) => [`${resource.apiVersion} ${resource.kind}`, resource]),
    );
  }

  /** Where an object of the manifests was written; undefined for others. */
  placeOf(key: ObjectKey): ObjectPlace | undefined {
    return this.#places.get(nameOf(key));
  }

  /**
   * Makes the store have exactly these objects of manifests, after earlier calls. Resolves with what could not be
   * applied; all else was. Never rejects.
   */
  apply(objects: readonly SourcedObject[]): Promise<readonly SourceProblem[]> {
    const result = this.#working.then(() => this.#apply(objects));
    this.#working = result;
    return result;
  }

  async #apply(objects: readonly SourcedObject[]): Promise<readonly SourceProblem[]> {
    const wanted = this.#wanted(objects);
    const before = this.#applied;
    this.#places.clear();
    for (const [name, { sourced }] of wanted) {
      this.#places.set(name, { file: sourced.file, line: sourced.line });
    }
    const gone = before === undefined ? this.#appliedBefore(wanted) : missing(before, wanted);
    const changed = [...wanted.values()].filter(
      ({ key, sourced }) => before?.get(nameOf(key))?.sourced.object !== sourced.object,
    );
    this.#applied = wanted;
    await this.#ensureNamespaces(changed);
    // None is waited for before the next: writes of one turn are one commit, and one change for gateways.
    const deletions = gone.map((one) => this.#delete(one));
    const applications = changed.map((one) => this.#applyOne(one));
    return (await Promise.all([...deletions, ...applications])).flat();
  }

  #wanted(objects: readonly SourcedObject[]): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    for (const sourced of objects) {
      const { apiVersion, kind, metadata } = sourced.object;
      const resource = this.#resources.get(`${apiVersion} ${kind}`);
      if (resource === undefined) continue;
      const key = keyOf(resource, metadata);
      wanted.set(nameOf(key), { sourced, resource, key });
    }
    return wanted;
  }

  async #ensureNamespaces(wanted: readonly Wanted[]): Promise<void> {
    const { store, writer } = this.#options;
    for (const name of new Set(wanted.map(({ key }) => key.namespace))) {
      if (name === "" || store.reader.find(keyOf(namespaceResource, { name })) !== undefined)
        continue;
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      // Whatever keeps it from being made is told for each object in it.
      await writer.create(namespaceResource, object, options).catch(() => {});
    }
  }

  async #applyOne({ sourced, resource, key }: Wanted): Promise<readonly SourceProblem[]> {
    const { writer } = this.#options;
    const place = { namespace: key.namespace, name: key.name };
    const facts = { resource, place, writer: writer.writerOf(options), force: true };
    try {
      const patch = { kind: "apply", value: writtenForm(sourced, resource) } as const;
      const change = (current: KubeObject | undefined) => patchObject(patch, current, facts);
      await writer.change({ resource, ...place, isApply: true, change }, options);
      return [];
    } catch (error) {
      return [problemOf(sourced, error)];
    }
  }

  async #delete({ resource, key }: Omit<Wanted, "sourced">): Promise<readonly SourceProblem[]> {
    const { namespace, name } = key;
    try {
      await this.#options.deleter.delete(resource, { namespace, name }, { dryRun: false });
      return [];
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return [];
      const message = `Cannot delete ${resource.kind} ${namespace}/${name}: ${describeError(error)}`;
      return [{ file: "control process", line: 0, field: "", message }];
    }
  }

  /** What an earlier process applied from manifests, and these do not have. */
  #appliedBefore(wanted: ReadonlyMap<string, Wanted>): Omit<Wanted, "sourced">[] {
    const { reader } = this.#options.store;
    const gone: Omit<Wanted, "sourced">[] = [];
    for (const resource of this.#resources.values()) {
      let after: { namespace: string; name: string } | undefined;
      for (;;) {
        const query = { resource: resource.storage, limit: pageSize, ...(after && { after }) };
        const page = reader.list(query);
        for (const { namespace, name, text } of page) {
          const key = { resource: resource.storage, namespace, name };
          if (!wanted.has(nameOf(key)) && isFromManifests(text)) gone.push({ resource, key });
        }
        after = page.at(-1);
        if (page.length < pageSize) break;
      }
    }
    return gone;
  }
}

const options: WriteOptions = { dryRun: false, validation: "Strict", manager: manifestFields };

function missing(
  before: ReadonlyMap<string, Wanted>,
  after: ReadonlyMap<string, Wanted>,
): readonly Wanted[] {
  return [...before].filter(([name]) => !after.has(name)).map(([, one]) => one);
}

function nameOf({ resource, namespace, name }: ObjectKey): string {
  return `${resource} ${namespace}/${name}`;
}

/** Whether a stored object was applied by the manager of manifests. */
function isFromManifests(text: string): boolean {
  if (!text.includes(manifestFields)) return false;
  const { metadata } = Object(JSON.parse(text));
  const fields: unknown = Object(metadata).managedFields;
  if (!Array.isArray(fields)) return false;
  return fields.some(
    (entry) =>
      isRecord(entry) && entry["manager"] === manifestFields && entry["operation"] === "Apply",
  );
}

/** As the author wrote it, with the namespace that it has by default. */
function writtenForm({ object, written }: SourcedObject, { namespaced }: ServedResource): JsonMap {
  const value: JsonValue = JSON.parse(JSON.stringify(written?.() ?? object));
  if (!isJsonMap(value)) throw new TypeError(`Cannot apply ${formatOf(object)}: it is no object`);
  const { status: _, metadata, ...content } = value;
  const { namespace: __, ...given } = isJsonMap(metadata) ? metadata : {};
  const { namespace } = object.metadata;
  return { ...content, metadata: { ...given, ...(namespaced && { namespace }) } };
}

function formatOf(object: ParsedObject): string {
  return formatReference(referenceOf(object));
}

function problemOf({ object, file, line }: SourcedObject, error: unknown): SourceProblem {
  return {
    file,
    line,
    field: "",
    message: `Cannot apply ${formatOf(object)}: ${describeError(error)}`,
  };
}
