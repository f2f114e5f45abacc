/**
 * What a screen is told of traffic, several times a second: counts since somebody looked first, exact however much
 * passes, and the newest transactions, of which most are left out when there are many.
 */
import type { EgressRecord } from "./record.ts";

/** Counts of a set of transactions; each transaction is in it once. */
export interface ActivityCounts {
  readonly requests: number;
  readonly denied: number;
  /** Let by in audit mode, where they would have been denied */
  readonly audited: number;
  /** Allowed, and answered by no response or a status from 500 on */
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of calls whose price is known */
  readonly microDollars: number;
  /** Calls with tokens whose price is not */
  readonly unpriced: number;
}

/** One line of what an agent did most: a model, a host, a reason of denials. */
export interface ActivityShare {
  /** Text from outside; `other` for all that found no place */
  readonly name: string;
  readonly requests: number;
  readonly denied: number;
  readonly tokens: number;
  readonly microDollars: number;
}

/** One agent. */
export interface AgentActivity {
  /** `Kind/namespace/name`; empty where nobody proved who called, `other` for all that found no place */
  readonly agent: string;
  /** Since somebody looked first */
  readonly total: ActivityCounts;
  /** The same for the last 60 s */
  readonly lastMinute: ActivityCounts;
  /** Of its last 128 HTTP transactions; null where there was none */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Commands of it that run behind the gateway now */
  readonly runs: number;
  /** When its last transaction was over, Unix `ms` */
  readonly lastUnixMs: number;
  readonly models: readonly ActivityShare[];
  readonly hosts: readonly ActivityShare[];
  readonly reasons: readonly ActivityShare[];
}

/** One transaction. */
export interface ActivityLine {
  /** Without its capture */
  readonly record: EgressRecord;
  /** What it cost; null where it is no call of a model, or its price is not known */
  readonly microDollars: number | null;
}

/** One report. */
export interface ActivityReport {
  /** Of all agents */
  readonly total: ActivityCounts;
  readonly lastMinute: ActivityCounts;
  /** In the first report all, then those that changed */
  readonly agents: readonly AgentActivity[];
  /** Newest last; at most 32 */
  readonly lines: readonly ActivityLine[];
  /** Transactions since the last report that are not among `lines` */
  readonly skipped: number;
}
