/**
 * What a call is charged in the end: what its provider counted, or an estimate of what the provider accepted where it
 * told nothing. An estimate is never below what was seen, and never 0 for what may have been used.
 */

import type { CallCharge, TokenUsage } from "../gateway/call-facts.ts";
import type { CallMost } from "../gateway/budgeter.ts";
import { costOf, mostCostOf } from "../providers/prices.ts";
import type { CallDemand } from "./call-demand.ts";

/** How the call went, as far as the engine saw it. */
export interface CallEnd {
  /** Of the candidate that answered; absent: nobody knows who did */
  readonly demand: CallDemand | undefined;
  /** 0 when no answer came */
  readonly status: number;
  /** Whether the answer is the gateway's own: the provider gave none */
  readonly isLocal: boolean;
  /** No byte of the request reached a provider */
  readonly isUnsent: boolean;
  /** Bytes of the answer's body that were seen */
  readonly answerBytes: number;
  /** Null where the answer held none that could be read */
  readonly usage: TokenUsage | null;
  /** The answer told how it ended, and so its counts are the last */
  readonly isWhole: boolean;
}

/** Bytes of an answer that are taken for a token of output: about what text has, far fewer than an event takes. */
const bytesOfToken = 4;

/** The charge for a call; `most` is what was reserved. */
export function chargeFor(end: CallEnd, most: CallMost): CallCharge {
  const { demand, status, isLocal, isUnsent, usage } = end;
  if (isUnsent || (!isLocal && status >= 400 && usage === null)) {
    return { tokens: 0, microDollars: demand?.price === null ? null : 0, isEstimated: false };
  }
  if (demand === undefined || isLocal || status === 0) return { ...most, isEstimated: true };
  return accepted(end, demand);
}

function accepted({ usage, isWhole, answerBytes }: CallEnd, demand: CallDemand): CallCharge {
  const { price } = demand;
  const output = demand.output === 0 ? 0 : usage?.outputTokens;
  const isKnown = usage !== null && usage.inputTokens !== null && typeof output === "number";
  if (isKnown && isWhole) {
    const input = usage.inputTokens ?? 0;
    const cachedInput = Math.min(usage.cachedInputTokens ?? 0, input);
    const cacheWrite = Math.min(usage.cacheWriteTokens ?? 0, input - cachedInput);
    const written = Math.max(output, usage.outputTokens ?? 0);
    const tokens = { input, cachedInput, cacheWrite, output: written };
    const microDollars = price === null ? null : costOf(price, tokens);
    return { tokens: input + written, microDollars, isEstimated: false };
  }
  const input = usage?.inputTokens ?? demand.input;
  const seen = Math.min(demand.output, Math.ceil(answerBytes / bytesOfToken));
  const used = { input, output: Math.max(usage?.outputTokens ?? 0, seen) };
  const microDollars = price === null ? null : mostCostOf(price, used);
  // A count of tokens is free.
  const isEstimated = demand.input + demand.output > 0;
  return { tokens: used.input + used.output, microDollars, isEstimated };
}
