/** What an entry does not say itself: the stream it came on, and the snapshot that its decision refers to. */

import { envoy } from "../proto/gen/accesslog.js";
import type { InvocationTraces } from "../invocation-trace.ts";
import type { EgressRecord, RecordAgent } from "../record.ts";
import type { RuleFactsIndex } from "../rule-facts.ts";

/** Context of the entries of one stream. */
export interface EntryContext {
  readonly gateway: { readonly namespace: string; readonly name: string };
  readonly listener: EgressRecord["listener"];
  readonly revision: number;
  readonly ruleFacts: RuleFactsIndex;
  /** Names the policy that is tried on a share of agents now, whose facts are in the index too; absent: none is */
  readonly side?: string;
  /** The agent behind a caller in filter state; null when there is none */
  readonly findAgent: (caller: string) => RecordAgent | null;
  /** Absent: no invocation has a trace of its own */
  readonly traces?: InvocationTraces;
}

/** Stands in for the common part that Envoy always sends. */
export function emptyCommon(): envoy.data.accesslog.v3.AccessLogCommon {
  return envoy.data.accesslog.v3.AccessLogCommon.create();
}

/** Start of the transaction in the record's three forms. */
export function startOf(
  common: envoy.data.accesslog.v3.AccessLogCommon,
): Pick<EgressRecord, "time" | "startUnixMs" | "startUnixNs"> {
  const seconds = common.startTime?.seconds ?? 0;
  const nanos = common.startTime?.nanos ?? 0;
  const startUnixMs = seconds * 1_000 + Math.floor(nanos / 1_000_000);
  return {
    time: new Date(startUnixMs).toISOString(),
    startUnixMs,
    startUnixNs: `${seconds}${String(nanos).padStart(9, "0")}`,
  };
}
