/**
 * What recorded transactions use of limits and budgets, counted again in the order in which they began: limits by the
 * engine's own table at the time of the records, budgets by what calls are known to have used. Nothing is used before the
 * first record, and what was under way at once is not reserved.
 */

import { callerParts, identitySeparator } from "../gateway/caller-parts.ts";
import type { EgressRecord } from "../gateway/record.ts";
import type { KnownOutcome } from "../gateway/replay.ts";
import type { BudgetCount, LimitPlan } from "../gateway/snapshot.ts";
import { costOf, findPrice } from "../providers/prices.ts";
import type { PriceEntry } from "../providers/prices.ts";
import { encodeBudgetKey } from "./budget-key.ts";
import { executionKey, nameOf } from "./caller-key.ts";
import { createLimitMemory, LimitTable } from "./limit-table.ts";
import { RateLimits } from "./rate-limits.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";

/** So many counts of budgets are kept; whoever has not been heard of for longest goes. */
const mostCounts = 131_072;

/** What a call under a budget is charged. */
export interface RecordedUse {
  readonly tokens: number;
  /** Null without a price */
  readonly microDollars: number | null;
}

/** What counting makes of an allowed transaction. */
export interface CountedOutcome {
  /** `rate-limited` or `budget-exhausted`; null: there was room, or nothing counts it */
  readonly refusal: "rate-limited" | "budget-exhausted" | null;
  /** Null where no budget counts it, it was refused, or nobody knows what it used */
  readonly use: RecordedUse | null;
  /** A budget counts it, and its record tells no tokens */
  readonly isUncounted: boolean;
}

/** Counts the transactions of one policy. */
export class UseReplay {
  readonly #limits: RateLimits;
  readonly #prices: readonly PriceEntry[];
  readonly #own = new WeakMap<LimitPlan, LimitPlan>();
  readonly #used = new Map<string, number>();
  #nowMs = 0;
  #agent = "";

  constructor(prices: readonly PriceEntry[]) {
    this.#prices = prices;
    this.#limits = new RateLimits({
      table: new LimitTable(createLimitMemory()),
      counters: new ThreadCounters(createCounters(1), 0),
      nowMs: () => this.#nowMs,
      agentOfRun: () => this.#agent,
    });
  }

  /** Takes what an allowed transaction uses, or tells what has no room for it. Records come in order of their start. */
  count(record: EgressRecord, outcome: KnownOutcome): CountedOutcome {
    const { limits, budget, route, audits } = outcome;
    if (outcome.verdict === "deny") return nothingCounted;
    this.#nowMs = Math.max(this.#nowMs, record.startUnixMs);
    this.#agent = record.agent === null ? "" : nameOf(record.agent);
    const caller = callerOf(record);
    if (limits.length > 0 && route !== null) {
      const verdict = this.#limits.take(
        limits.map((limit) => this.#alone(limit)),
        { caller, route },
      );
      if (verdict.kind === "limited" && !audits)
        return { ...nothingCounted, refusal: "rate-limited" };
    }
    if (budget === null) return nothingCounted;
    const use = this.#useOf(record, outcome);
    if (use === null) return { ...nothingCounted, isUncounted: true };
    const hasRoom = this.#reserve(budget.counts, { caller, use });
    if (hasRoom || audits) return { refusal: null, use, isUncounted: false };
    return { ...nothingCounted, refusal: "budget-exhausted" };
  }

  /** Replicas cannot be asked about the past: what this gateway let by is counted. */
  #alone(limit: LimitPlan): LimitPlan {
    if (limit.shared === undefined) return limit;
    const made = this.#own.get(limit);
    if (made !== undefined) return made;
    const { shared: _shared, ...own } = limit;
    this.#own.set(limit, own);
    return own;
  }

  #useOf({ usage, model, provider, routing }: EgressRecord, { destinations }: KnownOutcome) {
    const { inputTokens = null, outputTokens = null } = usage ?? {};
    if (usage === null || inputTokens === null || outputTokens === null) return null;
    const [only] = destinations;
    const isOnly = destinations.length === 1;
    const served = (isOnly ? only?.provider : routing?.provider) || provider || "";
    const name = (isOnly ? only?.model : routing?.model) ?? model?.requestModel ?? "";
    const price = findPrice(this.#prices, served, name);
    const tokens = inputTokens + outputTokens;
    if (price === undefined) return { tokens, microDollars: null };
    const microDollars = costOf(price, {
      input: inputTokens,
      cachedInput: usage.cachedInputTokens ?? 0,
      cacheWrite: usage.cacheWriteTokens ?? 0,
      output: outputTokens,
    });
    return { tokens, microDollars };
  }

  #reserve(
    counts: readonly BudgetCount[],
    { caller, use }: { readonly caller: string; readonly use: RecordedUse },
  ): boolean {
    const day = new Date(this.#nowMs).toISOString().slice(0, 10);
    const needs = counts.map((count) => {
      const counted = count.scope === "day" ? day : executionKey(caller);
      const key = encodeBudgetKey({ ...count, counted });
      const amount = count.unit === "tokens" ? use.tokens : (use.microDollars ?? 0);
      return { key, after: (this.#used.get(key) ?? 0) + amount, limit: count.limit };
    });
    if (needs.some(({ after, limit }) => after > limit)) return false;
    for (const { key, after } of needs) this.#keep(key, after);
    return true;
  }

  #keep(key: string, used: number): void {
    this.#used.delete(key);
    this.#used.set(key, used);
    if (this.#used.size <= mostCounts) return;
    const [oldest] = this.#used.keys();
    if (oldest !== undefined) this.#used.delete(oldest);
  }
}

const nothingCounted: CountedOutcome = { refusal: null, use: null, isUncounted: false };

/** The caller as its connection proved it. */
function callerOf({ agent }: EgressRecord): string {
  if (agent === null) return "";
  if (agent.kind === "Process") return `run:${agent.uid}`;
  return callerParts.map((part) => agent[part]).join(identitySeparator);
}
