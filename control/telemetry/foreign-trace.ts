/** Traces of invocations belong to these alone: nobody adds spans to that of another. */
import type { InvocationTraces } from "../../gateway/invocation-trace.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";

/** Whether a trace, in lower-case hexadecimal, is that of another invocation than the sender's. */
export type IsForeignTrace = (traceId: string, sender: TelemetrySender) => boolean;

/** Tells foreign traces by the key that made them. */
export function foreignTraces(traces: InvocationTraces): IsForeignTrace {
  return (traceId, { agent: { invocationId } }) =>
    traceId !== traces.rootOf(invocationId)?.traceId && traces.isInvocation(traceId);
}
