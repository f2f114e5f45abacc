/** Compares what was charged with what the provider would bill: call by call where its count was told, in sum elsewhere. */
import type { EgressRecord } from "../../gateway/record.ts";
import type { SpendRun } from "./spend-run.ts";
import { isLost } from "./spend-run.ts";

/** A sum on both sides. */
export interface ComparedSum {
  readonly calls: number;
  readonly charged: number;
  readonly billed: number;
}

/** What came of a run. */
export interface SpendReport {
  readonly requests: number;
  readonly broken: number;
  readonly failed: number;
  /** Calls whose whole request reached the provider */
  readonly accepted: number;
  readonly threadKills: number;
  readonly processKills: number;
  /** Calls that were charged when their thread was lost */
  readonly lost: number;
  /** All that was spent, as the book says, and as the provider bills */
  readonly total: Omit<ComparedSum, "calls">;
  /** Charged as the provider told */
  readonly told: ComparedSum;
  /** Charges that were to be what the provider told and are not; trace ids, the first 10 */
  readonly mismatched: readonly string[];
  /** Everything else, flagged in its record, or without one because the process was killed */
  readonly estimated: ComparedSum;
  /** How far apart they are, from 0 to 1 */
  readonly error: number;
  /** Estimates by what became of the call */
  readonly groups: Readonly<Record<string, ComparedSum>>;
  /** Calls that the provider accepted, with a record that says they cost nothing */
  readonly free: readonly string[];
  /** Calls whose agent got all and whose thread lived, that are estimated all the same */
  readonly needless: readonly string[];
  /** Accepted calls whose charge is in the book only: what else was known of them was lost with a process or thread */
  readonly unrecorded: number;
}

const shown = 10;

/** The report of a run. */
export function reportSpend(run: SpendRun): SpendReport {
  const { bill, calls, used } = run;
  const recordOf = new Map(run.records.map((record) => [traceOf(record), record]));
  const told = { calls: 0, charged: 0, billed: 0 };
  const mismatched: string[] = [];
  const free: string[] = [];
  const needless: string[] = [];
  const groups: Record<string, { calls: number; charged: number; billed: number }> = {};
  let unrecorded = 0;
  const wholeCalls = new Set(
    calls.flatMap(({ traceId, ending }) => (ending === "whole" ? [traceId] : [])),
  );
  let billedTotal = 0;
  for (const [traceId, { input, output, isReported }] of bill) {
    const billed = input + output;
    billedTotal += billed;
    const record = recordOf.get(traceId);
    const charge = record?.charge;
    if (charge?.estimated === false && charge.tokens > 0) {
      told.calls++;
      told.charged += charge.tokens;
      told.billed += billed;
      if (charge.tokens !== billed || !isReported) mismatched.push(traceId);
      continue;
    }
    if (charge === undefined) unrecorded++;
    else if (charge.tokens === 0) free.push(traceId);
    else if (record !== undefined && wholeCalls.has(traceId) && !isLost(record))
      needless.push(traceId);
    addTo(groups, groupOf(record), { charged: charge?.tokens ?? 0, billed });
  }
  for (const record of run.records) {
    // Estimates of calls that never reached the provider are part of the error.
    if (record.charge?.estimated !== true || bill.has(traceOf(record))) continue;
    addTo(groups, "never sent", { charged: record.charge.tokens, billed: 0 });
  }
  const estimated = {
    calls: Object.values(groups).reduce((sum, group) => sum + group.calls, 0),
    charged: used - told.charged,
    billed: billedTotal - told.billed,
  };
  return {
    requests: calls.length,
    broken: calls.filter(({ ending }) => ending === "broken").length,
    failed: calls.filter(({ ending }) => ending === "failed").length,
    accepted: bill.size,
    threadKills: run.threadKills,
    processKills: run.processKills,
    lost: run.records.filter(isLost).length,
    total: { charged: used, billed: billedTotal },
    told,
    mismatched: mismatched.slice(0, shown),
    estimated,
    error: estimated.billed === 0 ? 0 : estimated.charged / estimated.billed - 1,
    groups,
    free: free.slice(0, shown),
    needless: needless.slice(0, shown),
    unrecorded,
  };
}

function traceOf({ trace }: EgressRecord): string {
  return trace?.traceId ?? "";
}

function groupOf(record: EgressRecord | undefined): string {
  if (record?.charge === undefined) return "no record";
  if (isLost(record)) return "thread lost";
  if (record.response.status === 0) return "no answer";
  return record.model?.stream === true ? "cut stream" : "cut answer";
}

function addTo(
  groups: Record<string, { calls: number; charged: number; billed: number }>,
  name: string,
  { charged, billed }: Omit<ComparedSum, "calls">,
): void {
  groups[name] ??= { calls: 0, charged: 0, billed: 0 };
  groups[name].calls++;
  groups[name].charged += charged;
  groups[name].billed += billed;
}
