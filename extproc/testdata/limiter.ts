/** Rate limits for tests: real ones, in a table of their own. */
import { createLimitMemory, LimitTable } from "../limit-table.ts";
import { RateLimits } from "../rate-limits.ts";
import { createCounters, ThreadCounters } from "../thread-counters.ts";

/** What of the limits a test says. */
export interface LimiterParts {
  /** Stands still at 1,000 when absent */
  readonly nowMs?: () => number;
  readonly places?: number;
  readonly agents?: Readonly<Record<string, string>>;
}

/** Limits of one thread with its counters. */
export function createLimiter({ nowMs = () => 1_000, places = 64, agents = {} }: LimiterParts = {}) {
  const counters = new ThreadCounters(createCounters(1), 0);
  const limiter = new RateLimits({
    table: new LimitTable(createLimitMemory(places)),
    counters,
    nowMs,
    agentOfRun: (runId) => agents[runId],
  });
  return { limiter, counters };
}
