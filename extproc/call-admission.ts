/** Whether the limits and the budget of a call's rule have room for it: in all of them, or nothing of any is taken. */

import type { Budgeter } from "../gateway/budgeter.ts";
import { refuseLimited } from "../gateway/limit-refusal.ts";
import type { Command, WorkOutcome } from "../gateway/decision.ts";
import type { LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { CallAccount } from "./call-account.ts";
import { openAccount } from "./call-account.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";

/** A call that may go on, or why it is refused. */
export type AdmittedCall =
  /** `account` is undefined where no budget counts the call */
  | { readonly kind: "admitted"; readonly account: CallAccount | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** A call of whose limits something must be known first. */
export interface WaitingCall {
  readonly kind: "waiting";
  readonly work: Command;
  /** What becomes of it after the work, however that ended */
  readonly settle: (outcome: WorkOutcome) => AdmittedCall;
  /** In place of `settle`: nobody waits any more */
  readonly cancel: () => void;
}

/** Takes what the call needs. */
export function admitCall(
  { rule, demands }: Pick<RoutedCall, "rule" | "demands">,
  caller: string,
  { budgeter, limiter }: { readonly budgeter: Budgeter; readonly limiter: RateLimiter },
): AdmittedCall | WaitingCall {
  const { budget, limits = [], route } = rule ?? {};
  const isCounted = budget !== undefined && budget.counts.length > 0;
  const opened = isCounted ? openAccount(budget, { caller, demands }, budgeter) : undefined;
  if (opened?.kind === "refused") return opened;
  const account = opened?.account;
  if (limits.length === 0 || route === undefined) return { kind: "admitted", account };
  const request = { caller, route };
  const verdict = limiter.take(limits, request);
  if (verdict.kind !== "work") return admitBy(verdict, account);
  return {
    kind: "waiting",
    work: verdict,
    settle: (outcome) => admitBy(limiter.settle(limits, request, outcome), account),
    cancel: () => account?.cancel(),
  };
}

function admitBy(verdict: LimitVerdict, account: CallAccount | undefined): AdmittedCall {
  if (verdict.kind === "taken") return { kind: "admitted", account };
  account?.cancel();
  return { kind: "refused", refusal: refuseLimited(verdict) };
}
