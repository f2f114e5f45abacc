/** Rate limits of one thread: who is counted together, and all of a request's limits or none of them. */

import type { LimitedRequest, LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { LimitPlan } from "../gateway/snapshot.ts";
import { agentKey, executionKey, nameOf } from "./caller-key.ts";
import { KnownKeys } from "./known-keys.ts";
import type { LimitTable } from "./limit-table.ts";
import type { ThreadCounters } from "./thread-counters.ts";

/** What limits of a thread are given. */
export interface RateLimitsOptions {
  readonly table: LimitTable;
  readonly counters: ThreadCounters;
  /** Monotonic time in `ms`, the same for all threads */
  readonly nowMs: () => number;
  /** `Kind/namespace/name` of the agent of a run; undefined for one that this thread has not heard of */
  readonly agentOfRun: (runId: string) => string | undefined;
}

/** A separator that no part of a key can hold. */
const between = "\u0000";

/** Counts requests of one thread in the table of all. */
export class RateLimits implements RateLimiter {
  readonly #options: RateLimitsOptions;
  readonly #routeNames = new KnownKeys(nameOf);
  readonly #keys = new KnownKeys(limitKey);
  readonly #executionKeys = new KnownKeys((limit: LimitPlan, caller) =>
    limitKey(limit, executionKey(caller)),
  );

  constructor(options: RateLimitsOptions) {
    this.#options = options;
  }

  take(limits: readonly LimitPlan[], request: LimitedRequest): LimitVerdict {
    const { table, counters, nowMs } = this.#options;
    const now = nowMs();
    for (const [position, limit] of limits.entries()) {
      const outcome = table.take(this.#keyOf(limit, request), limit, now);
      if (outcome.kind === "taken") continue;
      this.giveBack(limits.slice(0, position), request);
      counters.add(outcome.kind === "full" ? "fullLimits" : "limitedRequests", 1);
      return { kind: "limited", limit, afterMs: outcome.afterMs, cause: outcome.kind };
    }
    return { kind: "taken" };
  }

  giveBack(limits: readonly LimitPlan[], request: LimitedRequest): void {
    const { table, nowMs } = this.#options;
    const now = nowMs();
    for (const limit of limits) table.giveBack(this.#keyOf(limit, request), limit, now);
  }

  #keyOf(limit: LimitPlan, { caller, route }: LimitedRequest): string {
    switch (limit.scope) {
      case "PerRoute":
        return this.#keys.get(limit, this.#routeNames.get(route, ""));
      case "PerExecution":
        return this.#executionKeys.get(limit, caller);
      case "PerAgent":
        return this.#keys.get(limit, agentKey(caller, this.#options.agentOfRun));
    }
  }
}

function limitKey({ policy, scope }: LimitPlan, counted: string): string {
  return [nameOf(policy), scope, counted].join(between);
}
