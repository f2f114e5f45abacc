/** GET: one object, a page of a list, or a watch. */
import type { ApiAnswer, ApiContext, ObjectRequest } from "./api-context.ts";
import type { KubeObject } from "./kube-object.ts";
import { readPage, readRevision, readSelection } from "./list-request.ts";
import type { Selection } from "./list-request.ts";
import { keyOf } from "./object-writer.ts";
import { choosePresentation, presentList, presentObject } from "./presentation.ts";
import { isSet } from "./request-target.ts";
import { fromStore } from "./served-resource.ts";
import { badRequest, notFound, revisionTooLarge } from "./status-error.ts";

/** A watch that says no time ends after 30 to 60 minutes, as in Kubernetes: clients come back spread over time. */
const shortestTimeoutMs = 1_800_000;

const longestTimeoutSeconds = 86_400;

/** Answers `get`. */
export function getObject(
  context: ApiContext,
  { request, target, resource }: ObjectRequest,
): ApiAnswer {
  const presentation = choosePresentation(request.headers.accept, target.query);
  const wanted = readRevision(target.query.get("resourceVersion"));
  const { revision } = context.store;
  if (wanted !== undefined && wanted > revision) throw revisionTooLarge(wanted, revision);
  const state = context.store.reader.find(keyOf(resource, target));
  if (state === undefined) throw notFound(resource, target.name);
  const object: KubeObject = fromStore(resource, JSON.parse(state.text));
  const nowMs = context.clock.now();
  const own = resource.fromStore === undefined ? { text: state.text } : {};
  const body = presentObject(presentation, resource, { object, nowMs, ...own });
  return { status: 200, body, encoding: presentation.encoding };
}

/** Answers `list`. */
export function listObjects(
  context: ApiContext,
  { request, target, resource }: ObjectRequest,
): ApiAnswer {
  const presentation = choosePresentation(request.headers.accept, target.query);
  const selection = readSelection(resource, target.namespace, target.query);
  const page = readPage(context.store, selection, target.query);
  const body = presentList(presentation, resource, { ...page, nowMs: context.clock.now() });
  return { status: 200, body, encoding: presentation.encoding };
}

/** Starts a `watch`, which answers by itself from then on. */
export async function watchObjects(
  context: ApiContext,
  { request, response, target, resource }: ObjectRequest,
): Promise<void> {
  const { query } = target;
  const presentation = choosePresentation(request.headers.accept, query);
  if (presentation.encoding !== "json") throw badRequest("a watch is sent as JSON only");
  const selected = readSelection(resource, target.namespace, query);
  const selection: Selection = target.name === "" ? selected : { ...selected, name: target.name };
  const start = readStart(context, query);
  response.statusCode = 200;
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Cache-Control", "no-cache, private");
  const wantsBookmarks = isSet(query, "allowWatchBookmarks");
  const timeoutMs = readTimeoutMs(query);
  await context.watches.start(
    { selection, presentation, wantsBookmarks, timeoutMs, ...start },
    response,
  );
}

/** Without a version, or with 0, a watch begins with what is there; `sendInitialEvents` asks for that in any case. */
function readStart(context: ApiContext, query: URLSearchParams) {
  const wanted = readRevision(query.get("resourceVersion"));
  const { revision } = context.store;
  if (wanted !== undefined && wanted > revision) throw revisionTooLarge(wanted, revision);
  const sends = query.get("sendInitialEvents");
  if (sends !== null) {
    if (query.get("resourceVersionMatch") !== "NotOlderThan") {
      throw badRequest('sendInitialEvents needs resourceVersionMatch "NotOlderThan"');
    }
    if (isSet(query, "sendInitialEvents")) {
      return { marksInitialEvents: isSet(query, "allowWatchBookmarks") };
    }
    return {
      marksInitialEvents: false,
      after: wanted === undefined || wanted === 0 ? revision : wanted,
    };
  }
  const isFromNow = wanted === undefined || wanted === 0;
  return { marksInitialEvents: false, ...(!isFromNow && { after: wanted }) };
}

function readTimeoutMs(query: URLSearchParams): number {
  const text = query.get("timeoutSeconds");
  if (text === null || text === "" || text === "0") {
    return shortestTimeoutMs * (1 + Math.random());
  }
  if (!/^\d{1,9}$/.test(text))
    throw badRequest(`timeoutSeconds "${text.slice(0, 40)}" is no whole number`);
  return Math.min(Number(text), longestTimeoutSeconds) * 1_000;
}
