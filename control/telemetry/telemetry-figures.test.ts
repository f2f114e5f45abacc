/** Tests of the figures of the store: sums of all readers, and a state that a person understands. */
import t from "tap";
import type { TelemetryStatus } from "./open-telemetry.ts";
import { telemetryFigures } from "./telemetry-figures.ts";

const reader = { storedLines: 0, malformedLines: 1, lostBytes: 20, waitingBytes: 300 };
const agents = { ...reader, bytes: 0, maxBytes: 1, refusedRows: 4 };
const writer = {
  state: "working",
  ...{ queuedBatches: 0, queuedBytes: 0, storedRows: 7, inserts: 1, retries: 0 },
  ...{ refusedRows: 9, quarantine: { path: "/q", rows: 3, dropped: 2 }, highWater: 1n },
} as const;
const status: TelemetryStatus = {
  state: "ready",
  process: { state: "listening", pid: 1, restarts: 5 },
  writer,
  records: reader,
  agents: { otel_traces: agents, otel_logs: agents },
  retention: { bytes: 0, maxBytes: 1, expiredRows: 0, evictedRows: 6 },
};
const ready = { kind: "ready" } as const;

t.test("telemetryFigures() sums over all that is read", async (t) => {
  t.strictSame(telemetryFigures(ready, status), {
    state: "ready",
    reason: "",
    storedRows: 7,
    waitingBytes: 900,
    lostBytes: 60,
    malformedLines: 3,
    quarantinedRows: 3,
    droppedRows: 2,
    refusedRows: 8,
    evictedRows: 6,
    restarts: 5,
  });
});

t.test(
  "telemetryFigures() tells a store that takes nothing, and one that is not there",
  async (t) => {
    const waiting = { ...writer, state: "waiting", error: "connect ENOENT" } as const;
    t.match(telemetryFigures(ready, { ...status, writer: waiting }), {
      state: "waiting",
      reason: "Nothing is stored now: connect ENOENT",
    });
    t.match(telemetryFigures({ kind: "unavailable", reason: "It is off" }, undefined), {
      state: "unavailable",
      reason: "It is off",
      lostBytes: 0,
    });
  },
);
