/** What is counted of the requests of one side of a rollout: sums, so that those of several processes add up. */

import { recordedCost } from "./record-cost.ts";
import type { EgressRecord } from "./record.ts";

/** Sums over requests and connections. */
export interface SideCounts {
  readonly requests: number;
  /** Refused, by whatever decided */
  readonly denied: number;
  /** Let by, and answered with 5xx, or not at all */
  readonly errors: number;
  /** Those whose cost is known */
  readonly priced: number;
  /** Of these, USD millionths */
  readonly microDollars: number;
  /** Those that an upstream began to answer */
  readonly timed: number;
  /** Of these, `ms` from the first byte of the request to that of the answer */
  readonly latencyMs: number;
}

/** Nothing counted. */
export const noCounts: SideCounts = {
  requests: 0,
  denied: 0,
  errors: 0,
  priced: 0,
  microDollars: 0,
  timed: 0,
  latencyMs: 0,
};

/** Reads counts of another process; undefined for what is none. */
export function readCounts(value: unknown): SideCounts | undefined {
  const { requests, denied, errors, priced, microDollars, timed, latencyMs } = Object(value);
  const counts = { requests, denied, errors, priced, microDollars, timed, latencyMs };
  const isSums = Object.values(counts).every((sum) => Number.isFinite(sum) && sum >= 0);
  return isSums ? counts : undefined;
}

/** Both together. */
export function addCounts(left: SideCounts, right: SideCounts): SideCounts {
  return {
    requests: left.requests + right.requests,
    denied: left.denied + right.denied,
    errors: left.errors + right.errors,
    priced: left.priced + right.priced,
    microDollars: left.microDollars + right.microDollars,
    timed: left.timed + right.timed,
    latencyMs: left.latencyMs + right.latencyMs,
  };
}

/** What one record adds. */
export function countsOf(record: EgressRecord): SideCounts {
  const { decision, response, timings, charge, cost, kind } = record;
  const isDenied = decision.verdict === "deny";
  const isError = !isDenied && kind === "http" && (response.status === 0 || response.status >= 500);
  const isPriced = (cost ?? charge?.cost ?? null) !== null;
  const latencyMs = isDenied ? null : timings.timeToFirstByteMs;
  return {
    requests: 1,
    denied: isDenied ? 1 : 0,
    errors: isError ? 1 : 0,
    priced: isPriced ? 1 : 0,
    microDollars: recordedCost(record).microDollars,
    timed: latencyMs === null ? 0 : 1,
    latencyMs: latencyMs ?? 0,
  };
}
