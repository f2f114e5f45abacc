/** Tests of what is told of telemetry: each state, each problem with what to do, each loss with its reason. */
import t from "tap";
import type { TelemetryStatus } from "./open-telemetry.ts";
import { telemetryReport } from "./telemetry-report.ts";
import type { TelemetryFacts } from "./telemetry-report.ts";

const reader = { storedLines: 0, malformedLines: 0, lostBytes: 0, waitingBytes: 0 };
const spool = { bytes: 0, maxBytes: 1, refusedRows: 0 };
const status = {
  state: "ready",
  process: { state: "listening", pid: 7, restarts: 0, listeningSinceMs: 1_000 },
  writer: {
    ...{ state: "working", queuedBatches: 0, queuedBytes: 0, storedRows: 5, inserts: 1 },
    ...{ retries: 0, refusedRows: 0, highWater: 1n },
    quarantine: { path: "/q", rows: 0, dropped: 0 },
  },
  records: reader,
  agents: { otel_traces: { ...reader, ...spool }, otel_logs: { ...reader, ...spool } },
  retention: { bytes: 1, maxBytes: 2, expiredRows: 0, evictedRows: 0 },
  receiver: { address: "127.0.0.1:1", takenRows: 2, rejectedItems: 0, refused: {} },
} as const satisfies TelemetryStatus;

const facts: TelemetryFacts = {
  ...{ isOff: false, isClosed: false, failure: "", hasReceiver: true },
  forwarded: undefined,
  ...{ status, figures: { rows: 9, bytes: 10, oldestMs: 0 }, lag: { lines: 1, bytes: 2 } },
  ...{ residentBytes: 3, place: { kind: "embedded", place: "/t" } as const },
  ...{ memoryCapBytes: 4, maxBytes: 5, maxAgeMs: 6_000 },
};
const reportOf = (changes: Partial<TelemetryStatus>, more: Partial<TelemetryFacts> = {}) =>
  telemetryReport({ ...facts, status: { ...status, ...changes }, ...more });

t.test("telemetryReport() has the facts where all is well", async (t) => {
  t.same(telemetryReport(facts), {
    state: "ready",
    problem: null,
    advice: null,
    store: {
      ...{ kind: "embedded", place: "/t", since: "1970-01-01T00:00:01.000Z", pid: 7 },
      ...{ restarts: 0, memoryBytes: 3, memoryCapBytes: 4, rows: 9, diskBytes: 10 },
      ...{ oldest: "1970-01-01T00:00:00.000Z", maxBytes: 5, maxAgeSeconds: 6 },
    },
    waiting: { records: 1, bytes: 2 },
    storedRows: 5,
    dropped: [],
    otlp: { address: "127.0.0.1:1", takenRows: 2 },
    forwarded: null,
  });
});

t.test("telemetryReport() tells what went on to receivers, and what did not", async (t) => {
  const dropped = {
    ...{ queueFull: 1, spoolFull: 2, rejected: 3, brokenOff: 4, givenUp: 5, closed: 6 },
    ...{ notEncodable: 7, removed: 8 },
  };
  const failures = ["OTLP of default/a: HTTP 503", "OTLP of default/b: HTTP 400"];
  const report = reportOf(
    {},
    { forwarded: { sent: 9, waiting: 10, unkept: 3, dropped, failures } },
  );
  t.same(report.forwarded, { sent: 9, waiting: 10, unkept: 3, failing: 2, problem: failures[0] });
  t.equal(report.state, "ready", "it is a matter of that receiver");
  t.same(
    report.dropped.map(({ reason, count, unit }) => `${count} ${unit} ${reason}`),
    [
      "3 items forward-full",
      "7 items forward-refused",
      "18 items forward-unsent",
      "8 items forward-removed",
    ],
  );
});

t.test("telemetryReport() says what is wrong, and what to do", async (t) => {
  const { receiver, writer } = status;
  for (const [changes, problem, more] of [
    [{}, /^The store cannot be opened: no; the log says more$/, { failure: "no" }],
    [
      {
        state: "opening",
        process: { state: "off", pid: undefined, restarts: 0, error: "no chdb" },
      },
      /^Nothing is stored: no chdb; .* --telemetry off or --clickhouse-url$/,
    ],
    [
      { process: { state: "restarting", pid: undefined, restarts: 1, error: "Ended by SIGKILL" } },
      /^The store's process has ended: Ended by SIGKILL; it is started again/,
    ],
    [{ writer: { ...writer, state: "disk-full", error: "1 B are left" } }, /free space/],
    [{ writer: { ...writer, state: "waiting", error: "busy" } }, /^Rows wait: busy; it is tried/],
    [{ state: "opening", error: "ECONNREFUSED" }, /^The store is not ready: ECONNREFUSED/],
    [
      { records: { ...reader, error: "EACCES" } },
      /^Files cannot be read: EACCES; see their rights/,
    ],
    [{ receiver: { ...receiver, address: "" } }, /--otlp-port cannot be bound; free it/],
    [{ retention: { ...status.retention, error: "busy" } }, /^Old rows stay: busy/],
  ] as const) {
    const report = reportOf(changes, more);
    t.match(report.problem, problem);
    t.equal(report.state, "failing");
  }
});

t.test("telemetryReport() advises without what the system said", async (t) => {
  const process = { state: "off", pid: undefined, restarts: 0, error: "/x/chdb" } as const;
  t.equal(
    reportOf({ process }).advice,
    "Nothing is stored; mend that and start again, or use --telemetry off or --clickhouse-url",
  );
  t.equal(
    reportOf({ records: { ...reader, error: "EACCES: /home/records" } }).advice,
    "Files cannot be read; see their rights",
  );
});

t.test("telemetryReport() tells of one that is off, being opened or closed", async (t) => {
  const { receiver: _, ...without } = status;
  t.match(telemetryReport({ ...facts, status: undefined }), { state: "opening", problem: null });
  t.match(telemetryReport({ ...facts, isOff: true }), { state: "off", problem: null });
  t.match(telemetryReport({ ...facts, isClosed: true, failure: "x" }), { state: "closed" });
  t.match(telemetryReport({ ...facts, status: without, hasReceiver: false }), { otlp: null });
});

t.test("telemetryReport() names each loss by its reason", async (t) => {
  const lossy = { ...reader, malformedLines: 1, lostBytes: 2 };
  const { dropped } = reportOf({
    records: lossy,
    agents: {
      otel_traces: { ...lossy, ...spool, refusedRows: 3 },
      otel_logs: { ...reader, ...spool },
    },
    writer: { ...status.writer, quarantine: { path: "/q", rows: 4, dropped: 0 } },
    retention: { ...status.retention, evictedRows: 5, expiredRows: 99 },
    receiver: { ...status.receiver, rejectedItems: 6, refused: { 401: 7 } },
  });
  t.same(dropped, [
    { reason: "rotated-away", count: 4, unit: "bytes" },
    { reason: "malformed", count: 2, unit: "lines" },
    { reason: "store-full", count: 5, unit: "rows" },
    { reason: "set-aside", count: 4, unit: "rows" },
    { reason: "spool-full", count: 3, unit: "rows" },
    { reason: "otlp-unusable", count: 6, unit: "items" },
    { reason: "otlp-refused-401", count: 7, unit: "requests" },
  ]);
});
