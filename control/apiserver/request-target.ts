/**
 * What a request is about, read from method and URL alone: Kubernetes' paths and verbs
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/). Nothing is looked up here.
 */
import { badRequest } from "./status-error.ts";

/** What is done, in the words of authorization. */
export type RequestVerb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection";

/** A request about objects. */
export interface ResourceTarget {
  readonly kind: "resource";
  readonly verb: RequestVerb;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Empty for all namespaces, and for resources without */
  readonly namespace: string;
  /** Empty for a collection */
  readonly name: string;
  /** Empty for the object itself */
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/** A request about the server: discovery, health, schemas. */
export interface PathTarget {
  readonly kind: "path";
  readonly method: string;
  /** Without query and without a slash at its end */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Longest URL that is read; selectors are the longest part. */
const maxUrlLength = 16_384;

/** Reads method and URL. Throws a 400 for what no request looks like; whether anything is there is not asked. */
export function readTarget(method: string, url: string): ResourceTarget | PathTarget {
  if (url.length > maxUrlLength)
    throw badRequest(`URL of ${url.length} characters, at most ${maxUrlLength} are read`);
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  const parts = path.split("/").slice(1).map(decode);
  if (parts.at(-1) === "") parts.pop();
  const start = startOf(parts);
  if (start === undefined) return { kind: "path", method, path: `/${parts.join("/")}`, query };
  const place = placeOf(start.rest);
  if (place === undefined) return { kind: "path", method, path: `/${parts.join("/")}`, query };
  const verb = verbOf(method, place.name, query);
  return { kind: "resource", verb, group: start.group, version: start.version, ...place, query };
}

/** Whether a query parameter is set, as Kubernetes reads booleans: `1` and `true` in any case. */
export function isSet(query: URLSearchParams, name: string): boolean {
  return /^(?:1|t|true)$/i.test(query.get(name) ?? "");
}

function decode(part: string): string {
  try {
    const text = decodeURIComponent(part);
    if (/[/\0]/.test(text)) throw new RangeError("Slash or null in a segment");
    return text;
  } catch {
    throw badRequest("the path of the URL is malformed");
  }
}

function startOf(parts: readonly string[]) {
  const [first, second = "", third = ""] = parts;
  if (first === "api" && parts.length > 2)
    return { group: "", version: second, rest: parts.slice(2) };
  if (first === "apis" && parts.length > 3) {
    return { group: second, version: third, rest: parts.slice(3) };
  }
  return undefined;
}

function placeOf(rest: readonly string[]) {
  const [first = "", second = "", third = "", ...more] = rest;
  // `namespaces/NAME/status` is about the Namespace itself, any other third part is a resource in it.
  const isInside =
    first === "namespaces" && third !== "" && !["status", "finalize"].includes(third);
  if (isInside) {
    const [name = "", subresource = "", ...extra] = more;
    return extra.length > 0 ? undefined : { namespace: second, plural: third, name, subresource };
  }
  if (more.length > 0) return undefined;
  return { namespace: "", plural: first, name: second, subresource: third };
}

function verbOf(method: string, name: string, query: URLSearchParams): RequestVerb {
  switch (method) {
    case "GET":
    case "HEAD":
      if (isSet(query, "watch")) return "watch";
      return name === "" ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === "" ? "deletecollection" : "delete";
    default:
      throw badRequest(`the method ${JSON.stringify(method.slice(0, 20))} is not served`);
  }
}
