/**
 * Paths below objects, and of no objects at all, that other parts of the process answer by themselves: telemetry of an
 * agent, a call of one. Who asks and whether it may is decided before they are reached.
 */
import type { ApiAnswer, ApiContext, ApiRequest, ConnectedResource } from "./api-context.ts";
import { keyOf } from "./object-writer.ts";
import type { ResourceTarget } from "./request-target.ts";
import { methodNotAllowed, noSuchResource, notFound } from "./status-error.ts";

/** The resource that a path is about. */
export function findConnected(
  all: readonly ConnectedResource[],
  { group, version, plural, subresource }: ResourceTarget,
): ConnectedResource | undefined {
  return all.find(
    (one) =>
      one.plural === plural &&
      one.subresource === subresource &&
      one.group === group &&
      one.version === version,
  );
}

/** Answers a caller that may ask. */
export async function answerConnected(
  context: ApiContext,
  resource: ConnectedResource,
  { target, ...call }: ApiRequest & { readonly target: ResourceTarget },
): Promise<ApiAnswer | undefined> {
  const { name, namespace } = target;
  if (resource.namespaced !== (namespace !== "")) throw noSuchResource();
  if (!resource.verbs.includes(target.verb)) throw methodNotAllowed();
  if (resource.needsObject) {
    const stored = context.resources.find(target.group, target.version, target.plural);
    if (stored === undefined) throw noSuchResource();
    const state = context.store.reader.find(keyOf(stored, target));
    if (state === undefined) throw notFound(stored, name);
  }
  if (resource.boundsItself === true) call.leaveFlight();
  const ended = new AbortController();
  const end = () => ended.abort();
  context.open.add(end);
  call.response.once("close", () => {
    context.open.delete(end);
    end();
  });
  return resource.answer({ ...call, target, signal: ended.signal });
}
