/** Whether the limits and the budget of a call's rule have room for it: in all of them, or nothing of any is taken. */

import { refuseLimited } from "../gateway/limit-refusal.ts";
import type { Command, WorkOutcome } from "../gateway/decision.ts";
import type { LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { AccountTools, AskedBudget, CallAccount } from "./call-account.ts";
import { openAccount } from "./call-account.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";

/** A call that may go on, or why it is refused. */
export type AdmittedCall =
  /** `account` is undefined where no budget counts the call */
  | { readonly kind: "admitted"; readonly account: CallAccount | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A call of whose limits something must be known first; nothing is taken yet. */
export interface WaitingCall {
  readonly kind: "waiting";
  readonly work: Command;
  /** What becomes of it after the work, however that ended */
  readonly settle: (outcome: WorkOutcome) => AdmittedCall;
}

/** What calls are admitted by. */
export interface AdmissionTools extends AccountTools {
  readonly limiter: RateLimiter;
}

/** Who asks, and by which transaction. */
export type AskingCall = Pick<AskedBudget, "caller" | "transaction">;

/** Takes what the call needs: of limits first, because what a budget reserves is written down. */
export function admitCall(
  { rule, demands }: Pick<RoutedCall, "rule" | "demands">,
  { caller, transaction }: AskingCall,
  tools: AdmissionTools,
): AdmittedCall | WaitingCall {
  if (rule === undefined) return { kind: "admitted", account: undefined };
  const { limiter } = tools;
  const { budget, limits = noLimits, route } = rule;
  const request = { caller, route };
  const reserve = (): AdmittedCall => {
    if (budget === undefined || budget.counts.length === 0) {
      return { kind: "admitted", account: undefined };
    }
    const opened = openAccount(budget, { caller, demands, transaction }, tools);
    if (opened.kind === "open") return { kind: "admitted", account: opened.account };
    if (limits.length > 0) limiter.giveBack(limits, request);
    return opened;
  };
  if (limits.length === 0) return reserve();
  const admitBy = (verdict: LimitVerdict): AdmittedCall =>
    verdict.kind === "taken" ? reserve() : { kind: "refused", refusal: refuseLimited(verdict) };
  const verdict = limiter.take(limits, request);
  if (verdict.kind !== "work") return admitBy(verdict);
  return {
    kind: "waiting",
    work: verdict,
    settle: (outcome) => admitBy(limiter.settle(limits, request, outcome)),
  };
}

const noLimits: readonly never[] = [];
