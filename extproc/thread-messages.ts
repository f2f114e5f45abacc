/** What the gateway process and the engine's threads say to each other; plain data, posted. */

import type { Ejection } from "../gateway/backend-health.ts";
import type { ConfirmationAnswer } from "../gateway/confirmation.ts";
import type { RunAgent } from "../gateway/engine.ts";
import type { PriceEntry } from "../providers/prices.ts";
import type { JournalPlace } from "./budget-store.ts";
import type { EncodedFacts } from "./facts-text.ts";
import type { PortionAsk } from "./portion-holder.ts";
import type { ConfirmationReport } from "./confirmation-asker.ts";
import type { PlanUpdate } from "./plan-update.ts";

/** What a thread is started with. */
export interface ThreadStart {
  /** Absolute paths of the provider plugins to load */
  readonly plugins: readonly string[];
}

/** From the process to a thread. */
export type ThreadOrder =
  /** Take the place of the slot: its socket, and its counters in the shared memory */
  | {
      readonly kind: "serve";
      readonly socket: string;
      readonly slot: number;
      readonly counters: SharedArrayBuffer;
      /** How far rate limits are used, for all threads */
      readonly limits: SharedArrayBuffer;
      /** How many requests of each agent are open, for so many threads */
      readonly open: { readonly memory: SharedArrayBuffer; readonly threads: number };
      /** Portions of limits that replicas share; absent: nothing is shared */
      readonly portions?: SharedArrayBuffer;
      /** How far budgets are used, for all threads */
      readonly budgets: SharedArrayBuffer;
      /** What calls of models usually use, for all threads */
      readonly habits: SharedArrayBuffer;
      /** Decides which traces are kept where a plan keeps a share */
      readonly sampleSeed: number;
      /** Key of traces of invocations; absent: none has a trace of its own */
      readonly traceKey?: Uint8Array;
      /** Absent: budgets cannot be kept, and calls that have one are refused */
      readonly journal?: JournalPlace;
      /** Before those that are shipped */
      readonly prices: readonly PriceEntry[];
    }
  | { readonly kind: "update"; readonly update: PlanUpdate }
  /** Leave these candidates out for now, and no others */
  | { readonly kind: "eject"; readonly ejections: readonly Ejection[] }
  /** Runs that began; those that ended are left out in time */
  | { readonly kind: "runs"; readonly runs: readonly RunAgent[] }
  /** Something is known of this caller's portion now, or nothing can be */
  | { readonly kind: "portion"; readonly caller: string }
  /** What became of a question of the thread, by its number */
  | { readonly kind: "answer"; readonly number: number; readonly answer: ConfirmationAnswer }
  /** Take no new transactions, let open ones end for so long, then say so */
  | { readonly kind: "drain"; readonly deadlineMs: number };

/** From a thread to the process. */
export type ThreadReport =
  /** All is loaded, and orders are taken */
  | { readonly kind: "ready" }
  | { readonly kind: "serving" }
  | { readonly kind: "updated"; readonly revision: number }
  | { readonly kind: "portion"; readonly ask: PortionAsk }
  /** `facts` as a `FactsEncoder` gives them; `bytes` is what the thread counts them for */
  | { readonly kind: "facts"; readonly facts: EncodedFacts; readonly bytes: number }
  | ConfirmationReport
  | { readonly kind: "trouble"; readonly message: string }
  | { readonly kind: "drained" };
