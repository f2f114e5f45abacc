/** Rate limits as policies use them: who asks takes one request from every limit, or is told when to come again. */

import type { Command, WorkOutcome } from "./decision.ts";
import type { LimitPlan, ObjectName } from "./snapshot.ts";

/** What limits say about one more request. */
export type LimitVerdict =
  | { readonly kind: "taken" }
  | {
      readonly kind: "limited";
      readonly limit: LimitPlan;
      /** When one more request is possible, if nobody else takes it; above 0 */
      readonly afterMs: number;
      /**
       * `full`: more callers are limited at once than can be told apart, and nothing is said of this one; `unreachable`:
       * what other replicas let by is not known
       */
      readonly cause: "spent" | "full" | "unreachable";
    };

/** Who asks, and by which route. */
export interface LimitedRequest {
  /** As the connection proves it: `FILTER_STATE.caller` */
  readonly caller: string;
  readonly route: ObjectName;
}

/** Counts requests. */
export interface RateLimiter {
  /**
   * Takes one request from each limit; when one of them has none left, none is taken from any. Of a limit that replicas
   * share something must perhaps be known first: then it is work, after which `settle()` says the verdict.
   */
  take(limits: readonly LimitPlan[], request: LimitedRequest): LimitVerdict | Command;
  /** The verdict after the work that `take()` of the same request asked for, however it ended. */
  settle(limits: readonly LimitPlan[], request: LimitedRequest, outcome: WorkOutcome): LimitVerdict;
  /**
   * Gives back what was taken from each limit, for a request that is refused after all and was never sent; called with the
   * same request object.
   */
  giveBack(limits: readonly LimitPlan[], request: LimitedRequest): void;
}
