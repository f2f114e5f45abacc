/**
 * The engine as the gateway process sees it: a set of sockets that Envoy asks, fed with snapshots and credentials, that
 * gives back facts about transactions. Made by the composition root, because it lives in `extproc`.
 */

import path from "node:path";
import type { PriceEntry } from "../providers/prices.ts";
import type { Ejection } from "./backend-health.ts";
import type { ConfirmationDoor } from "./confirmation.ts";
import type { CallFacts } from "./call-facts.ts";
import type { LimitStore } from "./limit-store.ts";
import type { Logger } from "./log.ts";
import type { HistogramValue } from "./metric-family.ts";
import type { SecretValue } from "./secret-value.ts";
import type { BudgetCount, Snapshot } from "./snapshot.ts";

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
  /**
   * Requests that rate limits refused; `full`: because no more callers could be counted; `unreachable`: because nobody
   * could be asked what other replicas let by. `unshared`: those that were let by without having asked
   */
  readonly limited: {
    readonly spent: number;
    readonly full: number;
    readonly unreachable: number;
    readonly unshared: number;
  };
  readonly budgets: BudgetsStatus;
}

/** What only collectors of metrics want to know of the engine. */
export interface EngineFigures {
  /** One of each thread that has a place, in their order */
  readonly threads: readonly {
    readonly serving: boolean;
    /** Seconds in which its loop did something, and in which it waited, since it began to run */
    readonly busySeconds: number;
    readonly idleSeconds: number;
    /** Since it gave a sign of life, which it does ten times a second and is looked for twice */
    readonly silentSeconds: number;
    readonly openStreams: number;
    readonly totalStreams: number;
  }[];
  /** Time that handling one message of Envoy took a thread */
  readonly handling: HistogramValue;
}

/** Calls that budgets refused, and whether budgets can be kept. */
export interface BudgetsStatus {
  /** There was no room for the call */
  readonly exhausted: number;
  /** More was counted at once than has room */
  readonly full: number;
  /** What a call uses could not be written down; the calls that had not begun were refused */
  readonly unwritten: number;
  /** Why budgets cannot be kept, a sentence; empty while they can */
  readonly failure: string;
}

/** What is used of one budget now. */
export interface BudgetUse extends Pick<BudgetCount, "name" | "scope" | "unit"> {
  /** Day as `2026-11-28`, or the execution; empty for callers that prove none */
  readonly counted: string;
  /** In tokens or micro-dollars, by `unit` */
  readonly used: number;
  /** The most that calls which are under way may use */
  readonly reserved: number;
}

/** Whose run it is: its id, `Kind/namespace/name` of the agent, and the invocation that it is. */
export type RunAgent = readonly [runId: string, agent: string, invocationId: string];

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
  figures(): EngineFigures;
  /** What is used of budgets, as far as anything is; in no particular order. */
  budgets(): readonly BudgetUse[];
  /** Takes back what a call was charged, by its transaction: no provider had its request. Within seconds. */
  refund(transaction: string): void;
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
  /** Private folder for what is used of budgets, over restarts; absent: calls that have a budget are refused */
  readonly budgetsDirectory?: string;
  /** What replicas share of rate limits; absent: nothing */
  readonly limitStore?: LimitStore;
  /** Prices that go before those that are shipped; absent: none */
  readonly prices?: readonly PriceEntry[];
  /** All runs that are known, for threads that start; absent: none */
  readonly runs?: () => readonly RunAgent[];
  /** Key of traces of invocations, as `invocationTraceKey()` gives it; absent: none has a trace of its own */
  readonly traceKey?: Uint8Array;
  /** Who asks whether calls may go on; absent: those that need it are denied */
  readonly confirmations?: ConfirmationDoor;
  /** Takes facts in batches, in no particular order; must not throw */
  readonly onFacts: (facts: readonly CallFacts[]) => void;
  readonly log: Logger;
}

/** Starts an engine; resolves when all threads listen. */
export type OpenEngine = (options: EngineOptions) => Promise<Engine>;
