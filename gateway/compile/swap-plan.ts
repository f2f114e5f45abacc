/** What the engine writes over between agent and upstream, if anything: placeholders in requests, values in answers. */

import type { CredentialUse, SwapPlan } from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import type { PlanScope } from "./engine-plan.ts";
import { planId } from "./plan-id.ts";

/** Whether anything is written over on the way of requests with this credential. */
export function isSwapped({ kind, scrub }: CredentialUse): boolean {
  return kind === "placeholder" || scrub === true;
}

/** What is written over on the way of requests with these credentials; undefined when nothing is. */
export function swapPlan(
  { gateway, placeholderTag }: Pick<PlanScope, "gateway" | "placeholderTag">,
  credentials: readonly CredentialUse[],
): SwapPlan | undefined {
  if (!credentials.some(isSwapped)) return undefined;
  return withSwapId({
    gateway: gatewayKey(gateway.metadata),
    placeholders: credentials.filter((use) => use.kind === "placeholder"),
    scrubs: credentials.filter(({ scrub }) => scrub),
    ...(placeholderTag !== undefined && { tag: placeholderTag }),
  });
}

/** The plan of requests in which no placeholder may be; undefined where there are none. */
export function watchPlan({
  gateway,
  placeholderTag: tag,
}: Pick<PlanScope, "gateway" | "placeholderTag">): SwapPlan | undefined {
  if (tag === undefined) return undefined;
  return withSwapId({ gateway: gatewayKey(gateway.metadata), placeholders: [], scrubs: [], tag });
}

function withSwapId(plan: Omit<SwapPlan, "id">): SwapPlan {
  return { id: planId(plan), ...plan };
}
