/** Rate limits of one thread: who is counted together, and all of a request's limits or none of them. */

import type { Command, WorkOutcome } from "../gateway/decision.ts";
import { runPrefix } from "../gateway/identity.ts";
import type { LimitedRequest, LimitVerdict, RateLimiter } from "../gateway/rate-limiter.ts";
import type { LimitPlan } from "../gateway/snapshot.ts";
import { agentKey, executionKey, nameOf } from "./caller-key.ts";
import { KnownKeys } from "./known-keys.ts";
import type { LimitTable, TakeOutcome } from "./limit-table.ts";
import type { PortionTable } from "./portion-table.ts";
import type { PortionTry, PortionWaiters } from "./portion-waiters.ts";
import type { ThreadCounters } from "./thread-counters.ts";
import type { Worker } from "./work-runner.ts";

/** What limits of a thread are given. */
export interface RateLimitsOptions {
  readonly table: LimitTable;
  readonly counters: ThreadCounters;
  /** Monotonic time in `ms`, the same for all threads */
  readonly nowMs: () => number;
  /** `Kind/namespace/name` of the agent of a run; undefined for one that this thread has not heard of */
  readonly agentOfRun: (runId: string) => string | undefined;
  /** Absent: nothing can be shared, and limits that are meant to be do what they say for that case */
  readonly shared?: SharedPortions | undefined;
}

/** What the process holds of limits that replicas share. */
export interface SharedPortions {
  readonly table: PortionTable;
  readonly waiters: PortionWaiters;
}

/** Name of the slow work that waits for a portion. */
export const portionWork = "limit-portion";

/** A question to the store takes milliseconds; an agent must not wait for one that hangs. */
const portionDeadlineMs = 250;

/** When to come again where nobody knows. */
const unknownAfterMs = 1_000;

/** A separator that no part of a key can hold. */
const between = "\u0000";

/** Callers whose agent is remembered; of more it is found out anew. */
const mostAgents = 1_024;

const taken = { kind: "settled", value: { kind: "taken" } } as const;

/** Where one request of a limit was taken from. */
type Source = "table" | "portion" | "alone";

type Taken =
  | TakeOutcome
  | { readonly kind: "missing" }
  | { readonly kind: "unreachable"; readonly afterMs: number };

/** Counts requests of one thread in the table of all. */
export class RateLimits implements RateLimiter {
  readonly #options: RateLimitsOptions;
  readonly #routeNames = new KnownKeys(nameOf);
  readonly #keys = new KnownKeys(limitKey);
  readonly #executionKeys = new KnownKeys((limit: LimitPlan, caller) =>
    limitKey(limit, executionKey(caller)),
  );

  /** Of requests that were let by, from where each of their limits was taken; absent: each from the table */
  readonly #sources = new WeakMap<LimitedRequest, readonly Source[]>();
  /** Of callers that say by themselves which agent they are */
  readonly #agents = new Map<string, string>();

  constructor(options: RateLimitsOptions) {
    this.#options = options;
  }

  take(limits: readonly LimitPlan[], request: LimitedRequest): LimitVerdict | Command {
    const found = this.#try(limits, request, "asked");
    if (found.kind === "settled") return this.#count(found.value);
    const input: WaitingRequest = { limits, request, missing: found };
    return { kind: "work", worker: portionWork, input, deadlineMs: portionDeadlineMs };
  }

  settle(
    limits: readonly LimitPlan[],
    request: LimitedRequest,
    outcome: WorkOutcome,
  ): LimitVerdict {
    // What `wait` resolved with.
    if (outcome.kind === "done") return this.#count(outcome.value as LimitVerdict);
    const found = this.#try(limits, request, "lost");
    if (found.kind === "settled") return this.#count(found.value);
    throw new TypeError("Cannot settle limits: something is asked for again");
  }

  /** Does the work that `take()` asks for. */
  readonly wait: Worker = (input, signal) => {
    // Written by `take()`.
    const { limits, request, missing } = input as WaitingRequest;
    const { shared } = this.#options;
    if (shared === undefined) return Promise.reject(new Error("Nothing is shared"));
    return shared.waiters.wait(missing, () => this.#try(limits, request, "asked"), signal);
  };

  #try(
    limits: readonly LimitPlan[],
    request: LimitedRequest,
    store: "asked" | "lost",
  ): PortionTry<LimitVerdict> {
    const now = this.#options.nowMs();
    if (!limits.some(isShared)) return this.#tryOwn(limits, request, now);
    const sources: Source[] = [];
    for (const limit of limits) {
      const key = this.#keyOf(limit, request);
      const { outcome, source } = this.#takeOne(limit, key, { now, store });
      sources.push(source);
      if (outcome.kind === "taken") continue;
      this.#giveBack(limits.slice(0, sources.length - 1), request, { now, sources });
      if (outcome.kind === "missing") return { kind: "missing", caller: key, rate: limit };
      const { kind: cause, afterMs } = outcome;
      return { kind: "settled", value: { kind: "limited", limit, afterMs, cause } };
    }
    this.#sources.set(request, sources);
    if (sources.includes("alone")) this.#options.counters.add("unsharedLimits", 1);
    return taken;
  }

  /** Of limits that nobody shares: all that most requests have. */
  #tryOwn(
    limits: readonly LimitPlan[],
    request: LimitedRequest,
    now: number,
  ): PortionTry<LimitVerdict> {
    const { table } = this.#options;
    let count = 0;
    for (const limit of limits) {
      const outcome = table.take(this.#keyOf(limit, request), limit, now);
      if (outcome.kind !== "taken") {
        for (const before of limits.slice(0, count)) {
          table.giveBack(this.#keyOf(before, request), before, now);
        }
        const { kind: cause, afterMs } = outcome;
        return { kind: "settled", value: { kind: "limited", limit, afterMs, cause } };
      }
      count++;
    }
    return taken;
  }

  #takeOne(
    limit: LimitPlan,
    key: string,
    { now, store }: { readonly now: number; readonly store: "asked" | "lost" },
  ): { readonly outcome: Taken; readonly source: Source } {
    const { table, shared } = this.#options;
    if (limit.shared === undefined)
      return { outcome: table.take(key, limit, now), source: "table" };
    const outcome = shared && this.#takeShared(limit, key, { now, shared });
    if (outcome !== undefined && outcome.kind !== "missing") return { outcome, source: "portion" };
    const isAskable = store === "asked" && shared?.table.isReachable === true;
    if (isAskable) return { outcome: { kind: "missing" }, source: "portion" };
    return { outcome: this.#takeAlone(limit, key, now), source: "alone" };
  }

  #takeShared(
    limit: LimitPlan,
    key: string,
    { now, shared }: { readonly now: number; readonly shared: SharedPortions },
  ): Taken {
    const { table, waiters } = shared;
    const outcome = table.take(key, now);
    switch (outcome.kind) {
      case "taken":
        if (outcome.isLow) waiters.prefetch(key, limit);
        return { kind: "taken" };
      case "spent":
        if (outcome.isOld) waiters.prefetch(key, limit);
        return { kind: "spent", afterMs: outcome.afterMs };
      case "full":
        return { kind: "full", afterMs: unknownAfterMs };
      case "missing":
        return outcome;
    }
  }

  /** What the limit says for the case that nobody can be asked. */
  #takeAlone(limit: LimitPlan, key: string, now: number): Taken {
    const rate = this.#aloneRate(limit);
    if (rate === undefined) return { kind: "unreachable", afterMs: unknownAfterMs };
    return this.#options.table.take(aloneKey(key), rate, now);
  }

  #aloneRate({ requests, windowMs, shared }: LimitPlan) {
    const replicas = this.#options.shared?.table.replicas ?? 0;
    switch (shared?.onUnreachable) {
      case "Local":
        return { requests, windowMs };
      case "LocalShare":
        // Of how many it is a share is not known before the store was reached once.
        if (replicas === 0) return undefined;
        return { requests: Math.max(1, Math.floor(requests / replicas)), windowMs };
      default:
        return undefined;
    }
  }

  #giveBack(
    limits: readonly LimitPlan[],
    request: LimitedRequest,
    { now, sources }: { readonly now: number; readonly sources: readonly Source[] },
  ): void {
    const { table, shared } = this.#options;
    for (const [position, limit] of limits.entries()) {
      const key = this.#keyOf(limit, request);
      const source = sources[position];
      if (source === "portion") shared?.table.giveBack(key, now);
      else if (source === "table") table.giveBack(key, limit, now);
      else table.giveBack(aloneKey(key), this.#aloneRate(limit) ?? limit, now);
    }
  }

  #count(verdict: LimitVerdict): LimitVerdict {
    if (verdict.kind !== "limited") return verdict;
    const { counters } = this.#options;
    if (verdict.cause === "full") counters.add("fullLimits", 1);
    else if (verdict.cause === "spent") counters.add("limitedRequests", 1);
    else counters.add("unreachableLimits", 1);
    return verdict;
  }

  giveBack(limits: readonly LimitPlan[], request: LimitedRequest): void {
    const now = this.#options.nowMs();
    const sources = this.#sources.get(request) ?? limits.map(() => "table");
    this.#giveBack(limits, request, { now, sources });
  }

  #keyOf(limit: LimitPlan, { caller, route }: LimitedRequest): string {
    switch (limit.scope) {
      case "PerRoute":
        return this.#keys.get(limit, this.#routeNames.get(route, ""));
      case "PerExecution":
        return this.#executionKeys.get(limit, caller);
      case "PerAgent":
        return this.#keys.get(limit, this.#agentOf(caller));
    }
  }

  #agentOf(caller: string): string {
    // Which agent a run is of is told later, and forgotten.
    if (caller.startsWith(runPrefix)) return agentKey(caller, this.#options.agentOfRun);
    const known = this.#agents.get(caller);
    if (known !== undefined) return known;
    const agent = agentKey(caller, this.#options.agentOfRun);
    if (this.#agents.size >= mostAgents) this.#agents.clear();
    this.#agents.set(caller, agent);
    return agent;
  }
}

interface WaitingRequest {
  readonly limits: readonly LimitPlan[];
  readonly request: LimitedRequest;
  readonly missing: Extract<PortionTry<LimitVerdict>, { readonly kind: "missing" }>;
}

function isShared({ shared }: LimitPlan): boolean {
  return shared !== undefined;
}

function aloneKey(key: string): string {
  return `alone${between}${key}`;
}

function limitKey({ policy, scope }: LimitPlan, counted: string): string {
  return [nameOf(policy), scope, counted].join(between);
}
