/**
 * The engine as the gateway process sees it: a set of sockets that Envoy asks, fed with snapshots and credentials, that
 * gives back facts about transactions. Made by the composition root, because it lives in `extproc`.
 */

import path from "node:path";
import type { Ejection } from "./backend-health.ts";
import type { CallFacts } from "./call-facts.ts";
import type { Logger } from "./log.ts";
import type { SecretValue } from "./secret-value.ts";
import type { Snapshot } from "./snapshot.ts";

/** Paths of the sockets of an engine in that folder, one a thread; known before it runs. */
export function engineSocketPaths(directory: string, threads: number): string[] {
  return Array.from({ length: threads }, (_, slot) => path.join(directory, `engine-${slot}.sock`));
}

/** State of the engine for people and programs. */
export interface EngineStatus {
  /** Worker threads that serve now, and those that are wanted */
  readonly threads: { readonly serving: number; readonly wanted: number };
  /** Threads that crashed or hung and were replaced */
  readonly replaced: number;
  /** Transactions open now, and since the start */
  readonly streams: { readonly open: number; readonly total: number };
  /** Raw connections that it is shown, now and since the start, with what they carried */
  readonly connections: {
    readonly open: number;
    readonly total: number;
    readonly bytesUpstream: number;
    readonly bytesDownstream: number;
  };
  /** Streams that ended for a malformed message or a fault of ours */
  readonly failed: number;
  /** Facts that were dropped because the process was behind */
  readonly droppedFacts: number;
  /** Requests that rate limits refused; `full`: because no more callers could be counted */
  readonly limited: { readonly spent: number; readonly full: number };
}

/** Whose run it is: its id, and `Kind/namespace/name` of the agent. */
export type RunAgent = readonly [runId: string, agent: string];

/** A running engine. */
export interface Engine {
  /** Unix sockets, one a thread; fixed for the engine's life */
  readonly sockets: readonly string[];
  /** Gives every thread the snapshot; resolves when all of them decide by it. */
  publish(snapshot: Snapshot, credentials: ReadonlyMap<string, SecretValue>): Promise<void>;
  /** Tells every thread which candidates are left out for now; those before are forgotten. */
  eject(ejections: readonly Ejection[]): void;
  /** Tells every thread which agents new runs are of. */
  identify(runs: readonly RunAgent[]): void;
  status(): EngineStatus;
  /** Lets open transactions end for at most `drainMs`, then ends the threads. */
  close(drainMs?: number): Promise<void>;
}

/** What an engine needs from the process. */
export interface EngineOptions {
  /** Private folder for the sockets */
  readonly directory: string;
  readonly threads: number;
  /** Absolute paths of the provider plugins that each thread loads before it takes a plan; absent: none */
  readonly plugins?: readonly string[];
  /** All runs that are known, for threads that start; absent: none */
  readonly runs?: () => readonly RunAgent[];
  /** Takes facts in batches, in no particular order; must not throw */
  readonly onFacts: (facts: readonly CallFacts[]) => void;
  readonly log: Logger;
}

/** Starts an engine; resolves when all threads listen. */
export type OpenEngine = (options: EngineOptions) => Promise<Engine>;
