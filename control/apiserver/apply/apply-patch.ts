/**
 * Server-side apply: an applied object is laid over the live one, and its fields become the applier's.
 * Nobody is overruled unless told to; what an applier no longer applies goes, if nobody else owns it.
 * Facts: kubernetes.io, "Server-Side Apply".
 */
import { equalJson, isShallow, ownMap, ownString, ownValue, withKey } from "../json-tree.ts";
import type { JsonMap } from "../json-tree.ts";
import { compareObjects } from "./compare-objects.ts";
import { conflictsWith } from "./conflicts.ts";
import type { Conflict } from "./conflicts.ts";
import {
  emptyFieldSet,
  intersectSets,
  subtractSet,
  subtractTrees,
  unionSets,
} from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { ownedByLastApplied, withLastApplied } from "./last-applied.ts";
import {
  equalManagers,
  managerKey,
  mapFields,
  tryReadManagers,
  withManagers,
  withoutManagers,
} from "./managers.ts";
import type { Manager, Managers } from "./managers.ts";
import { fieldsOf } from "./owned-fields.ts";
import { initialObject } from "./object-schemas.ts";
import { pruneFields } from "./prune-fields.ts";
import { isStored, recordManagers } from "./record-update.ts";
import { systemFields, wholeSeconds } from "./system-fields.ts";
import { checkTyped } from "./typed-check.ts";

/** One apply. */
export interface ApplyOptions {
  /** The stored object; undefined for a new one */
  readonly live: JsonMap | undefined;
  /** What the applier wants to own, as it was sent; `resourceVersion` and `uid` in it are the caller's to check */
  readonly applied: JsonMap;
  /** Name of the applier, not empty */
  readonly manager: string;
  /** Take fields that others own with other values */
  readonly force: boolean;
  readonly now: Date;
  /** Schema of the whole object, by `objectSchema` or `findCoreSchema` */
  readonly schema: JsonMap;
  /** `status`, or empty for the object itself */
  readonly subresource?: string | undefined;
  /** Fields that this way of writing never takes, with all that is inside them; the caller puts the live ones back */
  readonly reset?: FieldSet | undefined;
}

/** What became of it. */
export type ApplyOutcome =
  /** The object to default, check and store; it is `live` itself where the apply changes nothing at all */
  | { readonly kind: "merged"; readonly object: JsonMap }
  | { readonly kind: "conflict"; readonly conflicts: readonly Conflict[] }
  /** The applied object cannot be merged; `message` is in Kubernetes' words */
  | { readonly kind: "invalid"; readonly message: string };

/** kubectl's own name, by which it takes over what it once applied on the client's side. */
const kubectlManager = "kubectl";

/** Owner of everything that was there before an object was first applied. */
const beforeFirstApply = "before-first-apply";

/** Metadata that an applier may repeat from an object it has read, and cannot change. */
const ignoredMetadata = ["creationTimestamp", "selfLink", "generation", "resourceVersion"];

/** Applies `applied` to `live`; pure, and as cheap as comparing the two. */
export function applyPatch(options: ApplyOptions): ApplyOutcome {
  const { live, applied, manager, schema } = options;
  const message = findMistake(options);
  if (message !== undefined) return { kind: "invalid", message };
  const managers = managersBefore(options);
  if (managers === undefined) {
    return { kind: "invalid", message: "failed to decode managed fields of the stored object" };
  }
  const attempt: Attempt = {
    base: live ?? initialObject(applied),
    wanted: withoutIgnored(applied),
    managers,
    options,
  };
  const outcome = merge(attempt, options.force);
  if (manager !== kubectlManager) return outcome;
  return takeOver(attempt, outcome, schema);
}

interface Attempt {
  readonly base: JsonMap;
  readonly wanted: JsonMap;
  readonly managers: Managers;
  readonly options: ApplyOptions;
}

function findMistake({ live, applied, schema }: ApplyOptions): string | undefined {
  if (!isShallow(applied)) return "the applied object is nested too deeply";
  if (!isShallow(live)) return "the stored object is nested too deeply";
  const sent = ownValue(ownMap(applied, "metadata"), "managedFields") ?? null;
  if (sent !== null) return "metadata.managedFields must be nil";
  const mistake = checkTyped(applied, schema);
  return mistake === undefined
    ? undefined
    : `failed to create typed patch object (${describeObject(applied)}): ${mistake}`;
}

/** `default/a; clrk.apoxy.dev/v1alpha1, Kind=Backend`; the core group stands as an empty one. */
function describeObject(object: JsonMap): string {
  const metadata = ownMap(object, "metadata");
  const namespace = ownString(metadata, "namespace") ?? "";
  const name = ownString(metadata, "name") ?? "";
  const version = ownString(object, "apiVersion") ?? "";
  const groupVersion = version.includes("/") ? version : `/${version}`;
  return `${namespace}/${name}; ${groupVersion}, Kind=${ownString(object, "kind") ?? ""}`;
}

function managersBefore({ live, now, schema, reset }: ApplyOptions): Managers | undefined {
  const managers = tryReadManagers(live);
  if (live === undefined || managers === undefined || managers.size > 0) return managers;
  if (!isStored(live)) return managers;
  const start = { before: undefined, after: live, manager: beforeFirstApply, now, schema, reset };
  return recordManagers(managers, start);
}

function withoutIgnored(applied: JsonMap): JsonMap {
  const metadata = ownMap(applied, "metadata");
  if (metadata === undefined) return applied;
  const ignored = [...ignoredMetadata, "managedFields"];
  const rest = ignored.reduce((map, key) => withKey(map, key, undefined), metadata);
  return withKey(applied, "metadata", rest);
}

function merge({ base, wanted, managers, options }: Attempt, force: boolean): ApplyOutcome {
  const { live, now, schema, reset = emptyFieldSet } = options;
  const bare = withoutManagers(base);
  const own = ownEntry(wanted, options);
  const key = managerKey(own);
  const last = managers.get(key);
  const claimed = new Map([...managers, [key, { ...own, time: last?.time }]]);
  const merged = pruneFields({ base: bare, wanted, last: last?.fields, managers: claimed, schema });
  const change = compareObjects(bare, merged, schema);
  const taken = subtractTrees(unionSets(change.added, change.modified), reset);
  const others = [...claimed].filter(([name]) => name !== key).map(([, manager]) => manager);
  if (!force) {
    const conflicts = others.flatMap((manager) =>
      conflictsWith(manager, intersectSets(manager.fields, taken)),
    );
    if (conflicts.length > 0) return { kind: "conflict", conflicts };
  }
  const lost = unionSets(taken, subtractTrees(change.removed, reset));
  const settled = mapFields(claimed, (manager) =>
    managerKey(manager) === key
      ? subtractSet(manager.fields, systemFields)
      : subtractSet(manager.fields, lost),
  );
  const isSame = equalManagers(tryReadManagers(live) ?? new Map(), settled);
  if (live !== undefined && isSame && equalJson(bare, merged)) {
    return { kind: "merged", object: live };
  }
  const entry = settled.get(key);
  const timed = new Map(settled);
  if (entry !== undefined) timed.set(key, { ...entry, time: wholeSeconds(now) });
  return { kind: "merged", object: withManagers(merged, timed) };
}

function ownEntry(wanted: JsonMap, options: ApplyOptions): Manager {
  const { manager, schema, subresource = "", reset = emptyFieldSet } = options;
  return {
    name: manager,
    operation: "Apply",
    apiVersion: ownString(wanted, "apiVersion") ?? "",
    subresource,
    time: undefined,
    fields: subtractTrees(fieldsOf(wanted, schema), reset),
  };
}

/** What kubectl applied on the client's side is its own: conflicts about that are none, and its annotation keeps up. */
function takeOver(attempt: Attempt, outcome: ApplyOutcome, schema: JsonMap): ApplyOutcome {
  const { base, options } = attempt;
  switch (outcome.kind) {
    case "invalid":
      return outcome;
    case "merged":
      return { kind: "merged", object: withLastApplied(outcome.object, options.applied) };
    case "conflict": {
      const allowed = ownedByLastApplied(base, schema);
      const conflicts = outcome.conflicts.filter(({ path }) => !allowed.has(path));
      if (conflicts.length > 0) return { kind: "conflict", conflicts };
      return takeOver(attempt, merge(attempt, true), schema);
    }
  }
}
