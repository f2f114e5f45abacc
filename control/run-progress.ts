/** What the stored invocation of a run says to whoever is asked for telemetry of it. */
import type { InvocationObject } from "./invocations/invocation-object.ts";
import { isConcludedEnd } from "./invocations/concluded-end.ts";
import type { RunProgress } from "./telemetry/run-senders.ts";

/**
 * How far the run is. One that retention removed is as unknown as one that nobody told of: neither counts as one that runs.
 * One that only was concluded to be over runs still: its command may live, and its gateway is known to be gone all the same.
 */
export function runProgress(invocation: InvocationObject | undefined): RunProgress {
  if (invocation === undefined) return { kind: "unknown" };
  const { completionTime, conditions } = invocation.status;
  const isConcluded = conditions.some(({ reason }) => isConcludedEnd(reason));
  if (completionTime === undefined || isConcluded) return { kind: "running" };
  return { kind: "ended", endMs: Date.parse(completionTime) };
}
