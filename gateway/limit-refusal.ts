/**
 * What an agent is told whose limit is reached: status 429 (RFC 6585), `retry-after` in seconds (RFC 9110), and the
 * fields `ratelimit` and `ratelimit-policy` of draft-ietf-httpapi-ratelimit-headers-11.
 */

import { formatDuration } from "../crds/duration.ts";
import { formatReference } from "../crds/meta.ts";
import type { Decision } from "./decision.ts";
import type { LimitVerdict } from "./rate-limiter.ts";
import type { LimitPlan } from "./snapshot.ts";
import { wholeSeconds } from "./whole-seconds.ts";

const counted: Readonly<Record<LimitPlan["scope"], string>> = {
  PerAgent: "for each agent",
  PerExecution: "for each execution of an agent",
  PerRoute: "by each route",
};

/** The refusal of a request that a limit has no room for. */
export function refuseLimited({
  limit,
  afterMs,
  cause,
}: Extract<LimitVerdict, { kind: "limited" }>): Extract<Decision, { kind: "deny" }> {
  const { policy, requests, windowMs, scope, isTotal } = limit;
  if (isTotal && cause === "spent") return refuseSpent(limit);
  const seconds = wholeSeconds(afterMs);
  if (cause === "unreachable") return refuseUnknown(limit, seconds);
  const label = formatReference(policy);
  const what = `${requests} ${requests === 1 ? "request" : "requests"} in ${formatDuration(windowMs)}`;
  const reason =
    cause === "full"
      ? `${label} cannot count any more callers at once`
      : `${label} allows ${what} ${counted[scope]}`;
  return {
    kind: "deny",
    status: 429,
    reason: "rate-limited",
    message: `Refused because ${reason}: try again in ${seconds} s`,
    headers: [
      ["retry-after", String(seconds)],
      ["ratelimit-policy", `"${policy.name}";q=${requests};w=${wholeSeconds(windowMs)}`],
      ["ratelimit", `"${policy.name}";r=0;t=${seconds}`],
    ],
  };
}

/** Not 429: it is not the agent's use that is at fault. */
function refuseUnknown(
  { policy }: LimitPlan,
  seconds: number,
): Extract<Decision, { kind: "deny" }> {
  return {
    kind: "deny",
    status: 503,
    reason: "limit-unavailable",
    message: `Refused because ${formatReference(policy)} is shared by replicas, and what they let by cannot be asked now: try again in ${seconds} s`,
    headers: [["retry-after", String(seconds)]],
  };
}

/** To try again is no use. */
function refuseSpent({ policy, requests, scope }: LimitPlan): Extract<Decision, { kind: "deny" }> {
  const what = `${requests} ${requests === 1 ? "call" : "calls"} in all ${counted[scope]}`;
  return {
    kind: "deny",
    status: 429,
    reason: "rate-limited",
    message: `Refused because ${formatReference(policy)} allows ${what}, and they are used up`,
  };
}
