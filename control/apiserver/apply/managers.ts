/**
 * Who owns which fields of an object: `metadata.managedFields` read and written.
 * A manager is known by its name, operation and subresource; one that updates also by the API version it used.
 */
import { isJsonList, isJsonMap, ownMap, ownString, ownValue, withKey } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { equalSets, isEmptySet, unionSets } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { encodeFields, tryDecodeFields } from "./fields-v1.ts";

/** One entry of `managedFields`. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** Empty for the object itself */
  readonly subresource: string;
  /** RFC 3339, whole seconds; undefined where nobody knows */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by `managerKey`, one entry each. */
export type Managers = ReadonlyMap<string, Manager>;

/** Managers that update are kept up to this number; the oldest are then counted as one (Kubernetes' own number). */
export const maxUpdateManagers = 10;

/** Entries that are read at most: each costs a comparison at every write. */
export const maxManagers = 256;

const ancientName = "ancient-changes";

/** What tells one manager from another. */
export function managerKey(manager: Omit<Manager, "time" | "fields">): string {
  const { name, operation, apiVersion, subresource } = manager;
  const version = operation === "Update" ? apiVersion : "";
  return JSON.stringify([name, operation, version, subresource]);
}

/** Managers of an object; undefined where `managedFields` cannot be understood, empty where there is none. */
export function tryReadManagers(object: JsonMap | undefined): Managers | undefined {
  const list = ownValue(ownMap(object, "metadata"), "managedFields") ?? [];
  if (!isJsonList(list) || list.length > maxManagers) return undefined;
  const managers = list.map(tryReadManager);
  if (!managers.every((manager) => manager !== undefined)) return undefined;
  return new Map(managers.map((manager) => [managerKey(manager), manager]));
}

/** The object with these managers in its metadata, sorted as Kubernetes sorts them; without any, the field goes. */
export function withManagers(object: JsonMap, managers: Managers): JsonMap {
  const metadata = ownMap(object, "metadata") ?? {};
  const entries = [...managers.values()].sort(compareManagers).map(writeManager);
  const list = entries.length === 0 ? undefined : entries;
  return withKey(object, "metadata", withKey(metadata, "managedFields", list));
}

/** The object without `managedFields`. */
export function withoutManagers(object: JsonMap): JsonMap {
  const metadata = ownMap(object, "metadata");
  if (metadata === undefined || !Object.hasOwn(metadata, "managedFields")) return object;
  return withKey(object, "metadata", withKey(metadata, "managedFields", undefined));
}

/** Managers that still own something, each with what `change` leaves it. */
export function mapFields(managers: Managers, change: (manager: Manager) => FieldSet): Managers {
  return new Map(
    [...managers].flatMap(([key, manager]): [string, Manager][] => {
      const fields = change(manager);
      return isEmptySet(fields) ? [] : [[key, { ...manager, fields }]];
    }),
  );
}

/** Whether both own the same fields, whatever their times. */
export function equalManagers(one: Managers, other: Managers): boolean {
  return (
    one.size === other.size &&
    [...one].every(([key, manager]) => {
      const counterpart = other.get(key);
      return (
        counterpart !== undefined &&
        counterpart.apiVersion === manager.apiVersion &&
        equalSets(manager.fields, counterpart.fields)
      );
    })
  );
}

/** The managers, the oldest that updated counted as one where they are too many. */
export function capManagers(managers: Managers): Managers {
  const updaters = [...managers].filter(([, manager]) => manager.operation === "Update");
  if (updaters.length <= maxUpdateManagers) return managers;
  updaters.sort(([oneKey, one], [otherKey, other]) => {
    return secondsOf(one.time) - secondsOf(other.time) || (oneKey < otherKey ? -1 : 1);
  });
  const capped = new Map(managers);
  const firsts = new Map<string, string>();
  for (const [key, manager] of updaters) {
    const excess = [...capped.values()].filter(({ operation }) => operation === "Update").length;
    if (excess <= maxUpdateManagers) break;
    const first = firsts.get(manager.apiVersion);
    if (first === undefined) {
      firsts.set(manager.apiVersion, key);
      continue;
    }
    mergeIntoAncient(capped, { key, manager, first });
  }
  return capped;
}

function mergeIntoAncient(
  managers: Map<string, Manager>,
  { key, manager, first }: { key: string; manager: Manager; first: string },
): void {
  const bucket = { ...manager, name: ancientName, subresource: "" };
  const bucketKey = managerKey(bucket);
  const present = managers.get(bucketKey) ?? managers.get(first);
  if (!managers.has(bucketKey)) managers.delete(first);
  managers.delete(key);
  const fields = present === undefined ? manager.fields : unionSets(present.fields, manager.fields);
  managers.set(bucketKey, { ...bucket, fields });
}

function tryReadManager(entry: JsonValue): Manager | undefined {
  if (!isJsonMap(entry)) return undefined;
  const operation = ownString(entry, "operation");
  const type = ownString(entry, "fieldsType") ?? "";
  if (operation !== "Apply" && operation !== "Update") return undefined;
  if (type !== "FieldsV1") return undefined;
  const fields = tryDecodeFields(ownValue(entry, "fieldsV1") ?? {});
  if (fields === undefined) return undefined;
  const name = ownString(entry, "manager") ?? "";
  return {
    name,
    operation,
    apiVersion: ownString(entry, "apiVersion") ?? "",
    subresource: ownString(entry, "subresource") ?? "",
    time: ownString(entry, "time"),
    fields,
  };
}

function writeManager(manager: Manager): JsonMap {
  const { name, operation, apiVersion, subresource, time, fields } = manager;
  return {
    manager: name,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: encodeFields(fields),
    ...(subresource !== "" && { subresource }),
  };
}

function compareManagers(one: Manager, other: Manager): number {
  return (
    compareText(one.operation, other.operation) ||
    secondsOf(one.time) - secondsOf(other.time) ||
    compareText(one.name, other.name) ||
    compareText(one.apiVersion, other.apiVersion) ||
    compareText(one.subresource, other.subresource)
  );
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function secondsOf(time: string | undefined): number {
  const milliseconds = time === undefined ? 0 : Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}
