/** The process itself as families of metrics, by the names that collectors know of any process where there are some. */
import { readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { MetricFamily, MetricLabels } from "./metric-family.ts";
import { counter, gauge, one } from "./metric-samples.ts";

/** What a process knows of itself. */
export interface ProcessFacts {
  readonly version: string;
  /** Absent in one without Envoy */
  readonly envoyVersion?: string;
  /** When it began, Unix `ms` */
  readonly startedMs: number;
}

/** Families of this process, of now. */
export function processFamilies({
  version,
  envoyVersion,
  startedMs,
}: ProcessFacts): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { active } = performance.eventLoopUtilization();
  const files = countOpenFiles();
  const labels: MetricLabels = [
    ["version", version],
    ...(envoyVersion === undefined ? [] : ([["envoy", envoyVersion]] as const)),
    ["node", process.versions.node],
  ];
  return [
    {
      kind: "info",
      name: "clrk_build",
      help: "Versions of CLRK, Node and, where it has one, Envoy.",
      samples: [{ labels, value: 1 }],
    },
    counter(
      "process_cpu_seconds",
      "CPU time of the process, its threads included and processes that it started not.",
      one((user + system) / 1e6),
      "seconds",
    ),
    gauge("process_resident_memory_bytes", "Resident memory of the process.", one(rss), "bytes"),
    gauge(
      "process_start_time_seconds",
      "When the process started, in Unix time.",
      one(startedMs / 1_000),
      "seconds",
    ),
    gauge(
      "process_open_fds",
      "Files and sockets that the process has open; absent where the system does not tell.",
      files === undefined ? [] : one(files),
    ),
    gauge("clrk_heap_used_bytes", "Memory of objects of the main thread.", one(heapUsed), "bytes"),
    gauge(
      "clrk_buffers_bytes",
      "Memory of buffers of the main thread.",
      one(arrayBuffers),
      "bytes",
    ),
    counter(
      "clrk_event_loop_busy_seconds",
      "Time in which the main thread's loop did something; its rate is the thread's load, 1 is full.",
      one(active / 1_000),
      "seconds",
    ),
  ];
}

function countOpenFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined; // only Linux has it
  }
}
