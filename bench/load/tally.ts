/** What one measured run of a load client counts, however it sends its requests. */
import { createHistogram } from "./histogram.ts";
import type { Histogram } from "./histogram.ts";
import { TunnelError } from "./tunnel.ts";
import type { FailureKind, LoadResult } from "./workload.ts";

/** Counts of one run, changed as answers come. */
export interface Tally {
  /** Answered 200 */
  requests: number;
  failed: number;
  readonly failures: Map<FailureKind, number>;
  firstFailure: string | undefined;
  /** In `µs` */
  readonly latency: Histogram;
}

/** A workload after its warm-up. */
export interface PreparedLoad {
  /** Runs the measured part once. */
  run(): Promise<LoadResult>;
  /** Closes every connection. Idempotent. */
  close(): void;
}

/** Counts that start at nothing. */
export function createTally(): Tally {
  return {
    requests: 0,
    failed: 0,
    failures: new Map(),
    firstFailure: undefined,
    latency: createHistogram(),
  };
}

/** Counts one request that got no answer of 200, by its kind when it is a TunnelError. */
export function countFailure(tally: Tally, error: unknown): void {
  const kind = error instanceof TunnelError ? error.kind : "protocol";
  tally.failed += 1;
  tally.failures.set(kind, (tally.failures.get(kind) ?? 0) + 1);
  tally.firstFailure ??= error instanceof Error ? error.message : String(error);
}

/** Throws with the first failure when not one request of a warm-up succeeded. */
export function assertWarm(tally: Tally): void {
  if (tally.requests > 0) return;
  throw new Error(`Cannot warm up: no request succeeded: ${tally.firstFailure ?? "none was sent"}`);
}

/** Runs `load` with a new tally and gives its figures with time and CPU. */
export async function measureLoad(
  load: (tally: Tally, startedMs: number) => Promise<void>,
): Promise<LoadResult> {
  const tally = createTally();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  await load(tally, startedMs);
  const elapsedMs = performance.now() - startedMs;
  const used = process.cpuUsage(cpu);
  return {
    requests: tally.requests,
    failures: Object.fromEntries(tally.failures),
    ...(tally.firstFailure !== undefined && { firstFailure: tally.firstFailure }),
    elapsedMs,
    cpuMicros: used.user + used.system,
    latency: tally.latency.export(),
  };
}
