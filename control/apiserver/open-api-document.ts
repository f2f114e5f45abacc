/**
 * The OpenAPI v3 documents that kubectl needs to apply, explain and edit: one for each group and version, made of the
 * schemas of its kinds. Documents do not change while the server runs, so they are named by their hash.
 */
import { createHash } from "node:crypto";
import type { ConnectedResource, OpenApiDocuments } from "./api-context.ts";
import { groupVersions } from "./discovery.ts";
import type { DiscoveryContent } from "./discovery.ts";
import { isKubernetesKind } from "./served-resource.ts";
import type { ServedResource } from "./served-resource.ts";
import { collectionParameters, subresourcesOf } from "./subresources.ts";
import type { Subresource } from "./subresources.ts";

/** Makes the documents when they are first asked for: they take memory that most servers never need. */
export function createOpenApiDocuments(
  content: Omit<DiscoveryContent, "reviews">,
  version: string,
): OpenApiDocuments {
  let made: { index: string; documents: ReadonlyMap<string, string> } | undefined;
  const make = () => {
    const documents = new Map<string, string>();
    const paths: Record<string, object> = {};
    for (const place of groupVersions({ ...content, reviews: [] })) {
      const { group, version: groupVersion } = place;
      const path = group === "" ? `api/${groupVersion}` : `apis/${group}/${groupVersion}`;
      const isHere = (one: typeof place) => one.group === group && one.version === groupVersion;
      const text = JSON.stringify(
        documentOf({
          version,
          resources: content.resources.all.filter(isHere),
          collections: content.connected.filter((one) => isHere(one) && one.subresource === ""),
          // Statuses are told with their resource, whose kind they have.
          below: subresourcesOf(content).filter(
            (one) => isHere(one) && one.subresource !== "status",
          ),
        }),
      );
      documents.set(path, text);
      const hash = createHash("sha256").update(text).digest("hex").toUpperCase();
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return { index: JSON.stringify({ paths }), documents };
  };
  return {
    get index() {
      made ??= make();
      return made.index;
    },
    find(path) {
      made ??= make();
      return made.documents.get(path);
    },
  };
}

function documentOf(parts: {
  readonly version: string;
  readonly resources: readonly ServedResource[];
  readonly collections: readonly ConnectedResource[];
  readonly below: readonly Subresource[];
}): object {
  const { version, resources, collections, below } = parts;
  return {
    openapi: "3.0.0",
    info: { title: "CLRK", version },
    paths: Object.assign(
      {},
      ...resources.map(pathsOf),
      ...collections.map(collectionPath),
      ...below.map(subresourcePath),
    ),
    components: {
      schemas: {
        [metaRef]: objectMetaSchema,
        ...Object.fromEntries(resources.map((one) => [nameOf(one), schemaOf(one)])),
      },
    },
  };
}

const metaRef = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** What `kubectl explain KIND.metadata` shows. */
const objectMetaSchema = {
  type: "object",
  description: "Names the object, and what the server knows of it",
  properties: {
    name: { type: "string", description: "Unique among its kind in the namespace" },
    generateName: { type: "string", description: "Beginning of a name that the server completes" },
    namespace: { type: "string", description: "Namespace of the object" },
    labels: stringMap("Labels, for selectors"),
    annotations: stringMap("Annotations, for tools and people"),
    uid: { type: "string", description: "Identity over all time, set by the server" },
    resourceVersion: { type: "string", description: "Opaque version, set by the server" },
    generation: {
      type: "integer",
      format: "int64",
      description: "Counts changes of what is desired",
    },
    creationTimestamp: { type: "string", format: "date-time", description: "When it was created" },
    deletionTimestamp: {
      type: "string",
      format: "date-time",
      description: "When it was deleted, while it waits for finalizers",
    },
    deletionGracePeriodSeconds: {
      type: "integer",
      format: "int64",
      description: "Not used by the kinds of this server",
    },
    finalizers: {
      type: "array",
      description: "Who must be done before it is gone",
      items: { type: "string", default: "" },
      "x-kubernetes-list-type": "set",
    },
    ownerReferences: {
      type: "array",
      description: "Objects with which it goes",
      items: {
        type: "object",
        required: ["apiVersion", "kind", "name", "uid"],
        properties: {
          apiVersion: { type: "string" },
          kind: { type: "string" },
          name: { type: "string" },
          uid: { type: "string" },
          controller: { type: "boolean" },
          blockOwnerDeletion: { type: "boolean" },
        },
        "x-kubernetes-map-type": "atomic",
      },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
    },
    managedFields: {
      type: "array",
      description: "Who owns which field; kept by the server",
      items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  },
};

function stringMap(description: string): object {
  return { type: "object", description, additionalProperties: { type: "string", default: "" } };
}

function nameOf({ group, version, kind }: ServedResource): string {
  return group === ""
    ? `io.k8s.api.core.${version}.${kind}`
    : `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

function kindOf({ group, version, kind }: ServedResource) {
  return { group, version, kind };
}

function schemaOf(resource: ServedResource): object {
  const schema = resource.schema();
  const properties = "properties" in schema ? schema.properties : {};
  const metadata = { allOf: [{ $ref: `#/components/schemas/${metaRef}` }], default: {} };
  return {
    ...schema,
    properties: Object.assign({}, properties, { metadata }),
    "x-kubernetes-group-version-kind": [kindOf(resource)],
  };
}

/** kubectl looks here for what a server can do: `fieldValidation` and `dryRun` are found by the kind's extension. */
function pathsOf(resource: ServedResource): Record<string, object> {
  const { group, version, namespaced, plural, hasStatus } = resource;
  const root = rootOf({ group, version });
  const collection = `${root}/${namespaced ? "namespaces/{namespace}/" : ""}${plural}`;
  const item = `${collection}/{name}`;
  const place = namespaced ? [parameter("namespace", "path")] : [];
  const named = [...place, parameter("name", "path")];
  return {
    [collection]: {
      parameters: place,
      get: operation(resource, "list"),
      ...(resource.source === undefined && {
        post: operation(resource, "post"),
        delete: operation(resource, "deletecollection"),
      }),
    },
    [item]: itemPath(resource, named),
    ...(hasStatus && { [`${item}/status`]: statusPath(resource, named) }),
    ...(namespaced && { [`${root}/${plural}`]: { get: operation(resource, "list") } }),
  };
}

function itemPath(resource: ServedResource, parameters: readonly object[]): object {
  return {
    parameters,
    get: operation(resource, "get"),
    ...(resource.source === undefined && writeOperations(resource)),
  };
}

function statusPath(resource: ServedResource, parameters: readonly object[]): object {
  const { source } = resource;
  return {
    parameters,
    get: operation(resource, "get"),
    ...(source === undefined && {
      put: operation(resource, "put"),
      patch: operation(resource, "patch"),
    }),
  };
}

function rootOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** A path that another part answers, with or without a name behind it. */
function collectionPath(one: ConnectedResource): Record<string, object> {
  const { plural, namespaced, verbs, parameters: query = [] } = one;
  const hasName = !verbs.includes("list");
  const within = namespaced ? "namespaces/{namespace}/" : "";
  const path = `${rootOf(one)}/${within}${plural}${hasName ? "/{name}" : ""}`;
  const names = [...(namespaced ? ["namespace"] : []), ...(hasName ? ["name"] : [])];
  return { [path]: answeredPath(names, one, query) };
}

function subresourcePath(one: Subresource): Record<string, object> {
  const { plural, subresource, namespaced, parameters: query } = one;
  const within = namespaced ? "namespaces/{namespace}/" : "";
  const path = `${rootOf(one)}/${within}${plural}/{name}/${subresource}`;
  const names = [...(namespaced ? ["namespace"] : []), "name"];
  return { [path]: answeredPath(names, one, query) };
}

/** What is answered has forms of its own, so no schema is promised. */
function answeredPath(
  names: readonly string[],
  { group, version, kind, verbs }: Pick<Subresource, "group" | "version" | "kind" | "verbs">,
  query: readonly string[],
): object {
  const told = (action: string) => ({
    parameters: query.map((name) => parameter(name, "query")),
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
  });
  const [readVerb] = ["get", "list", "watch"].filter((verb) => verbs.includes(verb));
  return {
    parameters: names.map((name) => parameter(name, "path")),
    ...(readVerb !== undefined && { get: told(readVerb) }),
    ...(verbs.includes("create") && { post: told("connect") }),
  };
}

function writeOperations(resource: ServedResource): object {
  return {
    put: operation(resource, "put"),
    patch: operation(resource, "patch"),
    delete: operation(resource, "delete"),
  };
}

const writeParameters = ["dryRun", "fieldManager", "fieldValidation"];
const parametersOf: Readonly<Record<string, readonly string[]>> = {
  post: writeParameters,
  put: writeParameters,
  patch: [...writeParameters, "force"],
  delete: ["dryRun", "propagationPolicy"],
  deletecollection: ["dryRun", "fieldSelector", "labelSelector", "propagationPolicy"],
  list: collectionParameters,
  get: [],
};

function operation(resource: ServedResource, action: string): object {
  const schema = { $ref: `#/components/schemas/${nameOf(resource)}` };
  const content = { "application/json": { schema }, "application/yaml": { schema } };
  const names = parametersOf[action] ?? [];
  const body = bodyOf(action, schema, isKubernetesKind(resource));
  return {
    parameters: names.map((name) => parameter(name, "query")),
    ...(body !== undefined && { requestBody: { content: body } }),
    responses: { "200": { description: "OK", content } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kindOf(resource),
  };
}

function bodyOf(action: string, schema: object, isCore: boolean): object | undefined {
  if (action === "post" || action === "put") return { "application/json": { schema } };
  if (action !== "patch") return undefined;
  const any = { schema: { type: "object" } };
  return {
    ...(isCore && { "application/strategic-merge-patch+json": any }),
    "application/apply-patch+yaml": any,
    "application/json-patch+json": { schema: { type: "array" } },
    "application/merge-patch+json": any,
  };
}

function parameter(name: string, place: "path" | "query"): object {
  return {
    name,
    in: place,
    ...(place === "path" && { required: true }),
    schema: { type: "string" },
  };
}
