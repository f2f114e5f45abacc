/** What one call is charged: reserved when it is known who may serve it, settled when all of its answer was read. */

import type { CallCharge, ModelCall } from "../gateway/call-facts.ts";
import type { Budgeter, CallMost, Reservation } from "../gateway/budgeter.ts";
import { CLRK_HEADERS } from "../gateway/headers.ts";
import { refuseExhausted } from "../gateway/budget-refusal.ts";
import type { RuleBudget } from "../gateway/snapshot.ts";
import { mostCostOf } from "../providers/prices.ts";
import type { CallDemand } from "./call-demand.ts";
import type { CallEstimates } from "./call-estimates.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutedCall } from "./routed-call.ts";
import type { HeaderView } from "./transaction-message.ts";

/** A call that has room in its budget, or why it is refused. */
export type OpenedAccount =
  | { readonly kind: "open"; readonly account: CallAccount }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Who asks, and for what. */
export interface AskedBudget {
  readonly caller: string;
  readonly demands: readonly CallDemand[];
  /** Id of the transaction, by which its record is found should its thread be lost */
  readonly transaction: string;
}

/** What an account asks of its thread. */
export interface AccountTools {
  readonly budgeter: Budgeter;
  readonly estimates: CallEstimates;
}

/** Reserves the most that the call may use, whoever serves it; the account may still be pending. */
export function openAccount(
  { counts }: RuleBudget,
  { caller, demands, transaction }: AskedBudget,
  { budgeter, estimates }: AccountTools,
): OpenedAccount {
  const most = mostOf(demands);
  const { tokens, microDollars } = most;
  const need = { tokens, microDollars, expected: estimates.expect(demands), transaction };
  const verdict = budgeter.reserve(counts, caller, need);
  if (verdict.kind !== "reserved") return { kind: "refused", refusal: refuseExhausted(verdict) };
  const { reservation } = verdict;
  return { kind: "open", account: new CallAccount({ reservation, most, caller, estimates }) };
}

/** What an account is given. */
export interface CallAccountOptions {
  readonly reservation: Reservation;
  readonly most: CallMost;
  readonly caller: string;
  readonly estimates: CallEstimates;
}

/** One call that is under way. */
export class CallAccount {
  readonly #options: CallAccountOptions;
  #status = 0;
  #isUnsent = false;
  #pieceBytes = 0;
  /** As the answer's head says; null: it does not */
  #saidBytes: number | null = null;

  constructor(options: CallAccountOptions) {
    this.#options = options;
  }

  /** What was reserved for the call. */
  get reservation(): Reservation {
    return this.#options.reservation;
  }

  /** Ends it for a call that was never sent. */
  cancel(): void {
    this.#options.reservation.settle({ tokens: 0, microDollars: 0 });
  }

  /** Takes the answer's headers, which are borrowed. */
  onAnswer(headers: HeaderView): void {
    this.#status = Number(headers.find(":status") ?? 0);
    // Envoy says so beside its own failures alone.
    this.#isUnsent = this.#status >= 400 && headers.find(CLRK_HEADERS.unsent) !== undefined;
    this.#saidBytes = wholeNumber(headers.find("content-length"));
  }

  /** A piece of the answer's body has so many bytes. */
  onPiece(bytes: number): void {
    this.#pieceBytes += bytes;
  }

  /** Settles with what was read of the call; `textWeight` is that of a streamed answer. */
  settle(model: ModelCall | null, { isLocal, demands, textWeight }: SettledCall): CallCharge {
    const { reservation, estimates, caller, most } = this.#options;
    const isStream = model?.isStream === true;
    // Of a stream only the end has the last counts.
    const isWhole = model !== null && (!isStream || model.finishReasons.length > 0);
    const charge = estimates.charge(
      {
        demands,
        status: this.#status,
        isLocal,
        isUnsent: isLocal && this.#isUnsent,
        seen: { isStream, textWeight, plainBytes: this.#plainBytes(isWhole) },
        usage: model?.usage ?? null,
        isWhole,
      },
      { caller, most },
    );
    reservation.settle(charge);
    return charge;
  }

  /** What came is all where the head said nothing and the answer told its count. */
  #plainBytes(isWhole: boolean): number | null {
    return this.#saidBytes ?? (isWhole && this.#pieceBytes > 0 ? this.#pieceBytes : null);
  }
}

/** Of at most 12 digits and nothing else; null for all else. */
function wholeNumber(text: string | undefined): number | null {
  if (text === undefined || text.length === 0 || text.length > 12) return null;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

/** How a call ended. */
export interface SettledCall extends Pick<RoutedCall, "isLocal" | "demands"> {
  readonly textWeight: number;
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
