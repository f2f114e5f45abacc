/** What is below the objects of resources, whoever answers it: one list for discovery, OpenAPI and rules of access. */
import type { ConnectedResource } from "./api-context.ts";
import type { NamedResource } from "./authorizer.ts";
import type { ResourceRegistry } from "./resource-registry.ts";
import type { ServedResource } from "./served-resource.ts";

/** A path `…/PLURAL/NAME/SUBRESOURCE`. */
export interface Subresource {
  readonly group: string;
  readonly version: string;
  /** Of the resource above it, which need not be stored: `processes` */
  readonly plural: string;
  readonly subresource: string;
  /** Kind of what is sent or answered */
  readonly kind: string;
  readonly namespaced: boolean;
  /** In the words of authorization; a GET is `get` or `watch`, never `list` */
  readonly verbs: readonly string[];
  /** Names of query parameters, as far as they are known */
  readonly parameters: readonly string[];
}

/** Names of query parameters of lists and watches. */
export const collectionParameters: readonly string[] = [
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "watch",
];

/** All of a server: statuses, resources that are listed below others, and what other parts answer. */
export function subresourcesOf(content: {
  readonly resources: ResourceRegistry;
  readonly connected: readonly ConnectedResource[];
}): readonly Subresource[] {
  const { resources, connected } = content;
  return [
    ...resources.all.flatMap((resource) => (resource.hasStatus ? [statusOf(resource)] : [])),
    ...resources.all.flatMap(listsBelow),
    ...connected.flatMap((one) => (one.subresource === "" ? [] : [answered(one)])),
  ];
}

/** Whatever rules of access may name: resources, and what is below their objects. */
export function namedResources(
  content: Parameters<typeof subresourcesOf>[0],
): readonly NamedResource[] {
  const { resources, connected } = content;
  return [
    ...resources.all.map(({ group, plural }) => ({ group, plural })),
    ...connected.flatMap(({ group, plural, subresource, verbs }) =>
      subresource === "" ? [{ group, plural, verbs }] : [],
    ),
    ...subresourcesOf(content),
  ];
}

function statusOf({ group, version, plural, kind, namespaced, source }: ServedResource) {
  const verbs = source === undefined ? ["get", "patch", "update"] : ["get"];
  const place = { group, version, plural, subresource: "status" };
  return { ...place, kind, namespaced, verbs, parameters: [] };
}

function listsBelow({ group, version, plural, kind, source }: ServedResource): Subresource[] {
  return (source?.below ?? []).map((parent) => ({
    ...{ group, version, plural: parent.plural, subresource: plural, kind, namespaced: true },
    ...{ verbs: ["get", "watch"], parameters: collectionParameters },
  }));
}

function answered(one: ConnectedResource): Subresource {
  const { group, version, plural, subresource, kind, namespaced, verbs, parameters = [] } = one;
  return { group, version, plural, subresource, kind, namespaced, verbs, parameters };
}
