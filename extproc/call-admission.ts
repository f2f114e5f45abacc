/** Whether the limits and the budget of a call's rule have room for it: in all of them, or nothing of any is taken. */

import { refuseLimited } from "../gateway/limit-refusal.ts";
import type { RateLimiter } from "../gateway/rate-limiter.ts";
import type { AccountTools, CallAccount } from "./call-account.ts";
import { openAccount } from "./call-account.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";

/** A call that may go on, or why it is refused. */
export type AdmittedCall =
  /** `account` is undefined where no budget counts the call */
  | { readonly kind: "admitted"; readonly account: CallAccount | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Takes what the call needs. */
export function admitCall(
  { rule, demands }: Pick<RoutedCall, "rule" | "demands">,
  { caller, transaction }: { readonly caller: string; readonly transaction: string },
  tools: AccountTools & { readonly limiter: RateLimiter },
): AdmittedCall {
  const { budget, limits = [], route } = rule ?? {};
  const isCounted = budget !== undefined && budget.counts.length > 0;
  const asked = { caller, demands, transaction };
  const opened = isCounted ? openAccount(budget, asked, tools) : undefined;
  if (opened?.kind === "refused") return opened;
  const account = opened?.account;
  if (limits.length === 0 || route === undefined) return { kind: "admitted", account };
  const verdict = tools.limiter.take(limits, { caller, route });
  if (verdict.kind === "taken") return { kind: "admitted", account };
  account?.cancel();
  return { kind: "refused", refusal: refuseLimited(verdict) };
}
