/** Whether the limits and the budget of a call's rule have room for it: in all of them, or nothing of any is taken. */

import type { Budgeter } from "../gateway/budgeter.ts";
import { refuseLimited } from "../gateway/limit-refusal.ts";
import type { RateLimiter } from "../gateway/rate-limiter.ts";
import type { CallAccount } from "./call-account.ts";
import { openAccount } from "./call-account.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";

/** A call that may go on, or why it is refused. */
export type AdmittedCall =
  /** `account` is undefined where no budget counts the call */
  | { readonly kind: "admitted"; readonly account: CallAccount | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Takes what the call needs: of limits first, because what a budget reserves is written down. */
export function admitCall(
  { rule, demands }: Pick<RoutedCall, "rule" | "demands">,
  caller: string,
  { budgeter, limiter }: { readonly budgeter: Budgeter; readonly limiter: RateLimiter },
): AdmittedCall {
  if (rule === undefined) return { kind: "admitted", account: undefined };
  const { budget, limits = noLimits, route } = rule;
  const request = { caller, route };
  if (limits.length > 0) {
    const verdict = limiter.take(limits, request);
    if (verdict.kind === "limited") return { kind: "refused", refusal: refuseLimited(verdict) };
  }
  if (budget === undefined || budget.counts.length === 0) {
    return { kind: "admitted", account: undefined };
  }
  const opened = openAccount(budget, { caller, demands }, budgeter);
  if (opened.kind === "open") return { kind: "admitted", account: opened.account };
  if (limits.length > 0) limiter.giveBack(limits, request);
  return opened;
}

const noLimits: readonly never[] = [];
