/** What the sessions of one thread share. It outlives each of them. */

import type { Budgeter } from "../gateway/budgeter.ts";
import type { RateLimiter } from "../gateway/rate-limiter.ts";
import type { TraceIds } from "../gateway/trace-context.ts";
import type { Transaction } from "../gateway/transaction.ts";
import type { CallEstimates } from "./call-estimates.ts";
import type { Observation, ObservedPlan, ObservedRequest, Settler } from "./observation.ts";
import type { RoutingTools } from "./routed-call.ts";

/** What sessions of one thread share. */
export interface SessionTools {
  readonly credential: Transaction["credential"];
  readonly limiter: RateLimiter;
  readonly budgeter: Budgeter;
  readonly estimates: CallEstimates;
  /** The text without credentials and placeholders */
  readonly redactText: (text: string) => string;
  /** Unique id of a transaction */
  readonly nextId: () => string;
  readonly routing: RoutingTools;
  /** Ids of a transaction, from the header that it has and the caller that its connection proves */
  readonly trace: (traceparent: string | undefined, caller: string) => TraceIds;
  /** Monotonic time in `ms` */
  readonly nowMs: () => number;
  /** Reads bodies as they pass, and tells the settler where it has read all only after the end of the stream */
  readonly observe: (plan: ObservedPlan, request: ObservedRequest, settler: Settler) => Observation;
}
