/** Rate limits for tests: real ones, in tables of their own. */
import { createLimitMemory, LimitTable } from "../limit-table.ts";
import type { PortionAsk } from "../portion-holder.ts";
import { createPortionMemory, PortionTable } from "../portion-table.ts";
import { PortionWaiters } from "../portion-waiters.ts";
import { RateLimits } from "../rate-limits.ts";
import { createCounters, ThreadCounters } from "../thread-counters.ts";

/** What of the limits a test says. */
export interface LimiterParts {
  /** Stands still at 1,000 when absent */
  readonly nowMs?: () => number;
  readonly places?: number;
  readonly agents?: Readonly<Record<string, string>>;
  /** Replicas that share; a number below 0: so many did, and the store is lost. Nothing is shared when absent */
  readonly replicas?: number;
}

/** Limits of one thread with its counters, what it asked for, and the portions that it is given. */
export function createLimiter({
  nowMs = () => 1_000,
  places = 64,
  agents = {},
  replicas,
}: LimiterParts = {}) {
  const counters = new ThreadCounters(createCounters(1), 0);
  const asks: PortionAsk[] = [];
  const portions = new PortionTable(createPortionMemory(places));
  const waiters = new PortionWaiters((ask) => asks.push(ask));
  if (replicas !== undefined) {
    portions.setStore({ isReachable: replicas > 0, replicas: Math.abs(replicas) });
  }
  const limiter = new RateLimits({
    table: new LimitTable(createLimitMemory(places)),
    counters,
    nowMs,
    agentOfRun: (runId) => agents[runId],
    shared: replicas === undefined ? undefined : { table: portions, waiters },
  });
  return { limiter, counters, asks, portions, waiters };
}
