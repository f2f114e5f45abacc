/**
 * The ordered list of policies, and what of it applies to a plan. The order is the order of asking: what refuses comes
 * before what changes, then what writes secrets, and last what counts: a request that is refused for another reason
 * takes nothing.
 */

import type { Policy } from "./policy/policy.ts";
import { queryCredentialPolicy } from "./policy/query-credential.ts";
import { rateLimitPolicy } from "./policy/rate-limit.ts";
import { traceContextPolicy } from "./policy/trace-context.ts";
import type { EnginePlan } from "./snapshot.ts";

export type { Policy } from "./policy/policy.ts";

/** Every policy, in the order in which they are asked. */
export const policies: readonly Policy[] = [
  traceContextPolicy,
  queryCredentialPolicy,
  rateLimitPolicy,
];

/** The policies that have something to say about requests of the plan, in order. */
export function policiesFor(
  plan: EnginePlan,
  list: readonly Policy[] = policies,
): readonly Policy[] {
  return list.filter((policy) => policy.applies(plan));
}
