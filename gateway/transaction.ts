/** The facts of one request as policies see them, after Envoy has decided by which rule it goes. */

import type { WorkOutcome } from "./decision.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { SecretValue } from "./secret-value.ts";
import type { EnginePlan } from "./snapshot.ts";
import type { TraceIds } from "./trace-context.ts";

/** One request on its way. */
export interface Transaction {
  readonly plan: EnginePlan;
  /** As the connection proves it: `FILTER_STATE.caller` */
  readonly caller: string;
  readonly method: string;
  /** Host with its port when the agent sent one */
  readonly authority: string;
  /** With its query, as the agent sent it */
  readonly path: string;
  /** First value of a request header by its lower-case name */
  readonly header: (name: string) => string | undefined;
  /** Ids that this transaction has in traces */
  readonly trace: TraceIds;
  /** Counts requests, together with all threads of the engine */
  readonly limiter: Omit<RateLimiter, "giveBack">;
  /** Value of a credential by `SecretUse.resource`; undefined when the snapshot had none */
  readonly credential: (resource: string) => SecretValue | undefined;
  /** Of the command that the policy gave before; undefined when it is asked for the first time */
  readonly outcome: WorkOutcome | undefined;
}
