/**
 * What an agent is told whose budget is used up: status 429 (RFC 6585), with `retry-after` in seconds (RFC 9110) where
 * the budget begins anew.
 */

import { formatMicroDollars } from "../crds/money.ts";
import type { BudgetVerdict } from "./budgeter.ts";
import type { Decision } from "./decision.ts";
import type { BudgetCount } from "./snapshot.ts";
import { wholeSeconds } from "./whole-seconds.ts";

type Exhausted = Exclude<BudgetVerdict, { kind: "reserved" }>;
type Denial = Extract<Decision, { kind: "deny" }>;

/** The refusal of a call for which there is no room. */
export function refuseExhausted(verdict: Exhausted): Denial {
  return verdict.kind === "exhausted" ? exhausted(verdict) : unavailable(verdict.cause);
}

function exhausted({
  count,
  needed,
  left,
  afterMs,
}: Extract<Exhausted, { kind: "exhausted" }>): Denial {
  const { name, scope, limit } = count;
  const period = scope === "day" ? "a day" : "an execution of an agent";
  const amounts = `${amount(count, left)} are left of ${amount(count, limit)} for ${period}, and this call may use ${amount(count, needed)}`;
  const advice =
    afterMs === null
      ? "ask for less output, end this execution, or have the limit raised"
      : `ask for less output, or try again in ${wholeSeconds(afterMs)} s`;
  return {
    kind: "deny",
    status: 429,
    reason: "budget-exhausted",
    message: `Refused because budget ${name} has no room: ${amounts}: ${advice}`,
    ...(afterMs !== null && { headers: [["retry-after", String(wholeSeconds(afterMs))]] }),
  };
}

/** Not 429: it is not the agent's use that is at fault. */
function unavailable(cause: "full" | "unwritable"): Denial {
  const clause =
    cause === "full"
      ? "no more budgets can be counted at once"
      : "what it uses cannot be written down";
  return {
    kind: "deny",
    status: 503,
    reason: "budget-unavailable",
    message: `Refused because its rule has a budget, and ${clause}: see clrk status`,
  };
}

function amount({ unit }: BudgetCount, value: number): string {
  return unit === "tokens" ? `${value} tokens` : `${formatMicroDollars(value)} USD`;
}
