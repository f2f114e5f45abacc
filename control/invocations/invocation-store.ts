/**
 * Where invocations are kept to be asked for: what was told of them, what they used, and every version of late, so that a
 * list is of one moment over all of its pages, and a watch goes on where it was.
 */

import type { InvocationOutcome } from "../../gateway/invocation-span.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import type { ActiveCount, ActivePlace } from "./active-rows.ts";
import type { LogPosition, LoggedEvent } from "./event-log.ts";
import type { InvocationObject } from "./invocation-object.ts";
import type { InvocationState } from "./invocation-state.ts";

/** Which invocations are asked for. */
export interface InvocationSelection {
  /** All when absent */
  readonly namespace?: string;
  /** The one of this name */
  readonly id?: string;
  readonly agent?: { readonly kind: string; readonly name: string };
  /** Those that fit, besides; absent: all */
  readonly matches?: (object: InvocationObject) => boolean;
}

/** Place of an invocation in lists, which have the newest first. */
export interface ListPlace {
  /** Unix `ms` */
  readonly createdMs: number;
  readonly namespace: string;
  readonly id: string;
}

/** One version of an invocation. */
export interface InvocationVersion {
  readonly revision: number;
  readonly change: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: InvocationObject;
  /** The version before it; absent for the first */
  readonly previous?: InvocationObject;
}

/** Part of a list, or that the revision is too old. */
export type ListResult =
  | {
      readonly kind: "page";
      readonly items: readonly InvocationObject[];
      readonly revision: number;
      /** Place after which more follow; absent: there are no more */
      readonly next?: ListPlace;
    }
  | { readonly kind: "expired" };

/** Changes in their order, or that the revision is too old. */
export type ChangesResult =
  | { readonly kind: "changes"; readonly versions: readonly InvocationVersion[] }
  | { readonly kind: "expired" };

/** What became of a batch. */
export interface ApplyCounts {
  /** Invocations that are not as they were */
  readonly changed: number;
  /** Events that told nothing new */
  readonly known: number;
  /** Events of an id that belongs to another agent */
  readonly foreign: number;
  /** Entries of the log that are no events */
  readonly unreadable: number;
}

/** Numbers since the store was opened. */
export interface StoreStatus {
  readonly invocations: number;
  readonly revision: number;
  readonly applied: ApplyCounts;
  readonly records: RecordCounts;
  /** Invocations that were removed because they were too old, or too many */
  readonly removed: number;
}

/** What became of records. */
export interface RecordCounts {
  readonly counted: number;
  /** Counted before */
  readonly known: number;
  /** Of no invocation */
  readonly foreign: number;
}

/** How far a file of records was read, in bytes. */
export interface FilePosition {
  /** What the file is, whatever its name */
  readonly file: string;
  readonly end: number;
}

/** What of a list is wanted. */
export interface InvocationListOptions {
  readonly limit: number;
  /** The state as it was then; the present one when absent */
  readonly revision?: number | undefined;
  /** Only what comes after it */
  readonly after?: ListPlace | undefined;
}

/** An invocation that has not ended. */
export interface ActiveState {
  readonly state: InvocationState;
  /** When something was told of it last, or a request of it counted: Unix `ms` */
  readonly changedMs: number;
}

/** The store. Its methods throw CLRK_STORAGE_FAILED when the disk does not take a write: then nothing of it is kept. */
export interface InvocationStore {
  /** Takes a batch of the log, with its position, as one write. The same events again change nothing. */
  apply(events: readonly LoggedEvent[]): ApplyCounts;
  /**
   * Counts records towards their invocations, as one write; each record once, also over restarts. `from` says how far
   * its file was read with them, and is part of that write.
   */
  addRecords(records: readonly EgressRecord[], from?: FilePosition): RecordCounts;
  /** How far a file of records was read; 0 where nothing is known of it */
  positionOf(file: string): number;
  /** Forgets how far all files but these were read. */
  forgetFiles(kept: readonly string[]): void;
  /** How far the log was taken; undefined before the first batch. */
  readonly position: LogPosition | undefined;
  /** Revision of the last change; 0 before the first */
  readonly revision: number;
  get(namespace: string, id: string): InvocationObject | undefined;
  /** Number of an agent's invocations that have not ended */
  countActive(agent: Omit<ActiveCount, "count">): number;
  /** The same of every agent that has any */
  activeCounts(): readonly ActiveCount[];
  /** Those of agents of a kind after a place, by agent, at most `limit`; from the first on without a place */
  active(
    kind: string,
    page: { readonly after: ActivePlace | undefined; readonly limit: number },
  ): readonly ActiveState[];
  /** At most `limit` invocations as they were at a revision, the present one when that is undefined. */
  list(selection: InvocationSelection, options: InvocationListOptions): ListResult;
  /** At most `limit` changes after a revision, of all invocations. */
  changes(after: number, options: { readonly limit: number }): ChangesResult;
  /** At most `limit` invocations that are over and whose root span nobody told: each until it is removed */
  dueRoots(limit: number): readonly InvocationOutcome[];
  /** Forgets that the root spans of these are due. */
  removeDueRoots(told: readonly InvocationOutcome[]): void;
  /** Tells when there are changes; gives a function that ends it. */
  subscribe(onChange: () => void): () => void;
  /** Removes what is too old. */
  prune(): void;
  readonly status: StoreStatus;
  close(): void;
}
