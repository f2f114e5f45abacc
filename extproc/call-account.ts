/** What one call is charged: reserved when it is known who may serve it, settled when all of its answer was read. */

import type { CallCharge, ModelCall } from "../gateway/call-facts.ts";
import type { Budgeter, CallMost, Reservation } from "../gateway/budgeter.ts";
import { CLRK_HEADERS } from "../gateway/headers.ts";
import { refuseExhausted } from "../gateway/budget-refusal.ts";
import type { RuleBudget } from "../gateway/snapshot.ts";
import { mostCostOf } from "../providers/prices.ts";
import { chargeFor } from "./call-charge.ts";
import type { CallDemand } from "./call-demand.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";
import type { HeaderView } from "./transaction-message.ts";

/** A call that has room in its budget, or why it is refused. */
export type OpenedAccount =
  | { readonly kind: "open"; readonly account: CallAccount }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Reserves the most that the call may use, whoever serves it. */
export function openAccount(
  { counts }: RuleBudget,
  call: { readonly caller: string; readonly demands: readonly CallDemand[] },
  budgeter: Budgeter,
): OpenedAccount {
  const most = mostOf(call.demands);
  const verdict = budgeter.reserve(counts, call.caller, most);
  if (verdict.kind !== "reserved") return { kind: "refused", refusal: refuseExhausted(verdict) };
  return { kind: "open", account: new CallAccount(verdict.reservation, most) };
}

/** One call that is under way. */
export class CallAccount {
  readonly #reservation: Reservation;
  readonly #most: CallMost;
  #status = 0;
  #isUnsent = false;
  #answerBytes = 0;

  constructor(reservation: Reservation, most: CallMost) {
    this.#reservation = reservation;
    this.#most = most;
  }

  /** Takes the answer's headers, which are borrowed. */
  onAnswer(headers: HeaderView): void {
    this.#status = Number(headers.find(":status") ?? 0);
    this.#isUnsent = headers.find(CLRK_HEADERS.unsent) !== undefined;
  }

  /** A piece of the answer's body has so many bytes. */
  onPiece(bytes: number): void {
    this.#answerBytes += bytes;
  }

  /** All of the body that was seen has so many bytes when it is decoded. */
  onDecoded(bytes: number): void {
    this.#answerBytes = Math.max(this.#answerBytes, bytes);
  }

  /** Settles with what was read of the call. */
  settle(
    model: ModelCall | null,
    { isLocal, demands }: Pick<RoutedCall, "isLocal" | "demands">,
  ): CallCharge {
    const [demand, ...others] = demands;
    const charge = chargeFor(
      {
        demand: others.length === 0 ? demand : undefined,
        status: this.#status,
        isLocal,
        isUnsent: isLocal && this.#isUnsent,
        answerBytes: this.#answerBytes,
        usage: model?.usage ?? null,
        // Of a stream only the end has the last counts.
        isWhole: model !== null && (!model.isStream || model.finishReasons.length > 0),
      },
      this.#most,
    );
    this.#reservation.settle(charge);
    return charge;
  }
}

function mostOf(demands: readonly CallDemand[]): CallMost {
  let tokens = 0;
  let microDollars: number | null = null;
  for (const demand of demands) {
    tokens = Math.max(tokens, demand.input + demand.output);
    if (demand.price === null) continue;
    microDollars = Math.max(microDollars ?? 0, mostCostOf(demand.price, demand));
  }
  return { tokens, microDollars };
}
