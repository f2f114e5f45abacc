/**
 * Objects that are not in the store of objects: whoever has them serves them read only, by revisions of its own. A page
 * and a watch must hold what those of stored objects do: one state over all pages, every change in order.
 */
import type { KubeObject } from "./kube-object.ts";

/** An object below which others are listed, such as an agent and its invocations. */
export interface SourceOwner {
  readonly kind: string;
  readonly name: string;
}

/** Which objects are asked for. */
export interface SourceSelection {
  /** All when absent */
  readonly namespace?: string;
  readonly name?: string;
  readonly owner?: SourceOwner;
  /** Those that fit, besides; absent: all. The same for all pages of a list */
  readonly matches?: (object: KubeObject) => boolean;
}

/** A page that is asked for. */
export interface SourceQuery extends SourceSelection {
  /** Above 0; the source may give fewer, and a continue token */
  readonly limit: number;
  /** The state at this revision; absent: the present one, or that of the token */
  readonly at?: number;
  /** As the page before gave it; absent: the first page */
  readonly continue?: string;
}

/** A page of a list. */
export type SourcePage =
  | {
      readonly kind: "page";
      readonly items: readonly KubeObject[];
      /** The same for every page of a list */
      readonly resourceVersion: string;
      /** Absent on the last page */
      readonly continue?: string;
    }
  /** Begin anew (410) */
  | { readonly kind: "expired" }
  /** The token is none of the source's (400) */
  | { readonly kind: "malformed-continue" };

/** A watch that is asked for. */
export interface SourceWatchQuery extends SourceSelection {
  /** Only changes after this revision; absent: first what is there now */
  readonly after?: number;
  /** Ends it */
  readonly signal: AbortSignal;
  /** Time in `ms` after which a revision is told where nothing else is; absent: never */
  readonly bookmarkMs?: number;
}

/** What a watch tells. */
export type SourceNews =
  | {
      readonly kind: "change";
      readonly type: "ADDED" | "MODIFIED" | "DELETED";
      readonly object: KubeObject;
    }
  /** All up to this revision was told; `isFirst` after what was there at the begin */
  | { readonly kind: "bookmark"; readonly resourceVersion: string; readonly isFirst: boolean }
  /** The place is gone (410); the watch ends */
  | { readonly kind: "expired" };

/** Whoever has the objects. */
export interface ObjectSource {
  /** Revision of the last change */
  readonly revision: number;
  /** Undefined where there is none of that name */
  get(namespace: string, name: string): KubeObject | undefined;
  list(query: SourceQuery): SourcePage;
  /** Nothing is read before the watcher asks for more, so that a slow one costs no memory. */
  watch(query: SourceWatchQuery): AsyncIterable<SourceNews>;
}
