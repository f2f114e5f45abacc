/**
 * What the server tells of its groups and resources: the aggregated form that clients ask for first, and the old one
 * (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api).
 */
import type { ConnectedResource } from "./api-context.ts";
import type { ResourceRegistry } from "./resource-registry.ts";
import type { ServedResource } from "./served-resource.ts";
import { verbsOf } from "./served-resource.ts";
import { subresourcesOf } from "./subresources.ts";
import type { Subresource } from "./subresources.ts";

/** A resource that is not stored: a review, which is answered and forgotten. */
export interface ReviewResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
}

/** What discovery is about. */
export interface DiscoveryContent {
  readonly resources: ResourceRegistry;
  readonly reviews: readonly ReviewResource[];
  readonly connected: readonly ConnectedResource[];
}

/** Media type of the aggregated form, which the answer must carry whole. */
export const aggregatedMediaType =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Whether the caller reads the aggregated form. */
export function wantsAggregated(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((item) => {
    const text = item.replace(/\s/g, "").toLowerCase();
    return (
      text.startsWith("application/json;") &&
      text.includes("g=apidiscovery.k8s.io") &&
      /;v=v2(?:;|$)/.test(text)
    );
  });
}

/** The aggregated document for `/api` (the core group) or `/apis` (the others). */
export function aggregatedDiscovery(content: DiscoveryContent, path: "/api" | "/apis"): object {
  const versions = groupVersions(content).filter(
    ({ group }) => (group === "") === (path === "/api"),
  );
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: versions.map(({ group, version }) => ({
      metadata: { ...(group !== "" && { name: group }), creationTimestamp: null },
      versions: [
        {
          version,
          resources: [
            ...storedOf(content, group, version).map((resource) =>
              aggregatedResource(resource, belowOf(content, resource)),
            ),
            ...unstoredOf(content, group, version),
            ...reviewsOf(content, group, version).map(aggregatedReview),
          ],
          freshness: "Current",
        },
      ],
    })),
  };
}

/** The old document for `/api`. */
export function legacyVersions(serverAddress: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** The old document for `/apis`. */
export function legacyGroups(content: DiscoveryContent): object {
  const groups = groupVersions(content).filter(({ group }) => group !== "");
  return {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: groups.map(({ group, version }) => legacyGroup(group, version)),
  };
}

/** The old document for `/apis/GROUP`; undefined for a group that is not served. */
export function legacyGroupOf(content: DiscoveryContent, name: string): object | undefined {
  const found = groupVersions(content).find(({ group }) => group === name && group !== "");
  if (found === undefined) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...legacyGroup(found.group, found.version) };
}

/** The old document for `/api/v1` or `/apis/GROUP/VERSION`; undefined where nothing is served. */
export function legacyResources(
  content: DiscoveryContent,
  group: string,
  version: string,
): object | undefined {
  const stored = storedOf(content, group, version).map(legacyResource);
  const reviews = reviewsOf(content, group, version).map(({ plural, kind }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ["create"],
  }));
  const connected = collectionsOf(content, group, version).map(legacyConnected);
  const below = subresourcesIn(content, group, version).map(legacySubresource);
  const resources = [...stored, ...connected, ...below].toSorted((one, two) =>
    one.name < two.name ? -1 : 1,
  );
  if (resources.length + reviews.length === 0) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: [...resources, ...reviews],
  };
}

/** All groups and versions, those of reviews at the end. */
export function groupVersions({ resources, reviews, connected }: DiscoveryContent) {
  const all = new Map<string, { readonly group: string; readonly version: string }>();
  for (const { group, version } of [...resources.groupVersions, ...connected, ...reviews]) {
    all.set(`${group}/${version}`, { group, version });
  }
  return [...all.values()];
}

function storedOf({ resources }: DiscoveryContent, group: string, version: string) {
  return resources.all.filter((one) => one.group === group && one.version === version);
}

function reviewsOf({ reviews }: DiscoveryContent, group: string, version: string) {
  return reviews.filter((one) => one.group === group && one.version === version);
}

/** What other parts answer at a path without anything below a name. */
function collectionsOf({ connected }: DiscoveryContent, group: string, version: string) {
  return connected.filter(
    (one) => one.group === group && one.version === version && one.subresource === "",
  );
}

function subresourcesIn(content: DiscoveryContent, group: string, version: string) {
  return subresourcesOf(content).filter((one) => one.group === group && one.version === version);
}

/** What is below the objects of a resource. */
function belowOf(content: DiscoveryContent, { group, version, plural }: ServedResource): object[] {
  return subresourcesIn(content, group, version)
    .filter((one) => one.plural === plural)
    .map(aggregatedSubresource);
}

/** Paths whose resource is not stored, each with what is below it. */
function unstoredOf(content: DiscoveryContent, group: string, version: string): object[] {
  const isUnstored = ({ plural }: { readonly plural: string }) =>
    content.resources.find(group, version, plural) === undefined;
  const own = collectionsOf(content, group, version).filter(isUnstored);
  const below = subresourcesIn(content, group, version).filter(isUnstored);
  const all = Map.groupBy([...own, ...below], ({ plural }) => plural);
  return [...all].map(([plural, members]) => {
    const collection = own.find((one) => one.plural === plural);
    const subresources = below.filter((one) => one.plural === plural);
    return {
      resource: plural,
      ...(collection && { responseKind: { group, version, kind: collection.kind } }),
      scope: members[0]?.namespaced === false ? "Cluster" : "Namespaced",
      singularResource: "",
      verbs: collection?.verbs ?? [],
      ...(subresources.length > 0 && { subresources: subresources.map(aggregatedSubresource) }),
    };
  });
}

function aggregatedSubresource({ group, version, kind, subresource, verbs }: Subresource) {
  return { subresource, responseKind: { group, version, kind }, verbs };
}

function legacySubresource({ plural, subresource, kind, namespaced, verbs }: Subresource) {
  return { name: `${plural}/${subresource}`, singularName: "", namespaced, kind, verbs };
}

function legacyConnected({ plural, kind, namespaced, verbs }: ConnectedResource) {
  return { name: plural, singularName: "", namespaced, kind, verbs };
}

function legacyGroup(group: string, version: string) {
  const preferredVersion = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [preferredVersion], preferredVersion };
}

function aggregatedResource(resource: ServedResource, subresources: readonly object[]): object {
  const { plural, singular, kind, group, version, namespaced, shortNames, categories } = resource;
  const responseKind = { group, version, kind };
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}

function aggregatedReview({ group, version, kind, plural }: ReviewResource): object {
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: "Cluster",
    singularResource: kind.toLowerCase(),
    verbs: ["create"],
  };
}

function legacyResource(resource: ServedResource) {
  const { plural, singular, kind, namespaced, shortNames, categories } = resource;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(resource),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
}
