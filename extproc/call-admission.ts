/** Whether the limits and the budget of a call's rule have room for it: in all of them, or nothing of any is taken. */

import { refuseLimited } from "../gateway/limit-refusal.ts";
import { refuseExhausted } from "../gateway/budget-refusal.ts";
import type { WorkOutcome } from "../gateway/decision.ts";
import type { LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { AccountTools, AskedBudget, CallAccount } from "./call-account.ts";
import { openAccount } from "./call-account.ts";
import type { SessionCommand } from "./commands.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";

/** A call that may go on, or why it is refused. */
export type AdmittedCall =
  /** `account` is undefined where no budget counts the call */
  | { readonly kind: "admitted"; readonly account: CallAccount | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A call that something must be known of first: of its limits, or that its reservation is written down. */
export interface WaitingCall {
  readonly kind: "waiting";
  /** What the session asks for, whose end comes back to it */
  readonly command: SessionCommand;
  /** Of a call whose reservation is pending; undefined: nothing is reserved yet */
  readonly account: CallAccount | undefined;
  /** What becomes of it then, however that ended */
  readonly settle: (outcome: WorkOutcome) => AdmittedCall | WaitingCall;
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
  const refuse = (refusal: Refusal): AdmittedCall => {
    if (limits.length > 0) limiter.giveBack(limits, request);
    return { kind: "refused", refusal };
  };
  const reserve = (): AdmittedCall | WaitingCall => {
    if (budget === undefined || budget.counts.length === 0) {
      return { kind: "admitted", account: undefined };
    }
    const opened = openAccount(budget, { caller, demands, transaction }, tools);
    return opened.kind === "open" ? whenWritten(opened.account, refuse) : refuse(opened.refusal);
  };
  if (limits.length === 0) return reserve();
  const admitBy = (verdict: LimitVerdict): AdmittedCall | WaitingCall =>
    verdict.kind === "taken" ? reserve() : { kind: "refused", refusal: refuseLimited(verdict) };
  const verdict = limiter.take(limits, request);
  if (verdict.kind !== "work") return admitBy(verdict);
  return {
    kind: "waiting",
    command: { kind: "start-work", work: verdict },
    account: undefined,
    settle: (outcome) => admitBy(limiter.settle(limits, request, outcome)),
  };
}

/** Many reservations are written down at once, and no call goes on before its own is. */
function whenWritten(
  account: CallAccount,
  refuse: (refusal: Refusal) => AdmittedCall,
): AdmittedCall | WaitingCall {
  const { reservation } = account;
  const settle = (): AdmittedCall =>
    reservation.standing === "open" ? { kind: "admitted", account } : refuse(unwritten);
  if (reservation.standing !== "pending") return settle();
  return {
    kind: "waiting",
    command: { kind: "await-reservation", reservation },
    account,
    settle,
  };
}

const unwritten = refuseExhausted({ kind: "unavailable", cause: "unwritable" });

const noLimits: readonly never[] = [];
