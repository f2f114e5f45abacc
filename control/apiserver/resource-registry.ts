/** All resources that the server has, by the names in which paths, objects and people name them. */
import type { ServedResource } from "./served-resource.ts";

/** The resources of a server. */
export interface ResourceRegistry {
  readonly all: readonly ServedResource[];
  /** Groups and versions in the order of the resources, the core group first */
  readonly groupVersions: readonly { readonly group: string; readonly version: string }[];
  /** The resource at a path */
  readonly find: (group: string, version: string, plural: string) => ServedResource | undefined;
  /** The resource of objects that say so of themselves */
  readonly findKind: (apiVersion: string, kind: string) => ServedResource | undefined;
  /** The version in which a stored resource is stored */
  readonly findStorage: (storage: string) => ServedResource | undefined;
}

/** Joins resources; throws a TypeError when two share a path. */
export function createResourceRegistry(resources: readonly ServedResource[]): ResourceRegistry {
  const byPath = new Map<string, ServedResource>();
  const byKind = new Map<string, ServedResource>();
  const byStorage = new Map<string, ServedResource>();
  const groupVersions = new Map<string, { group: string; version: string }>();
  const all = [...resources].sort((a, b) => Number(a.group !== "") - Number(b.group !== ""));
  for (const resource of all) {
    const { group, version, plural, apiVersion, kind, storage } = resource;
    const path = `${group}/${version}/${plural}`;
    if (byPath.has(path))
      throw new TypeError(`Cannot register resource "${path}": it is there already`);
    byPath.set(path, resource);
    byKind.set(`${apiVersion}/${kind}`, resource);
    if (resource.toStore === undefined) byStorage.set(storage, resource);
    groupVersions.set(apiVersion, { group, version });
  }
  return {
    all,
    groupVersions: [...groupVersions.values()],
    find: (group, version, plural) => byPath.get(`${group}/${version}/${plural}`),
    findKind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
    findStorage: (storage) => byStorage.get(storage),
  };
}
