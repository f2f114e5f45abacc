/** Tests of telemetry in words. */
import t from "tap";
import { createPalette } from "./colour.ts";
import { describeTelemetry, telemetryFacts, telemetryLines } from "./telemetry-lines.ts";
import { controlReport } from "../testdata/control-report.ts";

const palette = createPalette({ isTerminal: false, environment: {} });
const context = { workingDirectory: "/home", palette };
const nowMs = Date.parse("2026-01-02T00:00:00Z");
const telemetryOf = (changes: Parameters<typeof controlReport>[0]) =>
  controlReport(changes).telemetry;

t.test(
  "describeTelemetry() says where agents send theirs and where it lies, in a line",
  async (t) => {
    const line = describeTelemetry(telemetryOf({}), context);
    t.equal(line, "Telemetry      OTLP http://127.0.0.1:4318 · kept in telemetry");
    t.match(describeTelemetry(telemetryOf({ state: "off" }), context), /off: nothing is kept/);
    const problem = "Nothing is stored: \u001b[2J; mend that";
    t.equal(
      describeTelemetry(telemetryOf({ state: "failing", problem }), context),
      "Telemetry      Nothing is stored: \\x1b[2J; mend that",
    );
  },
);

t.test("telemetryFacts() has what changes", async (t) => {
  const waiting = { records: 1_234, bytes: 9 };
  t.same(telemetryFacts(telemetryOf({ waiting })), [
    "OTLP http://127.0.0.1:4318",
    "12,345 kept",
    "64 MiB of 5 GiB",
    "memory 350 MiB of 600 MiB",
    "1,234 waiting",
  ]);
  t.same(telemetryFacts(telemetryOf({ state: "opening" })), ["telemetry is being opened"]);
});

t.test("telemetryLines() says what waits, what was lost and what is wrong", async (t) => {
  const report = telemetryOf({
    state: "failing",
    problem: "Rows wait: it is busy; it is tried again",
    waiting: { records: 3, bytes: 1536 },
    dropped: [
      { reason: "rotated-away", count: 2_097_152, unit: "bytes" },
      { reason: "malformed", count: 1, unit: "lines" },
    ],
    otlp: null,
    forwarded: {
      sent: 1_200,
      waiting: 5,
      unkept: 0,
      failing: 1,
      problem: "OTLP of default/a: HTTP 503",
    },
  });
  t.same(telemetryLines(report, { ...context, nowMs }).slice(3), [
    "1,200 items of agents sent to OTLP of gateways, 5 wait, 1 receiver fails",
    "OTLP of default/a: HTTP 503",
    "3 records wait to be stored (2 KiB)",
    "lost: 2 MiB rotated-away, 1 lines malformed",
    "Rows wait: it is busy; it is tried again",
  ]);
  t.same(telemetryLines(telemetryOf({ state: "off" }), { ...context, nowMs }), [
    "off: nothing is kept",
  ]);
});
