/** Counts the requests of a rule towards its limits, and refuses what is above them. */

import type { Command, Decision } from "../decision.ts";
import { goOn } from "../decision.ts";
import type { Transaction } from "../transaction.ts";
import { refuseLimited } from "../limit-refusal.ts";
import type { Policy } from "./policy.ts";

/** Of calls whose rule, and of messages whose limits, are known only by their body the session asks itself. */
export const rateLimitPolicy: Policy = {
  name: "rate-limit",
  applies: ({ limits = [], mcp }) => limits.length > 0 && mcp === undefined,
  evaluate: count,
};

function count({ plan, caller, limiter, outcome }: Transaction): Decision | Command {
  const { limits = [], route } = plan;
  const request = { caller, route };
  const verdict =
    outcome === undefined
      ? limiter.take(limits, request)
      : limiter.settle(limits, request, outcome);
  if (verdict.kind === "work") return verdict;
  return verdict.kind === "taken" ? goOn : refuseLimited(verdict);
}
