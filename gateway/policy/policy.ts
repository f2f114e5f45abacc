/** The one interface of policies: small modules that are asked in the order of `gateway/pipeline.ts`. */

import type { Command, Decision } from "../decision.ts";
import type { EnginePlan } from "../snapshot.ts";
import type { Transaction } from "../transaction.ts";

/** One policy; it keeps nothing between transactions. */
export interface Policy {
  /** For messages and tests */
  readonly name: string;
  /** Whether it has something to say about requests of the plan; asked once a plan, so that others cost nothing. */
  applies(plan: EnginePlan): boolean;
  /** Decides at the request's headers. Must not throw; a throw denies the request. */
  evaluate(transaction: Transaction): Decision | Command;
}
