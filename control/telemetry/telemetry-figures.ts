/**
 * The store at a glance, for people and programs that watch over it: whether it stores, what waits, and what is lost for
 * good. No text of a record is in it.
 */
import type { TelemetryStatus } from "./open-telemetry.ts";

/** Counts begin with the control process. */
export interface TelemetryFigures {
  /** `waiting`: there is a store, but nothing is stored now; files and spool keep what comes */
  readonly state: "ready" | "waiting" | "unavailable";
  /** Why it is not ready; empty when it is */
  readonly reason: string;
  readonly storedRows: number;
  /** Bytes of records and of agents' telemetry that are on disk and not stored yet */
  readonly waitingBytes: number;
  /** Bytes of files that were rotated away or deleted before they were stored */
  readonly lostBytes: number;
  /** Lines that are no rows, such as half of one */
  readonly malformedLines: number;
  /** Rows that the store can never take; see `quarantine.jsonl` */
  readonly quarantinedRows: number;
  /** Rows that are in no quarantine either, because it was full */
  readonly droppedRows: number;
  /** Rows of agents that found the spool full and were refused with 503 */
  readonly refusedRows: number;
  /** Rows that went before their age, because the tables were too large */
  readonly evictedRows: number;
  /** Starts of the store's process after its first */
  readonly restarts: number;
}

/** Whether there is a store to be asked, and why there is none. */
type Availability =
  | { readonly kind: "ready" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** The figures of a service. */
export function telemetryFigures(
  now: Availability,
  status: TelemetryStatus | undefined,
): TelemetryFigures {
  const { records, agents, writer, retention } = status ?? {};
  const readers = [records, agents?.otel_traces, agents?.otel_logs];
  const sum = (of: "waitingBytes" | "lostBytes" | "malformedLines") =>
    readers.reduce((total, reader) => total + (reader?.[of] ?? 0), 0);
  return {
    ...stateOf(now, writer),
    storedRows: writer?.storedRows ?? 0,
    waitingBytes: sum("waitingBytes"),
    lostBytes: sum("lostBytes"),
    malformedLines: sum("malformedLines"),
    quarantinedRows: writer?.quarantine.rows ?? 0,
    droppedRows: writer?.quarantine.dropped ?? 0,
    refusedRows: (agents?.otel_traces.refusedRows ?? 0) + (agents?.otel_logs.refusedRows ?? 0),
    evictedRows: retention?.evictedRows ?? 0,
    restarts: status?.process?.restarts ?? 0,
  };
}

function stateOf(
  now: Availability,
  writer: TelemetryStatus["writer"],
): Pick<TelemetryFigures, "state" | "reason"> {
  if (now.kind === "unavailable") return { state: "unavailable", reason: now.reason };
  if (writer?.error === undefined) return { state: "ready", reason: "" };
  return { state: "waiting", reason: `Nothing is stored now: ${writer.error}` };
}
