/**
 * The state of a control process as families of metrics, put together when a collector asks. Labels are words of ours and
 * names of resources: no object, address or file is named, so whoever may read at all may read them.
 */
import { counter, gauge, one, samplesOf } from "../gateway/metric-samples.ts";
import type { MetricFamily, MetricSample } from "../gateway/metric-family.ts";
import { answerMetrics } from "../gateway/metrics-text.ts";
import { processFamilies } from "../gateway/process-families.ts";
import type { ApiFigures, ApiPage } from "./apiserver/api-context.ts";
import type { ControlReport, Reporter } from "./process-report.ts";
import { lossUnits, telemetryStates } from "./telemetry/telemetry-report.ts";
import type { TelemetryLoss } from "./telemetry/telemetry-report.ts";

/** `/metrics` on the API server, as OpenMetrics 1.0 where `Accept` names it, else in the older format of Prometheus. */
export function metricsPage(report: Reporter): ApiPage {
  return {
    path: "/metrics",
    answer: async ({ headers }, figures) => {
      const families = controlMetrics(await report(), figures);
      return { status: 200, ...answerMetrics(families, headers.accept) };
    },
  };
}

/** All families: those of the API server, of telemetry and its store, of invocations and of the process. */
export function controlMetrics(report: ControlReport, figures: ApiFigures): MetricFamily[] {
  const { version, startedAt, restarts } = report.process;
  return [
    ...apiFamilies(figures),
    gauge(
      "clrk_files_deleted_objects",
      "Objects of files that somebody deleted from the API server; they come back with the next edit.",
      one(report.files.deletedCount),
    ),
    ...telemetryFamilies(report),
    ...storeFamilies(report),
    ...agentFamilies(report),
    ...invocationFamilies(report),
    counter(
      "clrk_control_restarts",
      "Starts of the control process after its first, as whoever keeps it running says.",
      one(restarts),
    ),
    ...processFamilies({ version, startedMs: Date.parse(startedAt) }),
  ];
}

function apiFamilies({ watches, requests, objects }: ApiFigures): MetricFamily[] {
  return [
    counter(
      "clrk_api_requests",
      "Requests that the API server answered, by method and status; a watch counts when it begins.",
      samplesOf(
        requests.list(),
        ({ method, code }) => [
          ["method", method],
          ["code", String(code)],
        ],
        ({ count }) => count,
      ),
    ),
    gauge("clrk_api_watches", "Watches that run.", one(watches.running)),
    counter(
      "clrk_api_watches_ended",
      "Watches that ended: closed by their client, timeout as asked for, slow reader, expired revision.",
      samplesOf(
        Object.entries(watches.ended),
        ([reason]) => [["reason", reason]],
        ([, count]) => count,
      ),
    ),
    gauge(
      "clrk_api_objects",
      "Objects that are stored, by resource.",
      samplesOf(
        objects(),
        ({ resource }) => [["resource", resource]],
        ({ count }) => count,
      ),
    ),
  ];
}

function telemetryFamilies({ telemetry }: ControlReport): MetricFamily[] {
  const { state, waiting, storedRows, dropped } = telemetry;
  return [
    gauge(
      "clrk_telemetry_state",
      "State of telemetry: 1 for the one that it is in.",
      samplesOf(
        telemetryStates,
        (name) => [["state", name]],
        (name) => Number(name === state),
      ),
    ),
    gauge(
      "clrk_telemetry_waiting_records",
      "Records that wait in files to be stored.",
      one(waiting.records),
    ),
    gauge(
      "clrk_telemetry_waiting_bytes",
      "Bytes of files that wait to be stored.",
      one(waiting.bytes),
      "bytes",
    ),
    counter("clrk_telemetry_stored_rows", "Rows that were stored.", one(storedRows)),
    counter(
      "clrk_telemetry_dropped",
      "What was left out, by reason and by what is counted: rows, lines, items, requests, bytes.",
      samplesOf(
        everyLoss(dropped),
        ({ reason, unit }) => [
          ["reason", reason],
          ["unit", unit],
        ],
        ({ count }) => count,
      ),
    ),
  ];
}

/** Also those that are 0: a series that begins with its first loss is none that grows. */
function everyLoss(dropped: readonly TelemetryLoss[]): readonly TelemetryLoss[] {
  const told = new Map(dropped.map((loss) => [loss.reason, loss]));
  const fixed = Object.entries(lossUnits).map(
    ([reason, unit]) => told.get(reason) ?? { reason, unit, count: 0 },
  );
  return [...fixed, ...dropped.filter(({ reason }) => !Object.hasOwn(lossUnits, reason))];
}

function storeFamilies({ telemetry: { store } }: ControlReport): MetricFamily[] {
  return [
    counter(
      "clrk_store_restarts",
      "Starts of the store's process after an end that nobody asked for.",
      one(store.restarts),
    ),
    gauge(
      "clrk_store_resident_memory_bytes",
      "Resident memory of the store's process; only where that is ours.",
      known(store.memoryBytes),
      "bytes",
    ),
    gauge(
      "clrk_store_memory_limit_bytes",
      "Memory that the store's process may have.",
      known(store.memoryCapBytes),
      "bytes",
    ),
    gauge("clrk_store_rows", "Rows in the store, once it has answered.", known(store.rows)),
    gauge(
      "clrk_store_disk_bytes",
      "What the store takes on disk, once it has answered.",
      known(store.diskBytes),
      "bytes",
    ),
    gauge(
      "clrk_store_disk_limit_bytes",
      "Size from which on the oldest rows go.",
      one(store.maxBytes),
      "bytes",
    ),
  ];
}

function agentFamilies({ telemetry: { otlp, forwarded } }: ControlReport): MetricFamily[] {
  return [
    counter(
      "clrk_agent_telemetry_rows",
      "Spans and logs that were taken from agents; only where they are.",
      known(otlp?.takenRows ?? null),
    ),
    counter(
      "clrk_forward_sent",
      "Spans and logs of agents that receivers of their gateways took.",
      known(forwarded?.sent ?? null),
    ),
    gauge(
      "clrk_forward_waiting",
      "Those that wait for their receiver, in memory and on disk.",
      known(forwarded?.waiting ?? null),
    ),
    counter(
      "clrk_forward_unkept",
      "Those that were acknowledged while the disk took nothing: a kill would have lost them.",
      known(forwarded?.unkept ?? null),
    ),
    gauge(
      "clrk_forward_failing",
      "Receivers whose last attempt failed.",
      known(forwarded?.failing ?? null),
    ),
  ];
}

function invocationFamilies({ invocations }: ControlReport): MetricFamily[] {
  return [
    gauge(
      "clrk_invocations_ready",
      "Whether invocations are open, and up to date: 1 or 0.",
      one(Number(invocations.state === "open" && invocations.problem === null)),
    ),
    counter(
      "clrk_invocation_events_lost",
      "Events of runs that went before they were read.",
      one(invocations.lostEvents),
    ),
  ];
}

/** No sample of what is not known. */
function known(value: number | null): readonly MetricSample[] {
  return value === null ? [] : one(value);
}
