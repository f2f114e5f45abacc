/** What an API server serves, asked by discovery, and the kind that a person means by a name. */
import { findSuggestion } from "../../crds/suggestion.ts";
import { encodePath } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { unreadableOf } from "./api-error.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { mapOf, mapsOf, textOf, textsOf } from "./json-parts.ts";

/** One kind that objects can be of. */
export interface ApiResource {
  /** Empty for Kubernetes' core group */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in paths */
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

const aggregated =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

/** The kinds of objects, those of our group first, then Kubernetes' own. Throws an `ApiError`. */
export async function discoverResources(client: ApiClient): Promise<readonly ApiResource[]> {
  const answers = await Promise.all(
    ["/apis", "/api"].map((path) => client.request({ path, accept: aggregated })),
  );
  const groups = answers.flatMap(({ body }) => {
    if (textOf(mapOf(body)["kind"]) === "APIGroupDiscoveryList")
      return mapsOf(mapOf(body)["items"]);
    throw unreadableOf(
      "it has no aggregated discovery, which Kubernetes has from 1.30",
      client.target,
    );
  });
  const resources = groups.flatMap(readGroup).filter(isOfObjects);
  return resources.toSorted((left, right) => rank(left) - rank(right));
}

/** What can be listed and not got by name are sums and series, which have no objects. */
function isOfObjects({ verbs }: ApiResource): boolean {
  return verbs.includes("list") && verbs.includes("get");
}

function rank({ group }: ApiResource): number {
  if (group.endsWith("clrk.apoxy.dev")) return 0;
  return group === "" ? 1 : 2;
}

function readGroup(item: Readonly<Record<string, unknown>>): ApiResource[] {
  const group = textOf(mapOf(item["metadata"])["name"]);
  // The first is the preferred one; older ones have the same objects.
  const [preferred] = mapsOf(item["versions"]);
  if (preferred === undefined) return [];
  const version = textOf(preferred["version"]);
  return mapsOf(preferred["resources"]).map((resource) => ({
    group,
    version,
    kind: textOf(mapOf(resource["responseKind"])["kind"]),
    plural: textOf(resource["resource"]),
    singular: textOf(resource["singularResource"]),
    shortNames: textsOf(resource["shortNames"]),
    categories: textsOf(resource["categories"]),
    namespaced: textOf(resource["scope"]) === "Namespaced",
    verbs: textsOf(resource["verbs"]),
  }));
}

/** `egressgateways.clrk.apoxy.dev`, or only the plural for the core group. */
export function formatResource({ group, plural }: Pick<ApiResource, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** `egressgateway.clrk.apoxy.dev/default`, as kubectl names an object; control characters escaped. */
export function formatObjectName(resource: ApiResource, name: string): string {
  const { group, singular, kind } = resource;
  const one = singular || kind.toLowerCase();
  return escapeControls(`${group === "" ? one : `${one}.${group}`}/${name}`);
}

/** Path of one object or, without a name, of all of a namespace or, without that too, of all. */
export function pathOf(
  { group, version, plural, namespaced }: ApiResource,
  place: { readonly namespace?: string; readonly name?: string } = {},
): string {
  const root = group === "" ? ["api", version] : ["apis", group, version];
  const { namespace = "", name = "" } = place;
  const within = namespaced && namespace !== "" ? ["namespaces", namespace] : [];
  return encodePath(...root, ...within, plural, name);
}

/** The kind of that plural, singular, kind or short name in any case, with or without its group after a point. */
export function findResource(
  resources: readonly ApiResource[],
  word: string,
): ApiResource | undefined {
  const wanted = word.toLowerCase();
  return resources.find((resource) =>
    namesOf(resource).some(
      (name) =>
        name === wanted || (resource.group !== "" && `${name}.${resource.group}` === wanted),
    ),
  );
}

/** As `findResource`; throws a `CliError` with the nearest name when there is none. `verb` begins the sentence. */
export function getResource(
  resources: readonly ApiResource[],
  word: string,
  verb: string,
): ApiResource {
  const found = findResource(resources, word);
  if (found !== undefined) return found;
  const guess = findSuggestion(word, resources.flatMap(namesOf));
  const hint = guess === undefined ? "" : `; did you mean "${guess}"?`;
  throw new CliError(
    `Cannot ${verb} "${escapeControls(word)}": there is no such kind${hint}\nSee all kinds: clrk get`,
  );
}

function namesOf({ kind, plural, singular, shortNames }: ApiResource): string[] {
  const names = [plural, singular, kind.toLowerCase(), ...shortNames];
  return names.filter((name) => name !== "");
}
