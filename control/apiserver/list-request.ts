/**
 * Lists: selectors, pages of one consistent state, and the revision that is asked for
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
 */
import { parseFieldQuery } from "./field-query.ts";
import type { FieldQuery } from "./field-query.ts";
import type { KubeObject } from "./kube-object.ts";
import { parseLabelQuery } from "./label-query.ts";
import type { StoredState } from "./object-reader.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ListFacts } from "./presentation.ts";
import type { ServedResource } from "./served-resource.ts";
import { fromStore } from "./served-resource.ts";
import { badRequest, expired, revisionTooLarge, tooLarge } from "./status-error.ts";

/** Which objects a list or watch is about. */
export interface Selection {
  readonly resource: ServedResource;
  /** All namespaces when absent */
  readonly namespace?: string;
  readonly name?: string;
  /** Whether any selector must be asked object by object */
  readonly isFiltered: boolean;
  /** Decides by the object in the form of the resource; name and namespace are decided before */
  readonly matches: (object: KubeObject) => boolean;
}

/** One page. */
export interface ListPage {
  readonly items: readonly ListItem[];
  readonly facts: ListFacts;
}

/** One object of a page; read when it is needed. */
export interface ListItem {
  readonly object: () => KubeObject;
  readonly text: () => string;
}

/** States that are read at once. */
const chunkSize = 500;

/** Most bytes of one answer: whoever has more asks page by page. */
export const maxAnswerBytes = 128 * 1024 ** 2;

const maxLimit = 1_000_000;

/** Reads the selectors of a request. Throws a 400 for what is none. */
export function readSelection(
  resource: ServedResource,
  namespace: string,
  query: URLSearchParams,
): Selection {
  const fields: FieldQuery = parseFieldQuery(query.get("fieldSelector") ?? "", resource.fields);
  const labelText = query.get("labelSelector") ?? "";
  const matchesLabels = parseLabelQuery(labelText);
  const within = namespace === "" ? fields.namespace : namespace;
  return {
    resource,
    ...(within !== undefined && within !== "" && { namespace: within }),
    ...(fields.name !== undefined && { name: fields.name }),
    isFiltered: labelText.trim() !== "" || (query.get("fieldSelector") ?? "") !== "",
    matches: (object) => matchesLabels(object.metadata.labels) && fields.matches(object),
  };
}

/** Reads one page. Throws a StatusError: 410 for a token or revision that is compacted, 504 for one yet to come. */
export function readPage(
  store: ObjectStore,
  selection: Selection,
  query: URLSearchParams,
): ListPage {
  const limit = readLimit(query.get("limit"));
  const token = readContinue(query);
  const start = token === "" ? firstPage(store, query) : laterPage(store, token);
  const { items, more } = collect(store, selection, { ...start, limit });
  const last = items.at(-1);
  if (!more || last === undefined) return { items, facts: { resourceVersion: String(start.at) } };
  const remaining =
    selection.isFiltered || start.after ? undefined : remainingOf(store, selection, items.length);
  return {
    items,
    facts: {
      resourceVersion: String(start.at),
      continue: encodeToken({
        at: start.at,
        namespace: last.state.namespace,
        name: last.state.name,
      }),
      ...(remaining !== undefined && remaining > 0 && { remainingItemCount: remaining }),
    },
  };
}

interface PageStart {
  readonly at: number;
  readonly after?: { readonly namespace: string; readonly name: string };
}

interface CollectedItem extends ListItem {
  readonly state: StoredState;
}

function collect(store: ObjectStore, selection: Selection, page: PageStart & { limit: number }) {
  const { resource, namespace, name } = selection;
  const items: CollectedItem[] = [];
  let after = page.after;
  let bytes = 0;
  for (;;) {
    const states = store.reader.list({
      resource: resource.storage,
      limit: Math.min(chunkSize, page.limit - items.length + 1),
      at: page.at,
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
      ...(after !== undefined && { after }),
    });
    for (const state of states) {
      const item = itemOf(resource, state);
      if (selection.isFiltered && !selection.matches(item.object())) continue;
      if (items.length === page.limit) return { items, more: true };
      bytes += state.text.length;
      if (bytes > maxAnswerBytes) throw tooLarge(maxAnswerBytes);
      items.push(item);
    }
    after = states.at(-1);
    if (after === undefined || states.length === 0) return { items, more: false };
  }
}

function itemOf(resource: ServedResource, state: StoredState): CollectedItem {
  let read: KubeObject | undefined;
  const object = () => {
    read ??= fromStore(resource, JSON.parse(state.text));
    return read;
  };
  const text = () => (resource.fromStore === undefined ? state.text : JSON.stringify(object()));
  return { state, object, text };
}

function firstPage(store: ObjectStore, query: URLSearchParams): PageStart {
  const exact = readExactRevision(query, store.revision);
  if (exact !== undefined && exact < store.compactedRevision) {
    throw expired(`too old resource version: ${exact} (${store.compactedRevision})`);
  }
  return { at: exact ?? store.revision };
}

/** The one revision that a list must be of; undefined: the newest will do. Throws a 504 for one yet to come. */
export function readExactRevision(query: URLSearchParams, current: number): number | undefined {
  const wanted = readRevision(query.get("resourceVersion"));
  const match = query.get("resourceVersionMatch") ?? "";
  if (match !== "" && match !== "Exact" && match !== "NotOlderThan") {
    throw badRequest(
      `resourceVersionMatch "${match}" is not served: wanted "Exact" or "NotOlderThan"`,
    );
  }
  if (match !== "" && wanted === undefined) {
    throw badRequest("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (wanted !== undefined && wanted > current) throw revisionTooLarge(wanted, current);
  if (match !== "Exact" || wanted === undefined) return undefined;
  if (wanted === 0)
    throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  return wanted;
}

/** The token of a page that is not the first; empty for the first. Throws a 400 beside a revision. */
export function readContinue(query: URLSearchParams): string {
  const token = query.get("continue") ?? "";
  if (token !== "" && (query.get("resourceVersion") ?? "0") !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  return token;
}

/** The refusal of a token whose state is kept no more. */
export function expiredContinue() {
  return expired(
    "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.",
  );
}

function laterPage(store: ObjectStore, token: string): PageStart {
  const { at, namespace, name } = decodeToken(token);
  if (at > store.revision) throw badRequest("continue key is not valid: it is of another server");
  if (at < store.compactedRevision) throw expiredContinue();
  return { at, after: { namespace, name } };
}

function remainingOf(store: ObjectStore, selection: Selection, shown: number): number {
  return store.reader.count(selection.resource.storage, selection.namespace) - shown;
}

/** Reads a resourceVersion; undefined when there is none. Throws a 400 for what is no revision. */
export function readRevision(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(`Invalid value: "${text.slice(0, 40)}": resourceVersion must be a whole number`);
}

/** The number of objects that an answer has at most. Throws a 400 for what is no number. */
export function readLimit(text: string | null): number {
  if (text === null || text === "") return maxLimit;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`limit "${text.slice(0, 40)}" is no whole number`);
  const limit = Number(text);
  return limit === 0 ? maxLimit : Math.min(limit, maxLimit);
}

interface Token {
  readonly at: number;
  readonly namespace: string;
  readonly name: string;
}

function encodeToken(token: Token): string {
  const { at, namespace, name } = token;
  return Buffer.from(JSON.stringify(["v1", at, namespace, name])).toString("base64url");
}

function decodeToken(text: string): Token {
  try {
    const [version, at, namespace, name] = JSON.parse(Buffer.from(text, "base64url").toString());
    const fits = version === "v1" && Number.isSafeInteger(at) && at >= 0;
    if (fits && typeof namespace === "string" && typeof name === "string") {
      return { at, namespace, name };
    }
  } catch {
    // Told below, as any other token that is not ours.
  }
  throw badRequest("continue key is not valid");
}
