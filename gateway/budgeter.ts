/** Budgets as sessions use them: who asks reserves the most that a call may use, and says in the end what it used. */

import type { BudgetCount } from "./snapshot.ts";

/** The most that a call may use. */
export interface CallMost {
  readonly tokens: number;
  /** Null where no price is known; then no count of its rule is in money */
  readonly microDollars: number | null;
}

/** What a call needs. */
export interface CallNeed extends CallMost {
  /** What it will probably use: charged where nobody is left who could settle it */
  readonly expected: CallMost;
  /** Id of its transaction, by which its record is found then */
  readonly transaction: string;
}

/** Whether a reservation stands: nothing may be done by one that is `pending`, and one that is `lost` holds nothing. */
export type ReservationStanding = "pending" | "open" | "lost";

/** A call that has room in every count of its budget. */
export interface Reservation {
  /** `pending` while it waits to be written down, together with others; `lost` where that could not be */
  readonly standing: ReservationStanding;
  /** Calls back, once, when it is pending no more; at once where it is not */
  whenWritten(callback: () => void): void;
  /** Ends it with what was used; the second time does nothing. An estimate may be taken back later. */
  settle(used: CallMost & { readonly isEstimated?: boolean }): void;
}

/** What budgets say about one more call. */
export type BudgetVerdict =
  | { readonly kind: "reserved"; readonly reservation: Reservation }
  | {
      readonly kind: "exhausted";
      readonly count: BudgetCount;
      /** In the count's unit: what the call may use, and what there is; at least 0 */
      readonly needed: number;
      readonly left: number;
      /** When the count begins anew; null: never */
      readonly afterMs: number | null;
    }
  /** Nothing can be counted now: `full`, because more is counted than has room, or because it cannot be written down */
  | { readonly kind: "unavailable"; readonly cause: "full" | "unwritable" };

/** Keeps budgets. */
export interface Budgeter {
  /** Reserves in each count, or in none; what is reserved may still be pending. */
  reserve(counts: readonly BudgetCount[], caller: string, need: CallNeed): BudgetVerdict;
}
