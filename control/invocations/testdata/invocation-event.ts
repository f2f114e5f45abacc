/** Events of invocations for tests. */

import type { InvocationPhase } from "../../../crds/invocation.ts";
import type { InvocationEvent } from "../../../gateway/invocation-event.ts";
import { phaseRank } from "../../../gateway/invocation-event.ts";

/** A UUID for a small number. */
export function invocationId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** An event of the task agent `default/writer` with any part replaced; its time tells the phase. */
export function invocationEvent(
  number: number,
  phase: InvocationPhase,
  changes: Partial<InvocationEvent> = {},
): InvocationEvent {
  return {
    id: invocationId(number),
    phase,
    atUnixMs: Date.UTC(2026, 0, 2, 3, number, phaseRank(phase)),
    agent: { kind: "TaskAgent", namespace: "default", name: "writer", uid: "uid-writer" },
    trigger: { type: "HTTP", source: "ingress" },
    audiences: [],
    root: null,
    exitCode: null,
    reason: "",
    message: "",
    ...changes,
  };
}
