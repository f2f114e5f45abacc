/** Whether the limits and the budget of a call's rule have room for it: in all of them, or nothing of any is taken. */

import { refuseLimited } from "../gateway/limit-refusal.ts";
import { refuseExhausted } from "../gateway/budget-refusal.ts";
import type { WorkOutcome } from "../gateway/decision.ts";
import type { LimitedRequest, LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { RoutedRule } from "../gateway/routing-plan.ts";
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
  /** Gives back what was taken and reserved so far, of a call that goes nowhere any more; `settle()` must not follow */
  cancel(): void;
  /** What becomes of it then, however that ended */
  settle(outcome: WorkOutcome): AdmittedCall | WaitingCall;
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
  asking: AskingCall,
  tools: AdmissionTools,
): AdmittedCall | WaitingCall {
  if (rule === undefined || (rule.budget === undefined && rule.limits === undefined)) return free;
  return new Admission({ rule, demands }, asking, tools).begin();
}

/** One call that asks: what its limits and its budget are asked with, and what waits for them. */
class Admission implements WaitingCall, AskedBudget, LimitedRequest {
  readonly kind = "waiting";
  readonly caller: string;
  readonly transaction: string;
  readonly demands: AskedBudget["demands"];
  readonly route: LimitedRequest["route"];
  readonly #rule: RoutedRule;
  readonly #tools: AdmissionTools;
  #command: SessionCommand | undefined;
  /** Present once something is reserved */
  #account: CallAccount | undefined;

  constructor(
    { rule, demands }: { readonly rule: RoutedRule; readonly demands: AskedBudget["demands"] },
    { caller, transaction }: AskingCall,
    tools: AdmissionTools,
  ) {
    this.caller = caller;
    this.transaction = transaction;
    this.demands = demands;
    this.route = rule.route;
    this.#rule = rule;
    this.#tools = tools;
  }

  get command(): SessionCommand {
    if (this.#command === undefined) throw new TypeError("Cannot wait: nothing is asked for");
    return this.#command;
  }

  begin(): AdmittedCall | WaitingCall {
    const { limits = none } = this.#rule;
    if (limits.length === 0) return this.#reserve();
    const verdict = this.#tools.limiter.take(limits, this);
    if (verdict.kind !== "work") return this.#admitBy(verdict);
    this.#command = { kind: "start-work", work: verdict };
    return this;
  }

  cancel(): void {
    // Nothing is taken before the outcome of work is known.
    if (this.#account === undefined) return;
    this.#account.cancel();
    this.#giveBack();
  }

  settle(outcome: WorkOutcome): AdmittedCall | WaitingCall {
    if (this.#account !== undefined) return this.#settle(this.#account);
    const { limits = none } = this.#rule;
    return this.#admitBy(this.#tools.limiter.settle(limits, this, outcome));
  }

  #admitBy(verdict: LimitVerdict): AdmittedCall | WaitingCall {
    if (verdict.kind === "taken") return this.#reserve();
    return { kind: "refused", refusal: refuseLimited(verdict) };
  }

  /** Many reservations are written down at once, and no call goes on before its own is. */
  #reserve(): AdmittedCall | WaitingCall {
    const { budget } = this.#rule;
    if (budget === undefined || budget.counts.length === 0) return free;
    const opened = openAccount(budget, this, this.#tools);
    if (opened.kind === "refused") return this.#refuse(opened.refusal);
    const { account } = opened;
    const { reservation } = account;
    if (reservation.standing !== "pending") return this.#settle(account);
    this.#account = account;
    this.#command = { kind: "await-reservation", reservation };
    return this;
  }

  #settle(account: CallAccount): AdmittedCall {
    if (account.reservation.standing === "open") return { kind: "admitted", account };
    return this.#refuse(unwritten);
  }

  #refuse(refusal: Refusal): AdmittedCall {
    this.#giveBack();
    return { kind: "refused", refusal };
  }

  #giveBack(): void {
    const { limits = none } = this.#rule;
    if (limits.length > 0) this.#tools.limiter.giveBack(limits, this);
  }
}

const none: readonly never[] = [];

const free: AdmittedCall = { kind: "admitted", account: undefined };

const unwritten = refuseExhausted({ kind: "unavailable", cause: "unwritable" });
