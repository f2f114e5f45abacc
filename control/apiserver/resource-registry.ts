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
  /** The resource that is listed below the objects of another one, and the kind of those */
  readonly findBelow: (path: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly subresource: string;
  }) => { readonly resource: ServedResource; readonly kind: string } | undefined;
  /** The version in which a stored resource is stored */
  readonly findStorage: (storage: string) => ServedResource | undefined;
}

/** Joins resources; throws a TypeError when two share a path. */
export function createResourceRegistry(resources: readonly ServedResource[]): ResourceRegistry {
  const byPath = new Map<string, ServedResource>();
  const byKind = new Map<string, ServedResource>();
  const byStorage = new Map<string, ServedResource>();
  const below = new Map<string, { readonly resource: ServedResource; readonly kind: string }>();
  const groupVersions = new Map<string, { group: string; version: string }>();
  const all = [...resources].sort((a, b) => Number(a.group !== "") - Number(b.group !== ""));
  for (const resource of all) {
    const { group, version, plural, apiVersion, kind, storage } = resource;
    const path = `${group}/${version}/${plural}`;
    if (byPath.has(path))
      throw new TypeError(`Cannot register resource "${path}": it is there already`);
    byPath.set(path, resource);
    byKind.set(`${apiVersion}/${kind}`, resource);
    const isStored = resource.source === undefined && resource.toStore === undefined;
    if (isStored) byStorage.set(storage, resource);
    for (const parent of resource.source?.below ?? []) {
      below.set(`${group}/${version}/${parent.plural}/${plural}`, { resource, kind: parent.kind });
    }
    groupVersions.set(apiVersion, { group, version });
  }
  return {
    all,
    groupVersions: [...groupVersions.values()],
    find: (group, version, plural) => byPath.get(`${group}/${version}/${plural}`),
    findKind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
    findBelow: ({ group, version, plural, subresource }) =>
      below.get(`${group}/${version}/${plural}/${subresource}`),
    findStorage: (storage) => byStorage.get(storage),
  };
}
