/**
 * Invocations as a read-only resource of the API server: get, lists that are of one moment over all of their pages, and
 * watches. Nothing is queued for a watcher: one that is slow reads later, and one that is too slow is told that its place
 * is gone.
 */

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../gateway/clock.ts";
import type { InvocationObject } from "./invocation-object.ts";
import type {
  InvocationSelection,
  InvocationStore,
  InvocationVersion,
  ListPlace,
} from "./invocation-store.ts";
import { isInvocationId } from "./event-codec.ts";
import { WakeUps } from "./wake-ups.ts";

/** A list that is asked for. */
export interface InvocationListQuery extends InvocationSelection {
  /** Default 100, at most 1,000 */
  readonly limit?: number;
  /** The state at this revision; absent: the present one. Not beside a token */
  readonly at?: number;
  /** As the page before gave it; absent or empty: the first page */
  readonly continue?: string;
}

/** Page of a list, newest first; it may have fewer than `limit`, and more follow. */
export type InvocationList =
  | {
      readonly kind: "page";
      readonly items: readonly InvocationObject[];
      /** The same for every page of a list */
      readonly resourceVersion: string;
      /** Absent on the last page */
      readonly continue?: string;
    }
  /** Begin anew (410) */
  | { readonly kind: "expired" }
  /** The token is none of ours (400) */
  | { readonly kind: "malformed-continue" };

/** Where a watch begins: with what comes, with all that is there, or after a revision. */
export type WatchBegin = "now" | "state" | { readonly after: string };

/** A watch that is asked for. */
export interface InvocationWatchQuery extends InvocationSelection {
  readonly from: WatchBegin;
  readonly signal: AbortSignal;
  /** Time in `ms` after which a revision is told where nothing else is; absent: never */
  readonly bookmarkMs?: number;
}

/** What a watch tells. */
export type InvocationNews =
  | {
      readonly kind: "change";
      readonly type: "ADDED" | "MODIFIED" | "DELETED";
      readonly object: InvocationObject;
    }
  /** All up to this revision was told; `isFirst` after the state at the begin */
  | { readonly kind: "bookmark"; readonly resourceVersion: string; readonly isFirst: boolean }
  /** The place is gone (410); the watch ends */
  | { readonly kind: "expired" };

const defaultLimit = 100;
const mostInPage = 1_000;
const changesAtOnce = 256;

/** Reads one store. */
export class InvocationSource {
  readonly #store: InvocationStore;
  readonly #clock: Clock;
  readonly #wakeUps: WakeUps;
  readonly #unsubscribe: () => void;
  readonly #closing = new AbortController();

  constructor({ store, clock }: { readonly store: InvocationStore; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
    this.#wakeUps = new WakeUps(clock);
    this.#unsubscribe = store.subscribe(() => this.#wakeUps.wake());
  }

  /** Revision of the last change; 0 before the first */
  get revision(): number {
    return this.#store.revision;
  }

  /** Undefined where there is none of that name. */
  get(namespace: string, name: string): InvocationObject | undefined {
    return this.#store.get(namespace, name);
  }

  /** A page. A predicate must be the same for all pages of a list. */
  list(query: InvocationListQuery): InvocationList {
    const limit = Math.max(1, Math.min(query.limit ?? defaultLimit, mostInPage));
    const from = tryParseContinue(query.continue ?? "");
    if (from === undefined) return { kind: "malformed-continue" };
    const { at } = query;
    const result = this.#store.list(query, {
      limit,
      ...(at !== undefined && { revision: at }),
      ...from,
    });
    if (result.kind === "expired") return result;
    const { items, revision, next } = result;
    return {
      kind: "page",
      items,
      resourceVersion: String(revision),
      ...(next !== undefined && { continue: formatContinue(revision, next) }),
    };
  }

  /** Changes until aborted, or until the place is gone. */
  async *watch(query: InvocationWatchQuery): AsyncGenerator<InvocationNews> {
    const begin = tryParseBegin(query.from, this.#store.revision);
    if (begin === undefined) {
      yield { kind: "expired" };
      return;
    }
    const revision = begin;
    if (query.from === "state") {
      for await (const news of this.#state(query, revision)) {
        yield news;
        if (news.kind === "expired") return;
      }
      yield { kind: "bookmark", resourceVersion: String(revision), isFirst: true };
    }
    yield* this.#follow(query, revision);
  }

  /** Ends all watches. */
  close(): void {
    this.#unsubscribe();
    this.#closing.abort();
  }

  async *#state(query: InvocationWatchQuery, revision: number): AsyncGenerator<InvocationNews> {
    let after: ListPlace | undefined;
    do {
      const page = this.#store.list(query, { limit: mostInPage, revision, after });
      if (page.kind === "expired") {
        yield page;
        return;
      }
      for (const object of page.items) yield { kind: "change", type: "ADDED", object };
      after = page.next;
      // Others are served between two pages, also where nothing of them fits.
      await setImmediate();
    } while (after !== undefined);
  }

  async *#follow(
    { signal: asked, bookmarkMs, ...selection }: InvocationWatchQuery,
    from: number,
  ): AsyncGenerator<InvocationNews> {
    const signal = AbortSignal.any([asked, this.#closing.signal]);
    let revision = from;
    let toldMs = this.#clock.now();
    while (!signal.aborted) {
      const result = this.#store.changes(revision, { limit: changesAtOnce });
      if (result.kind === "expired") {
        yield result;
        return;
      }
      for (const version of result.versions) {
        revision = version.revision;
        const news = newsOf(version, selection);
        if (news === undefined) continue;
        yield news;
        toldMs = this.#clock.now();
      }
      if (result.versions.length > 0) continue;
      // Whoever sees little of much must hear, too, how far it is: its place would be forgotten.
      const leftMs = bookmarkMs === undefined ? undefined : toldMs + bookmarkMs - this.#clock.now();
      if (leftMs === undefined || leftMs > 0) {
        await this.#wakeUps.wait({ signal, ...(leftMs !== undefined && { timeoutMs: leftMs }) });
        continue;
      }
      yield { kind: "bookmark", resourceVersion: String(revision), isFirst: false };
      toldMs = this.#clock.now();
    }
  }
}

/** What a change is to whoever chose: what begins to fit is added, what fits no more is deleted. */
function newsOf(
  { change, object, previous }: InvocationVersion,
  selection: InvocationSelection,
): InvocationNews | undefined {
  const was = previous !== undefined && isSelected(previous, selection);
  const is = change !== "DELETED" && isSelected(object, selection);
  if (!was && !is) return undefined;
  if (is) return { kind: "change", type: was ? "MODIFIED" : "ADDED", object };
  return { kind: "change", type: "DELETED", object };
}

function isSelected(object: InvocationObject, selection: InvocationSelection): boolean {
  const { namespace, id, agent, matches } = selection;
  if (id !== undefined && object.metadata.name !== id) return false;
  const { parentRef } = object.spec;
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  if (agent !== undefined && (parentRef.kind !== agent.kind || parentRef.name !== agent.name)) {
    return false;
  }
  return matches === undefined || matches(object);
}

function tryParseBegin(from: WatchBegin, present: number): number | undefined {
  if (typeof from === "string") return present;
  return /^\d{1,15}$/.test(from.after) ? Number(from.after) : undefined;
}

function formatContinue(revision: number, { createdMs, namespace, id }: ListPlace): string {
  const token = [revision, createdMs, namespace, id];
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

/** Empty text is the begin; undefined for what is no token. */
function tryParseContinue(
  text: string,
): { readonly revision?: number; readonly after?: ListPlace } | undefined {
  if (text === "") return {};
  const token = parseToken(text);
  if (!Array.isArray(token) || token.length !== 4) return undefined;
  const [revision, createdMs, namespace, id] = token as readonly unknown[];
  if (!isCount(revision) || !isCount(createdMs)) return undefined;
  if (typeof namespace !== "string" || namespace.length > 253) return undefined;
  if (typeof id !== "string" || !isInvocationId(id)) return undefined;
  return { revision, after: { createdMs, namespace, id } };
}

function parseToken(text: string): unknown {
  if (text.length > 1_024) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    // Not of our making; who asked is told so.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
