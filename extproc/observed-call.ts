/** What is observed of a call: its request as the agent sent it, and what its plan or its rule asks for. */

import type { RoutedRule } from "../gateway/routing-plan.ts";
import type { TraceIds } from "../gateway/trace-context.ts";
import type { ObservedPlan, ObservedRequest } from "./observation.ts";
import type { PlanEntry } from "./plan-book.ts";
import type { HeaderView } from "./transaction-message.ts";

/** Of a request that has no span. */
export const untraced = { traceId: "", spanId: "" };

/** The request by its headers, which stay the caller's. */
export function observedRequest(headers: HeaderView, trace: TraceIds | null): ObservedRequest {
  return {
    method: headers.find(":method") ?? "",
    path: headers.find(":path") ?? "/",
    headers,
    trace: trace ?? untraced,
  };
}

/** What is read and kept of a routed call; undefined: nothing. Where no rule decided, it is as the plan says. */
export function routedPlan(
  { plan, provider }: Pick<PlanEntry, "plan" | "provider">,
  rule: RoutedRule | undefined,
): ObservedPlan | undefined {
  const meters = rule?.meters ?? plan.meters;
  const capture = rule === undefined ? plan.capture : rule.capture;
  if (!meters && capture === undefined) return undefined;
  return { provider, meters, capture, weighs: rule?.budget !== undefined };
}
