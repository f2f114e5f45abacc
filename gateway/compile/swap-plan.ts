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

/** What of credentials is written over where backends are tried one after another: requests for each, and answers. */
export interface AttemptSwaps {
  /** By position; undefined for all where nobody takes a placeholder */
  readonly requests: readonly SwapPlan[] | undefined;
  /** Of whichever backend; undefined: they pass as they are */
  readonly answers: SwapPlan | undefined;
}

/** The plans of backends with these credentials, each apart. */
export function attemptSwaps(
  scope: Pick<PlanScope, "gateway" | "placeholderTag">,
  backends: readonly (readonly CredentialUse[])[],
): AttemptSwaps {
  const takes = backends.some((uses) => uses.some(({ kind }) => kind === "placeholder"));
  const scrubs = new Map(
    backends
      .flat()
      .filter(({ scrub }) => scrub)
      .map((use) => [JSON.stringify(use), use]),
  );
  const gateway = gatewayKey(scope.gateway.metadata);
  const tag = scope.placeholderTag;
  return {
    requests:
      takes && tag !== undefined
        ? backends.map((uses) => {
            const placeholders = uses.filter((use) => use.kind === "placeholder");
            return withSwapId({ gateway, placeholders, scrubs: [], tag });
          })
        : undefined,
    // The request has its placeholders still: attempts look for those that are not theirs.
    answers:
      scrubs.size === 0
        ? undefined
        : withSwapId({ gateway, placeholders: [], scrubs: [...scrubs.values()] }),
  };
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
