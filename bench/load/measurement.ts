/** One measured run of prepared load clients: what they count, and the CPU that every process took meanwhile. */
import type { LoadClients, LoadTotal } from "./client-process.ts";
import { otherWorkShare, readMachineTime } from "./machine.ts";
import { cpuBetween, sampleCpu } from "./process-cpu.ts";
import type { CpuSample } from "./process-cpu.ts";
import type { UpstreamProcess } from "./upstream-process.ts";

/** Figures of one run. */
export interface Measurement {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** `µs` per request; a process that the contender does not have is absent */
  readonly cpuMicrosPerRequest: {
    readonly server?: number;
    readonly envoy?: number;
    readonly client: number;
    readonly upstream: number;
  };
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly firstFailure?: string;
  /** Share (0–1) of the CPUs that work of others took meanwhile */
  readonly otherWork: number;
  /** Connections that the upstream accepted meanwhile: shows whether a contender reuses them */
  readonly upstreamHandshakes: number;
  /** Requests that reached the upstream for each that was answered */
  readonly upstreamRequests?: number;
}

/** What takes part in a run. */
export interface MeasuredParts {
  readonly clients: LoadClients;
  readonly upstream: UpstreamProcess;
  /** Processes to account; children count with their parent, but Envoy never with the server */
  readonly pids: { readonly envoy?: number; readonly server?: number };
}

/** Runs what the clients have prepared. Rejects when a process ended meanwhile. */
export async function measureRun(parts: MeasuredParts): Promise<Measurement> {
  const { clients, upstream } = parts;
  const countsBefore = await upstream.counts();
  const timeBefore = readMachineTime();
  const before = sampleAll(parts);
  const total = await clients.run();
  const after = sampleAll(parts);
  const timeAfter = readMachineTime();
  const countsAfter = await upstream.counts();
  const used = { ...usedBetween(before, after), client: total.cpuMicros };
  const ownMicros = Object.values(used).reduce((sum, micros) => sum + micros, 0);
  const requests = Math.max(total.requests, 1);
  return {
    ...figures(total),
    cpuMicrosPerRequest: {
      ...(used.server !== undefined && { server: used.server / requests }),
      ...(used.envoy !== undefined && { envoy: used.envoy / requests }),
      client: used.client / requests,
      upstream: used.upstream / requests,
    },
    otherWork: otherWorkShare(timeBefore, timeAfter, ownMicros),
    upstreamHandshakes: countsAfter.handshakes - countsBefore.handshakes,
    upstreamRequests: (countsAfter.requests - countsBefore.requests) / requests,
  };
}

interface AllCpu {
  readonly server: CpuSample | undefined;
  readonly envoy: CpuSample | undefined;
  readonly upstream: CpuSample;
}

function sampleAll({ pids, upstream }: MeasuredParts): AllCpu {
  const except = pids.envoy === undefined ? [] : [pids.envoy];
  return {
    server: pids.server === undefined ? undefined : sampleCpu(pids.server, { except }),
    envoy: pids.envoy === undefined ? undefined : sampleCpu(pids.envoy),
    upstream: sampleCpu(upstream.pid),
  };
}

function usedBetween(before: AllCpu, after: AllCpu) {
  return {
    ...(before.server && after.server && { server: cpuBetween(before.server, after.server) }),
    ...(before.envoy && after.envoy && { envoy: cpuBetween(before.envoy, after.envoy) }),
    upstream: cpuBetween(before.upstream, after.upstream),
  };
}

function figures(total: LoadTotal) {
  return {
    requests: total.requests,
    requestsPerSecond: (total.requests / total.elapsedMs) * 1_000,
    p50Ms: total.latency.percentile(0.5) / 1_000,
    p99Ms: total.latency.percentile(0.99) / 1_000,
    failed: total.failed,
    ...(total.firstFailure !== undefined && { firstFailure: total.firstFailure }),
  };
}
