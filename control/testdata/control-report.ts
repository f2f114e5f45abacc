/** A report of a control process, with any part of its telemetry replaced. */
import type { ControlReport } from "../process-report.ts";
import type { TelemetryReport } from "../telemetry/telemetry-report.ts";

export function controlReport(changes: Partial<TelemetryReport> = {}): ControlReport {
  return {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "ControlStatus",
    process: { pid: 4712, version: "0.1.0", startedAt: "2026-01-01T23:55:00.000Z", restarts: 1 },
    files: { deletedCount: 0, deleted: [] },
    telemetry: {
      state: "ready",
      problem: null,
      advice: null,
      store: {
        ...{ kind: "embedded", place: "/home/telemetry", pid: 4713, restarts: 0 },
        since: "2026-01-01T23:56:00.000Z",
        memoryBytes: 350 * 1024 ** 2,
        memoryCapBytes: 600 * 1024 ** 2,
        rows: 12_345,
        diskBytes: 64 * 1024 ** 2,
        oldest: "2026-01-01T23:00:00.000Z",
        maxBytes: 5 * 1024 ** 3,
        maxAgeSeconds: 604_800,
      },
      waiting: { records: 0, bytes: 0 },
      storedRows: 100,
      dropped: [],
      otlp: { address: "127.0.0.1:4318", takenRows: 7 },
      forwarded: { sent: 0, waiting: 0, unkept: 0, failing: 0, problem: null },
      ...changes,
    },
    invocations: { state: "open", problem: null, lostEvents: 0 },
  };
}
