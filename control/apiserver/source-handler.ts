/** GET of objects that a source has: one, a page of a list, or a watch. Nothing of them can be written. */
import { setImmediate } from "node:timers/promises";
import { monotonicMs } from "../../gateway/clock.ts";
import type { Clock } from "../../gateway/clock.ts";
import type { ApiAnswer, ApiContext, ApiRequest } from "./api-context.ts";
import type { TurnBounds } from "./fair-turns.ts";
import type { KubeObject } from "./kube-object.ts";
import {
  expiredContinue,
  maxAnswerBytes,
  readContinue,
  readExactRevision,
  readLimit,
  readRevision,
  readSelection,
} from "./list-request.ts";
import type { ObjectSource, SourceOwner, SourceSelection } from "./object-source.ts";
import { choosePresentation, presentList, presentObject } from "./presentation.ts";
import type { ListFacts } from "./presentation.ts";
import type { ResourceTarget } from "./request-target.ts";
import type { ResourceSource, ServedResource } from "./served-resource.ts";
import {
  badRequest,
  expired,
  methodNotAllowed,
  notFound,
  revisionTooLarge,
  tooLarge,
} from "./status-error.ts";
import { readWatch } from "./watch-request.ts";

/** One request for objects that a source has. */
export interface SourceRequest extends ApiRequest {
  readonly target: ResourceTarget;
  readonly resource: ServedResource & { readonly source: ResourceSource };
  /** Only objects of this one; absent: of all */
  readonly owner?: SourceOwner;
}

/** Objects that are read before others may be served. */
const chunkSize = 100;

/** What one answer holds and takes at most, whatever is asked for; a token tells where the next goes on. */
const mostItems = 2_000;
const mostBytes = 16 * 1024 ** 2;
const mostMs = 1_000;

/** Lists that run and wait, in all and of one caller. */
export const sourceListBounds: TurnBounds = {
  what: "lists",
  ...{ running: 4, runningOfOne: 2, waiting: 128, waitingOfOne: 32 },
};

/** Answers it; undefined when a watch has taken the response over. Throws a StatusError, 405 for whatever writes. */
export async function answerSource(
  context: ApiContext,
  call: SourceRequest,
): Promise<ApiAnswer | undefined> {
  switch (call.target.verb) {
    case "get":
      return getFromSource(context, call);
    case "list":
      return listFromSource(context, call);
    case "watch":
      watchSource(context, call);
      return undefined;
    default:
      throw methodNotAllowed();
  }
}

function getFromSource(context: ApiContext, call: SourceRequest): ApiAnswer {
  const { request, target, resource } = call;
  const presentation = choosePresentation(request.headers.accept, target.query);
  const source = resource.source.open();
  const wanted = readRevision(target.query.get("resourceVersion"));
  if (wanted !== undefined && wanted > source.revision) {
    throw revisionTooLarge(wanted, source.revision);
  }
  const object = source.get(target.namespace, target.name);
  if (object === undefined) throw notFound(resource, target.name);
  const body = presentObject(presentation, resource, { object, nowMs: context.clock.now() });
  return { status: 200, body, encoding: presentation.encoding };
}

async function listFromSource(context: ApiContext, call: SourceRequest): Promise<ApiAnswer> {
  const { request, response, user, target, resource } = call;
  const presentation = choosePresentation(request.headers.accept, target.query);
  const selection = selectionOf(call);
  const gone = new AbortController();
  const onClose = () => gone.abort();
  response.once("close", onClose);
  const page = await context.sourceLists
    .run(user.name, gone.signal, () =>
      readSourcePage(resource.source.open(), selection, {
        ...{ query: target.query, clock: context.clock, signal: gone.signal },
      }),
    )
    .finally(() => response.off("close", onClose));
  const body = presentList(presentation, resource, { ...page, nowMs: context.clock.now() });
  return { status: 200, body, encoding: presentation.encoding };
}

function watchSource(context: ApiContext, call: SourceRequest): void {
  const { request, response, target, resource } = call;
  const selection = selectionOf(call);
  const source = resource.source.open();
  const asked = readWatch(request.headers.accept, target.query, source.revision);
  context.watches.startSource({ source, resource, selection, ...asked }, response);
}

function selectionOf({ target, resource, owner }: SourceRequest): SourceSelection {
  const selected = readSelection(resource, target.namespace, target.query);
  const { namespace, isFiltered, matches } = selected;
  const name = target.name === "" ? selected.name : target.name;
  return {
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(owner !== undefined && { owner }),
    ...(isFiltered && { matches }),
  };
}

interface SourceItem {
  readonly object: () => KubeObject;
  readonly text: () => string;
}

interface SourceItems {
  readonly items: readonly SourceItem[];
  readonly facts: ListFacts;
}

/** Reads as many objects as are asked for and the bounds allow, however few the source gives at once. */
async function readSourcePage(
  source: ObjectSource,
  selection: SourceSelection,
  {
    query,
    clock,
    signal,
  }: { readonly query: URLSearchParams; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<SourceItems> {
  const limit = Math.min(readLimit(query.get("limit")), mostItems);
  const untilMs = monotonicMs(clock) + mostMs;
  const token = readContinue(query);
  const at = token === "" ? readExactRevision(query, source.revision) : undefined;
  const items: SourceItem[] = [];
  let bytes = 0;
  let next: string | undefined = token;
  for (;;) {
    const page = readChunk(source, selection, {
      limit: Math.min(chunkSize, limit - items.length),
      ...(at !== undefined && { at }),
      continue: next,
    });
    for (const object of page.items) {
      const text = JSON.stringify(object);
      bytes += text.length;
      if (bytes > maxAnswerBytes) throw tooLarge(maxAnswerBytes);
      items.push({ object: () => object, text: () => text });
    }
    next = page.continue;
    const { resourceVersion } = page;
    if (next === undefined) return { items, facts: { resourceVersion } };
    const isFull = items.length >= limit || bytes >= mostBytes || monotonicMs(clock) >= untilMs;
    if (isFull || signal.aborted) return { items, facts: { resourceVersion, continue: next } };
    await setImmediate();
  }
}

function readChunk(
  source: ObjectSource,
  selection: SourceSelection,
  chunk: { readonly limit: number; readonly at?: number; readonly continue: string },
) {
  const { continue: token, at, limit } = chunk;
  const page = source.list({
    ...selection,
    limit,
    ...(token !== "" ? { continue: token } : at !== undefined && { at }),
  });
  switch (page.kind) {
    case "page":
      return page;
    case "malformed-continue":
      throw badRequest("continue key is not valid");
    case "expired":
      throw token === "" ? expired(`too old resource version: ${at ?? 0}`) : expiredContinue();
  }
}
