/** A run for tests. */

import { InvocationTraces } from "../invocation-trace.ts";
import type { Run } from "../run.ts";

/** Traces by a key that tests share. */
export function testTraces(): InvocationTraces {
  return new InvocationTraces(new Uint8Array(32).fill(1));
}

/** The run `run-1` of the agent `researcher`. */
export function registeredRun(): Run {
  const invocationId = "00000000-0000-4000-8000-000000000001";
  const root = testTraces().rootOf(invocationId);
  if (root === null) throw new TypeError("An invocation has a root");
  return {
    runId: "run-1",
    invocationId,
    root,
    gateway: "default/egress",
    agent: {
      kind: "Process",
      namespace: "default",
      name: "researcher",
      uid: "run-1",
      revision: "",
      invocationId,
    },
    command: "python",
    since: "2026-01-02T03:04:05.000Z",
  };
}
