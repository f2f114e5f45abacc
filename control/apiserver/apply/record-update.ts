/**
 * Who owns what after a write that is no apply: create, replace, and the other sorts of patch.
 * The writer owns what it added or changed; nobody owns any longer what it changed or removed.
 */
import { isJsonList, isJsonMap, ownMap, ownString, ownValue } from "../json-tree.ts";
import type { JsonMap } from "../json-tree.ts";
import { compareObjects } from "./compare-objects.ts";
import { emptyFieldSet, isEmptySet, subtractSet, subtractTrees, unionSets } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import {
  capManagers,
  managerKey,
  mapFields,
  tryReadManagers,
  withManagers,
  withoutManagers,
} from "./managers.ts";
import type { Manager, Managers } from "./managers.ts";
import { initialObject } from "./object-schemas.ts";
import { systemFields, wholeSeconds } from "./system-fields.ts";

/** One write. */
export interface UpdateOptions {
  /** The stored object; undefined for a new one */
  readonly before: JsonMap | undefined;
  /** The object to be stored, defaulted and reset to what this way of writing may change */
  readonly after: JsonMap;
  /** Name of the writer; an empty one is written as `unknown` */
  readonly manager: string;
  readonly now: Date;
  /** Schema of the whole object, by `objectSchema` or `findCoreSchema` */
  readonly schema: JsonMap;
  /** `status`, or empty for the object itself */
  readonly subresource?: string | undefined;
  /** Fields that this way of writing never takes, with all that is inside them */
  readonly reset?: FieldSet | undefined;
}

/**
 * The object with `metadata.managedFields` after the write. A write that changes no field changes neither
 * owners nor times. As in Kubernetes a writer of the object itself may send other `managedFields`,
 * and turns them off with `[{}]`; what cannot be read in them is ignored, and those of the stored object hold.
 */
export function recordUpdate(options: UpdateOptions): JsonMap {
  const { before, after } = options;
  const managers = managersBefore(options);
  // An object that never had owners is left alone until it is applied.
  if (managers.size === 0 && isStored(before)) return withoutManagers(after);
  return withManagers(after, recordManagers(managers, options));
}

/** Managers after the write; not for callers that hold an object, which use `recordUpdate`. */
export function recordManagers(managers: Managers, options: UpdateOptions): Managers {
  const { before, after, manager, now, schema, subresource = "", reset = emptyFieldSet } = options;
  const apiVersion = ownString(after, "apiVersion") ?? "";
  const base = before ?? initialObject(after);
  const change = compareObjects(withoutManagers(base), withoutManagers(after), schema);
  const taken = subtractTrees(unionSets(change.added, change.modified), reset);
  const lost = unionSets(taken, subtractTrees(change.removed, reset));
  const rest = mapFields(managers, ({ fields }) => subtractSet(fields, lost));
  const own = subtractSet(taken, systemFields);
  if (isEmptySet(own)) return capManagers(rest);
  const writer: Manager = {
    name: manager === "" ? "unknown" : manager,
    operation: "Update",
    apiVersion,
    subresource,
    time: wholeSeconds(now),
    fields: own,
  };
  const key = managerKey(writer);
  const fields = unionSets(rest.get(key)?.fields ?? emptyFieldSet, own);
  return capManagers(new Map([...rest, [key, { ...writer, fields }]]));
}

/** Whether it has been stored, and is not only what a new object starts as. */
export function isStored(object: JsonMap | undefined): boolean {
  return (ownString(ownMap(object, "metadata"), "uid") ?? "") !== "";
}

function managersBefore({ before, after, subresource = "" }: UpdateOptions): Managers {
  const stored = tryReadManagers(before) ?? new Map<string, Manager>();
  if (subresource !== "") return stored;
  if (isTurnedOff(after)) return new Map();
  const sent = tryReadManagers(after);
  return sent === undefined || sent.size === 0 ? stored : sent;
}

function isTurnedOff(object: JsonMap): boolean {
  const list = ownValue(ownMap(object, "metadata"), "managedFields");
  if (!isJsonList(list) || list.length !== 1) return false;
  const [entry] = list;
  return isJsonMap(entry) && Object.keys(entry).length === 0;
}
