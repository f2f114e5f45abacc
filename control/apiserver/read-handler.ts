/** GET: one object, a page of a list, or a watch. */
import type { ApiAnswer, ApiContext, ObjectRequest } from "./api-context.ts";
import type { KubeObject } from "./kube-object.ts";
import { readPage, readRevision, readSelection } from "./list-request.ts";
import type { Selection } from "./list-request.ts";
import { keyOf } from "./object-writer.ts";
import { choosePresentation, presentList, presentObject } from "./presentation.ts";
import { fromStore } from "./served-resource.ts";
import { notFound, revisionTooLarge } from "./status-error.ts";
import { readWatch } from "./watch-request.ts";

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
  const selected = readSelection(resource, target.namespace, query);
  const selection: Selection = target.name === "" ? selected : { ...selected, name: target.name };
  const asked = readWatch(request.headers.accept, query, context.store.revision);
  await context.watches.start({ selection, ...asked }, response);
}
