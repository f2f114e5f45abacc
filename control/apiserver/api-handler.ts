/** From a request to its answer: who asks, whether it may, what it is about, which handler. Every path ends in an answer. */
import type { ApiAnswer, ApiContext, ApiRequest, ObjectRequest } from "./api-context.ts";
import { answerReview, reviewResources } from "./access-review.ts";
import { refuseAccess } from "./authorizer.ts";
import { answerConnected, findConnected } from "./connected-handler.ts";
import type { DiscoveryContent } from "./discovery.ts";
import {
  aggregatedDiscovery,
  aggregatedMediaType,
  legacyGroupOf,
  legacyGroups,
  legacyResources,
  legacyVersions,
  wantsAggregated,
} from "./discovery.ts";
import { getObject, listObjects, watchObjects } from "./read-handler.ts";
import { readQuestion } from "./request-body.ts";
import type { PathTarget, ResourceTarget } from "./request-target.ts";
import type { ResourceSource, ServedResource } from "./served-resource.ts";
import { answerSource } from "./source-handler.ts";
import { forbidden, methodNotAllowed, noSuchResource } from "./status-error.ts";
import {
  createObject,
  deleteCollection,
  deleteObject,
  patchObjectAt,
  updateObject,
} from "./write-handler.ts";

/** Answers a request of a known caller; undefined when a watch has taken the response over. Throws a StatusError. */
export async function answerRequest(
  context: ApiContext,
  call: ApiRequest,
  target: ResourceTarget | PathTarget,
): Promise<ApiAnswer | undefined> {
  if (target.kind === "path") return answerPath(context, call, target);
  const review = reviewResources.find(
    ({ group, version, plural }) =>
      group === target.group && version === target.version && plural === target.plural,
  );
  if (review !== undefined) {
    if (target.verb !== "create" || target.name !== "") throw methodNotAllowed();
    const { request, user } = call;
    const body = await readQuestion(request, review.kind);
    const { authorizer, pages } = context;
    const answer = answerReview(review, body, { user, authorizer, pages });
    return json(answer, 201);
  }
  return answerObjects(context, call, target);
}

/** `/version`, in the shape that kubectl expects; open to everybody. */
export function versionDocument(version: string): object {
  return {
    major: "1",
    minor: "36",
    gitVersion: `v1.36.0+clrk-${version}`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}

async function answerObjects(
  context: ApiContext,
  call: ApiRequest,
  found: ResourceTarget,
): Promise<ApiAnswer | undefined> {
  const resource = context.resources.find(found.group, found.version, found.plural);
  // A Namespace is named where other resources have their namespace.
  const target = resource?.namespaced === false ? { ...found, namespace: "" } : found;
  if (!context.authorizer.allows(call.user, target)) throw refuseAccess(call.user, target);
  const connected = findConnected(context.connected, target);
  if (connected !== undefined) return answerConnected(context, connected, { ...call, target });
  const below = context.resources.findBelow(target);
  if (below !== undefined) return answerBelow(context, { ...call, target, ...below });
  if (resource === undefined) throw noSuchResource();
  const { subresource } = target;
  const isStatus = subresource === "status" && resource.hasStatus;
  if (subresource !== "" && !isStatus) throw noSuchResource();
  if (isStatus && !["get", "update", "patch"].includes(target.verb)) throw methodNotAllowed();
  if (resource.namespaced && target.name !== "" && target.namespace === "") throw noSuchResource();
  if (hasSource(resource)) return answerSource(context, { ...call, target, resource });
  const request: ObjectRequest = { ...call, target, resource };
  switch (target.verb) {
    case "get":
      return getObject(context, request);
    case "list":
      return listObjects(context, request);
    case "watch":
      await watchObjects(context, request);
      return undefined;
    case "create":
      if (resource.namespaced && target.namespace === "") throw methodNotAllowed();
      return createObject(context, request);
    case "update":
      return updateObject(context, request);
    case "patch":
      return patchObjectAt(context, request);
    case "delete":
      return deleteObject(context, request);
    case "deletecollection":
      return deleteCollection(context, request);
  }
}

/** A resource that is listed below an object of another one, which is where its path has a name. */
function answerBelow(
  context: ApiContext,
  facts: ApiRequest & {
    readonly target: ResourceTarget;
    readonly resource: ServedResource;
    readonly kind: string;
  },
): Promise<ApiAnswer | undefined> {
  const { target, resource, kind, ...call } = facts;
  const { verb, namespace, name } = target;
  if (!hasSource(resource) || namespace === "" || name === "") throw noSuchResource();
  const collection: ResourceTarget = {
    ...target,
    verb: verb === "get" ? "list" : verb,
    plural: resource.plural,
    name: "",
    subresource: "",
  };
  return answerSource(context, { ...call, target: collection, resource, owner: { kind, name } });
}

function hasSource(
  resource: ServedResource,
): resource is ServedResource & { readonly source: ResourceSource } {
  return resource.source !== undefined;
}

async function answerPath(
  context: ApiContext,
  call: ApiRequest,
  target: PathTarget,
): Promise<ApiAnswer> {
  if (target.method !== "GET" && target.method !== "HEAD") throw methodNotAllowed();
  const { request } = call;
  const content = contentOf(context);
  const { path } = target;
  const page = context.pages.find((one) => one.path === path);
  if (page !== undefined) return page.answer(request, context.figures);
  switch (path) {
    case "/":
      return json({ paths: rootPaths(context) });
    case "/api":
    case "/apis": {
      if (wantsAggregated(request.headers.accept)) {
        const body = JSON.stringify(aggregatedDiscovery(content, path));
        return { status: 200, body, contentType: aggregatedMediaType };
      }
      return json(
        path === "/api" ? legacyVersions(request.headers.host ?? "") : legacyGroups(content),
      );
    }
    case "/openapi/v3":
      return { status: 200, body: context.documents.index };
    default:
      return answerDeepPath(context, path);
  }
}

function rootPaths({ pages }: ApiContext): readonly string[] {
  const known = ["/api", "/apis", "/livez", "/openapi/v3", "/readyz", "/version"];
  return [...known, ...pages.map(({ path }) => path)].toSorted();
}

function answerDeepPath(context: ApiContext, path: string): ApiAnswer {
  const content = contentOf(context);
  const document = /^\/openapi\/v3\/(.+)$/.exec(path)?.[1];
  if (document !== undefined) {
    const body = context.documents.find(document);
    if (body !== undefined) return { status: 200, body };
    throw noSuchResource();
  }
  const [, root, group = "", version = "", ...rest] = path.split("/");
  if (rest.length > 0) throw noSuchResource();
  const core = root === "api" && version === "" ? legacyResources(content, "", group) : undefined;
  const named = root === "apis" ? ofGroup(content, group, version) : undefined;
  const found = core ?? named;
  if (found === undefined) throw noSuchResource();
  return json(found);
}

function contentOf({ resources, connected }: ApiContext): DiscoveryContent {
  return { resources, connected, reviews: reviewResources };
}

function ofGroup(content: Parameters<typeof legacyGroupOf>[0], group: string, version: string) {
  return version === "" ? legacyGroupOf(content, group) : legacyResources(content, group, version);
}

/** The refusal of a request whose `Host` names another site: a page of it may hold this server's address (DNS rebinding). */
export function refuseHost(host: string | undefined) {
  return forbidden(
    { group: "", plural: "requests" },
    "",
    `the host ${JSON.stringify((host ?? "").slice(0, 100))} is not this server: wanted 127.0.0.1, localhost or [::1] with its port`,
  );
}

function json(value: object, status = 200): ApiAnswer {
  return { status, body: JSON.stringify(value) };
}
