/**
 * Applies what is in manifests to the store, as `kubectl apply --server-side --force-conflicts` would, and deletes what
 * was applied from them and is in them no more. All of one change is one commit.
 */
import { createHash } from "node:crypto";
import type { ParsedObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { SourceProblem } from "../../gateway/control-api.ts";
import { describeError } from "../../gateway/errors.ts";
import type { SourcedObject } from "../../gateway/manifests.ts";
import type { KubeObject } from "../apiserver/kube-object.ts";
import { isRecord } from "../apiserver/kube-object.ts";
import { namespaceResource } from "../apiserver/core-resources.ts";
import type { ObjectDeleter } from "../apiserver/object-deleter.ts";
import type { ObjectKey } from "../apiserver/object-reader.ts";
import type { ObjectStore, StoreTransaction } from "../apiserver/object-store.ts";
import type { ObjectWriter, WriteOptions } from "../apiserver/object-writer.ts";
import { keyOf } from "../apiserver/object-writer.ts";
import { patchObject } from "../apiserver/patch-request.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import { StatusError } from "../apiserver/status-error.ts";
import type { ObjectPlace } from "./object-publisher.ts";
import { writtenForm } from "./written-form.ts";

/** Field manager of what comes from manifests: by it they are known again after a restart. */
export const manifestFields = "clrk-dev";

/** What an applier is made of. */
export interface ManifestApplierOptions {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly resources: readonly ServedResource[];
  /** The form that an object of a file is applied in, which a rollout may have changed; absent: its own */
  readonly overlay?: (sourced: SourcedObject) => SourcedObject;
}

/** One object of the manifests with its key in the store. */
interface Wanted {
  readonly sourced: SourcedObject;
  /** As it stands in its file */
  readonly inFile: SourcedObject;
  readonly resource: ServedResource;
  readonly key: ObjectKey;
}

type Gone = Omit<Wanted, "sourced" | "inFile">;

/** Undoes a transaction whose problems are told otherwise. */
class Refused extends Error {}

/** Applies manifests to one store. */
export class ManifestApplier {
  readonly #options: ManifestApplierOptions;
  readonly #resources: ReadonlyMap<string, ServedResource>;
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
    const { sourced } = this.#applied?.get(nameOf(key)) ?? {};
    return sourced && { file: sourced.file, line: sourced.line };
  }

  /** SHA-256 of the object as it is written in a file; undefined for others. */
  fileHashOf(key: ObjectKey): string | undefined {
    const { inFile } = this.#applied?.get(nameOf(key)) ?? {};
    return inFile && hashWritten(inFile);
  }

  /**
   * Makes the store have exactly these objects of manifests, after earlier calls. Resolves with what cannot be applied:
   * then nothing of it was, since a policy that is missing would open what it refuses. Never rejects.
   */
  apply(objects: readonly SourcedObject[]): Promise<readonly SourceProblem[]> {
    const result = this.#working.then(() => this.#apply(objects));
    this.#working = result;
    return result;
  }

  async #apply(objects: readonly SourcedObject[]): Promise<readonly SourceProblem[]> {
    const wanted = this.#wanted(objects);
    const before = this.#applied;
    const gone = before === undefined ? this.#appliedBefore(wanted) : missing(before, wanted);
    const changed = [...wanted.values()].filter(
      ({ key, sourced }) => before?.get(nameOf(key))?.sourced.object !== sourced.object,
    );
    const problems: SourceProblem[] = [];
    // Places are asked for with the commit.
    this.#applied = wanted;
    try {
      await this.#options.store.write((transaction) => {
        this.#step(transaction, { gone, changed, problems });
        if (problems.length > 0) throw new Refused();
      });
    } catch (error) {
      this.#applied = before;
      if (error instanceof Refused) return problems;
      return [ownProblem(`Cannot apply manifests: ${describeError(error)}`)];
    }
    return [];
  }

  #step(
    transaction: StoreTransaction,
    {
      gone,
      changed,
      problems,
    }: { gone: readonly Gone[]; changed: readonly Wanted[]; problems: SourceProblem[] },
  ): void {
    this.#ensureNamespaces(transaction, changed);
    // What is in a Namespace of the manifests may be written before it.
    const isNamespace = ({ resource }: Wanted) => resource === namespaceResource;
    const ordered = [...changed.filter(isNamespace), ...changed.filter((one) => !isNamespace(one))];
    for (const one of ordered) {
      const problem = this.#applyOne(transaction, one);
      if (problem !== undefined) problems.push(problem);
    }
    for (const one of gone) {
      const problem = this.#delete(transaction, one);
      if (problem !== undefined) problems.push(problem);
    }
  }

  #wanted(objects: readonly SourcedObject[]): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    const { overlay = (sourced: SourcedObject) => sourced } = this.#options;
    for (const inFile of objects) {
      const sourced = overlay(inFile);
      const { apiVersion, kind, metadata } = sourced.object;
      const resource = this.#resources.get(`${apiVersion} ${kind}`);
      if (resource === undefined) continue;
      const key = keyOf(resource, metadata);
      wanted.set(nameOf(key), { sourced, inFile, resource, key });
    }
    return wanted;
  }

  #ensureNamespaces(transaction: StoreTransaction, wanted: readonly Wanted[]): void {
    for (const name of new Set(wanted.map(({ key }) => key.namespace))) {
      const key = keyOf(namespaceResource, { name });
      if (name === "" || transaction.find(key) !== undefined) continue;
      const isWanted = wanted.some((one) => nameOf(one.key) === nameOf(key));
      if (isWanted) continue;
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      this.#options.writer.createIn(transaction, namespaceResource, { object, options });
    }
  }

  #applyOne(
    transaction: StoreTransaction,
    { sourced, resource, key }: Wanted,
  ): SourceProblem | undefined {
    const { writer } = this.#options;
    const place = { namespace: key.namespace, name: key.name };
    const facts = { resource, place, writer: writer.writerOf(options), force: true };
    try {
      const patch = { kind: "apply", value: writtenForm(sourced, resource) } as const;
      const change = (current: KubeObject | undefined) => patchObject(patch, current, facts);
      writer.changeIn(transaction, { resource, ...place, isApply: true, change }, options);
      return undefined;
    } catch (error) {
      if (error instanceof StatusError) return problemOf(sourced, error);
      throw error;
    }
  }

  #delete(transaction: StoreTransaction, { resource, key }: Gone): SourceProblem | undefined {
    const { namespace, name } = key;
    try {
      const place = { namespace, name };
      this.#options.deleter.deleteIn(transaction, { resource, place, options: { dryRun: false } });
      return undefined;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (error.code === 404) return undefined;
      return ownProblem(`Cannot delete ${resource.kind} ${namespace}/${name}: ${error.message}`);
    }
  }

  /** What an earlier process applied from manifests, and these do not have. */
  #appliedBefore(wanted: ReadonlyMap<string, Wanted>): Gone[] {
    const { reader } = this.#options.store;
    const gone: Gone[] = [];
    for (const resource of this.#resources.values()) {
      for (const { namespace, name, text } of reader.each({ resource: resource.storage })) {
        const key = { resource: resource.storage, namespace, name };
        if (!wanted.has(nameOf(key)) && isFromManifests(text)) gone.push({ resource, key });
      }
    }
    return gone;
  }
}

/** SHA-256 of an object as it is written in its file. */
export function hashWritten(sourced: SourcedObject): string {
  const text = JSON.stringify(sourced.written?.() ?? sourced.object);
  return createHash("sha256").update(text).digest("hex");
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

function formatOf(object: ParsedObject): string {
  return formatReference(referenceOf(object));
}

function ownProblem(message: string): SourceProblem {
  return { file: "control process", line: 0, field: "", message };
}

function problemOf({ object, file, line }: SourcedObject, error: unknown): SourceProblem {
  return {
    file,
    line,
    field: "",
    message: `Cannot apply ${formatOf(object)}: ${describeError(error)}`,
  };
}
