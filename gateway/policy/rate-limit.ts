/** Counts the requests of a rule towards its limits, and refuses what is above them. */

import type { Decision } from "../decision.ts";
import { goOn } from "../decision.ts";
import type { Transaction } from "../transaction.ts";
import { refuseLimited } from "../limit-refusal.ts";
import type { Policy } from "./policy.ts";

/** Of calls whose rule is known only by their body the session asks itself, when it knows. */
export const rateLimitPolicy: Policy = {
  name: "rate-limit",
  applies: ({ limits = [] }) => limits.length > 0,
  evaluate: count,
};

function count({ plan, caller, limiter }: Transaction): Decision {
  const { limits = [], route } = plan;
  const verdict = limiter.take(limits, { caller, route });
  return verdict.kind === "taken" ? goOn : refuseLimited(verdict);
}
