/** Estimates of one thread: expects what calls will use, charges them when they have ended, and learns from those whose provider told. */

import type { CallCharge } from "../gateway/call-facts.ts";
import type { CallMost } from "../gateway/budgeter.ts";
import { BrokenShares } from "./broken-shares.ts";
import type { CallEnd } from "./call-charge.ts";
import { chargeFor, expectedOf, isTold } from "./call-charge.ts";
import type { CallDemand } from "./call-demand.ts";
import { lessonOf } from "./call-estimate.ts";
import type { Habits, HabitTable } from "./habit-table.ts";
import { nothingKnown } from "./habit-table.ts";

/** What estimates are given. */
export interface CallEstimatesOptions {
  /** What was learned by all threads */
  readonly table: HabitTable;
  /** Wall clock in Unix `ms` */
  readonly nowMs: () => number;
}

/** Of one thread; what agents break off it remembers by itself. */
export class CallEstimates {
  readonly #options: CallEstimatesOptions;
  readonly #shares: BrokenShares;
  readonly #habitsOf = (demand: CallDemand): Habits => this.#options.table.read(demand.habit);

  constructor(options: CallEstimatesOptions) {
    this.#options = options;
    this.#shares = new BrokenShares(options.nowMs);
  }

  /** What a call will probably use, whoever serves it. */
  expect(demands: readonly CallDemand[]): CallMost {
    return expectedOf(demands, this.#habitsOf);
  }

  /** The charge for a call that has ended; `most` is what was reserved for it. */
  charge(end: CallEnd, { caller, most }: { readonly caller: string; readonly most: CallMost }) {
    const charge: CallCharge = chargeFor(end, {
      most,
      habitsOf: this.#habitsOf,
      margin: (estimatedTokens) => this.#shares.onBroken(caller, estimatedTokens),
    });
    if (!charge.isEstimated) this.#shares.onWhole(caller, charge.tokens);
    this.#learn(end);
    return charge;
  }

  #learn(end: CallEnd): void {
    const { demands, usage, seen, isLocal, status } = end;
    const demand = demands[0];
    if (demand === undefined || demands.length > 1 || usage === null) return;
    if (isLocal || status < 200 || status > 299) return;
    if (demand.input === 0 || !isTold(end, demand)) return;
    const { table, nowMs } = this.#options;
    // What a plain answer teaches does not depend on what is known.
    const habits = seen.isStream ? this.#habitsOf(demand) : nothingKnown;
    const lesson = lessonOf(demand, usage, { habits, seen });
    table.learn(demand.habit, lesson, nowMs());
  }
}
