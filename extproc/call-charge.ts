/**
 * What a call is charged in the end: what its provider counted, or an estimate of what the provider accepted where it
 * told nothing. An estimate is never below what was told, and never 0 for what may have been used.
 */

import type { CallCharge, TokenUsage } from "../gateway/call-facts.ts";
import type { CallMost } from "../gateway/budgeter.ts";
import { cachesOf, costOf, mostCostOf } from "../providers/prices.ts";
import type { CallDemand } from "./call-demand.ts";
import type { SeenAnswer } from "./call-estimate.ts";
import { estimateInput, estimateOutput, expectOutput, expectUnbegun } from "./call-estimate.ts";
import type { Habits } from "./habit-table.ts";

/** How the call went, as far as the engine saw it. */
export interface CallEnd {
  /** Of the candidate that answered, or of all that may have */
  readonly demands: readonly CallDemand[];
  /** 0 when no answer came */
  readonly status: number;
  /** Whether the answer is the gateway's own: the provider gave none */
  readonly isLocal: boolean;
  /** No byte of the request reached a provider */
  readonly isUnsent: boolean;
  readonly seen: SeenAnswer;
  /** Null where the answer held none that could be read */
  readonly usage: TokenUsage | null;
  /** The answer told how it ended, and so its counts are the last */
  readonly isWhole: boolean;
}

/** By what a call is estimated. */
export interface ChargeTerms {
  /** What was reserved */
  readonly most: CallMost;
  readonly habitsOf: (demand: CallDemand) => Habits;
  /** How far from the estimate to what was reserved, from 0 to 1; asked only of a call that broke off */
  readonly margin: (estimatedTokens: number) => number;
}

/** What is expected of a call whose thread is lost: the most of those that may serve it. */
export function expectedOf(
  demands: readonly CallDemand[],
  habitsOf: ChargeTerms["habitsOf"],
): CallMost {
  return mostOf(demands, habitsOf, expectOutput);
}

function mostOf(
  demands: readonly CallDemand[],
  habitsOf: ChargeTerms["habitsOf"],
  outputOf: typeof expectOutput,
): CallMost {
  let tokens = 0;
  let microDollars: number | null = null;
  for (const demand of demands) {
    const habits = habitsOf(demand);
    const used = { input: estimateInput(demand, habits), output: outputOf(demand, habits) };
    tokens = Math.max(tokens, used.input + used.output);
    if (demand.price === null) continue;
    microDollars = Math.max(microDollars ?? 0, mostCostOf(demand.price, used));
  }
  return { tokens, microDollars };
}

/** The charge for a call. */
export function chargeFor(end: CallEnd, terms: ChargeTerms): CallCharge {
  const { demands, status, isLocal, isUnsent, usage } = end;
  const demand = demands[0];
  if (isUnsent || (!isLocal && status >= 400 && usage === null)) {
    return { tokens: 0, microDollars: demand?.price === null ? null : 0, isEstimated: false };
  }
  if (demand === undefined) return { ...terms.most, isEstimated: true };
  if (demands.length > 1 || isLocal || status === 0) return unanswered(demands, terms);
  return isTold(end, demand) ? told(end, demand) : seen(end, demand, terms);
}

/** Whether the provider told all of its count. */
export function isTold({ usage, isWhole }: CallEnd, demand: CallDemand): boolean {
  const output = demand.output === 0 ? 0 : usage?.outputTokens;
  return isWhole && usage !== null && usage.inputTokens !== null && typeof output === "number";
}

/** Nobody knows whether the provider made its answer: it may have, once it had the request. */
function unanswered(demands: readonly CallDemand[], { most, habitsOf, margin }: ChargeTerms) {
  const expected = mostOf(demands, habitsOf, expectUnbegun);
  const share = margin(expected.tokens);
  const { microDollars } = expected;
  return {
    tokens: towards(expected.tokens, most.tokens, share),
    microDollars: microDollars && towards(microDollars, most.microDollars ?? 0, share),
    isEstimated: true,
  };
}

function told({ usage }: CallEnd, { price }: CallDemand): CallCharge {
  const input = usage?.inputTokens ?? 0;
  const output = usage?.outputTokens ?? 0;
  const { cachedInput, cacheWrite } = cachesOf(usage, input);
  const microDollars =
    price === null ? null : costOf(price, { input, cachedInput, cacheWrite, output });
  return { tokens: input + output, microDollars, isEstimated: false };
}

/** A provider accepts what it answers with a 2xx head, and has read all of the prompt then. */
function seen(end: CallEnd, demand: CallDemand, terms: ChargeTerms): CallCharge {
  const { usage } = end;
  const { price } = demand;
  const habits = terms.habitsOf(demand);
  const said = usage?.inputTokens ?? null;
  // Nothing of a count of tokens is charged, and a stream that is whole but tells nothing did not break off.
  const isFree = demand.input + demand.output === 0;
  const estimate = said ?? estimateInput(demand, habits);
  const made = estimateOutput(demand, habits, end.seen);
  const output = Math.max(usage?.outputTokens ?? 0, made);
  const share = isFree || end.isWhole ? 0 : terms.margin(estimate + output);
  const input = said ?? towards(estimate, demand.input, share);
  // What the cache did of an input that was not told, nobody knows.
  const cost = (tokens: { readonly input: number; readonly output: number }) => {
    if (price === null) return null;
    if (said === null) return mostCostOf(price, tokens);
    return costOf(price, { ...cachesOf(usage, said), ...tokens });
  };
  const microDollars = cost({ input, output });
  return { tokens: input + output, microDollars, isEstimated: !isFree };
}

function towards(estimate: number, most: number, share: number): number {
  return Math.ceil(estimate + Math.max(0, most - estimate) * share);
}
