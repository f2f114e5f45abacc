/** The engine, its limits, budgets and questions, as families of metrics. */
import type { GatewayProcessStatus } from "../control-api.ts";
import type { EngineFigures } from "../engine.ts";
import type { MetricFamily, MetricLabels, MetricSample } from "../metric-family.ts";
import { one, samplesOf } from "../metric-samples.ts";

/** Families with samples only where there is an engine. */
export function engineFamilies(
  status: GatewayProcessStatus,
  figures: EngineFigures | undefined,
): MetricFamily[] {
  return [...threadFamilies(figures), ...streamFamilies(status.engine), ...refusalFamilies(status)];
}

function threadFamilies(figures: EngineFigures | undefined): MetricFamily[] {
  const threads = (figures?.threads ?? []).map((thread, index) => ({ thread, index }));
  const labels = ({ index }: (typeof threads)[number]): MetricLabels => [["thread", String(index)]];
  const of = (numberOf: (thread: EngineFigures["threads"][number]) => number) =>
    samplesOf(threads, labels, ({ thread }) => numberOf(thread));
  const handling = figures === undefined ? [] : [{ labels: [], value: figures.handling }];
  return [
    {
      kind: "gauge",
      name: "clrk_engine_thread_serving",
      help: "Whether a thread of the engine takes requests: 1 or 0.",
      samples: of(({ serving }) => Number(serving)),
    },
    {
      kind: "counter",
      name: "clrk_engine_thread_busy_seconds",
      help: "Time in which the thread's loop did something; its rate is the thread's load, 1 is full.",
      unit: "seconds",
      samples: of(({ busySeconds }) => busySeconds),
    },
    {
      kind: "gauge",
      name: "clrk_engine_thread_silent_seconds",
      help: "Time since a sign of life of the thread, which it gives ten times a second; at 5 it is replaced.",
      unit: "seconds",
      samples: of(({ silentSeconds }) => silentSeconds),
    },
    {
      kind: "gauge",
      name: "clrk_engine_thread_open_streams",
      help: "Transactions that the thread holds now.",
      samples: of(({ openStreams }) => openStreams),
    },
    {
      kind: "histogram",
      name: "clrk_engine_handling_seconds",
      help: "Time that the engine took for one message of Envoy: headers, or a piece of a body.",
      unit: "seconds",
      samples: handling,
    },
  ];
}

function streamFamilies(engine: GatewayProcessStatus["engine"]): MetricFamily[] {
  const of = (value: number | undefined) => (value === undefined ? [] : one(value));
  const counter = (name: string, help: string, value: number | undefined): MetricFamily => ({
    kind: "counter",
    name,
    help,
    samples: of(value),
  });
  const streams = "Transactions that the engine was asked about.";
  const failed = "Transactions that ended for a malformed message or a fault of the engine.";
  return [
    counter("clrk_engine_streams", streams, engine?.streams.total),
    counter("clrk_engine_streams_failed", failed, engine?.failed),
    counter("clrk_engine_threads_replaced", "Threads that crashed or hung.", engine?.replaced),
    counter(
      "clrk_engine_facts_dropped",
      "Transactions whose tokens and model were lost because the process was behind.",
      engine?.droppedFacts,
    ),
    counter(
      "clrk_engine_connections",
      "Raw connections that the engine was shown.",
      engine?.connections.total,
    ),
  ];
}

function refusalFamilies({
  engine,
  confirmations,
  sharedLimits,
}: GatewayProcessStatus): MetricFamily[] {
  return [
    {
      kind: "counter",
      name: "clrk_rate_limit_refusals",
      help: "Requests that a rate limit refused: spent, full (no more callers could be counted), unreachable (other replicas).",
      samples:
        engine === undefined ? [] : reasons(engine.limited, ["spent", "full", "unreachable"]),
    },
    {
      kind: "counter",
      name: "clrk_rate_limit_unshared",
      help: "Requests that a shared limit let by without having asked other replicas.",
      samples: engine === undefined ? [] : one(engine.limited.unshared),
    },
    {
      kind: "counter",
      name: "clrk_budget_refusals",
      help: "Calls that a budget refused: exhausted, full (too much was counted at once), unwritten (what it uses could not be written down).",
      samples:
        engine === undefined ? [] : reasons(engine.budgets, ["exhausted", "full", "unwritten"]),
    },
    {
      kind: "gauge",
      name: "clrk_budgets_failing",
      help: "Whether budgets cannot be kept, so that calls under one are refused: 1 or 0.",
      samples: engine === undefined ? [] : one(Number(engine.budgets.failure !== "")),
    },
    {
      kind: "gauge",
      name: "clrk_confirmations_open",
      help: "Calls of tools that wait for confirmation.",
      samples: confirmations === undefined ? [] : one(confirmations.open),
    },
    {
      kind: "gauge",
      name: "clrk_shared_limits_reachable",
      help: "Whether the store of shared rate limits answers: 1 or 0; only where there is one.",
      samples: sharedLimits === undefined ? [] : one(Number(sharedLimits.isReachable)),
    },
  ];
}

function reasons<Name extends string>(
  counts: Readonly<Record<Name, number>>,
  names: readonly Name[],
): MetricSample[] {
  return names.map((name) => ({ labels: [["reason", name]], value: counts[name] }));
}
