/** The process itself as families of metrics, by the names that collectors know of any process where there are some. */
import { readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { GatewayProcessStatus } from "../control-api.ts";
import type { MetricFamily } from "./metric-family.ts";
import { one } from "./samples.ts";

/** Families of this process, of now. */
export function processFamilies(status: GatewayProcessStatus): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const { active } = performance.eventLoopUtilization();
  const files = countOpenFiles();
  return [
    {
      kind: "info",
      name: "clrk_build",
      help: "Versions of CLRK, Envoy and Node.",
      samples: [
        {
          labels: [
            ["version", status.version],
            ["envoy", status.envoy.version],
            ["node", process.versions.node],
          ],
          value: 1,
        },
      ],
    },
    {
      kind: "counter",
      name: "process_cpu_seconds",
      help: "CPU time of the gateway process, its threads included and Envoy not.",
      unit: "seconds",
      samples: one((user + system) / 1e6),
    },
    {
      kind: "gauge",
      name: "process_resident_memory_bytes",
      help: "Resident memory of the gateway process.",
      unit: "bytes",
      samples: one(rss),
    },
    {
      kind: "gauge",
      name: "process_start_time_seconds",
      help: "When the process started, in Unix time.",
      unit: "seconds",
      samples: one(Date.parse(status.startedAt) / 1_000),
    },
    {
      kind: "gauge",
      name: "process_open_fds",
      help: "Files and sockets that the process has open; absent where the system does not tell.",
      samples: files === undefined ? [] : one(files),
    },
    {
      kind: "gauge",
      name: "clrk_heap_used_bytes",
      help: "Memory of objects of the main thread.",
      unit: "bytes",
      samples: one(heapUsed),
    },
    {
      kind: "gauge",
      name: "clrk_buffers_bytes",
      help: "Memory of buffers of the main thread.",
      unit: "bytes",
      samples: one(arrayBuffers),
    },
    {
      kind: "counter",
      name: "clrk_event_loop_busy_seconds",
      help: "Time in which the main thread's loop did something; its rate is the thread's load, 1 is full.",
      unit: "seconds",
      samples: one(active / 1_000),
    },
  ];
}

function countOpenFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined; // only Linux has it
  }
}
