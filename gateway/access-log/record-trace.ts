/** To which trace the record of a transaction belongs, and what its parent is there. */

import type { CallFacts } from "../call-facts.ts";
import type { InvocationRoot } from "../invocation-event.ts";
import type { InvocationTraces } from "../invocation-trace.ts";
import type { TraceIds } from "../trace-context.ts";
import { tryParseTraceparent } from "../trace-context.ts";
import type { RecordStamps } from "./record-stamps.ts";

/** What is known of the invocation that made the transaction. */
export interface InvocationTracing {
  readonly traces: InvocationTraces | undefined;
  /** Null where there is no invocation, or none that has a trace */
  readonly root: InvocationRoot | null;
}

/** The tracing of transactions of an agent, if it is known; `traces` absent: no invocation has a trace. */
export function tracingOf(
  traces: InvocationTraces | undefined,
  agent: { readonly invocationId: string } | null | undefined,
): InvocationTracing {
  return { traces, root: traces?.rootOf(agent?.invocationId ?? "") ?? null };
}

/** What is known of the transaction. */
export interface TracedTransaction {
  /** As the upstream was sent it, or would have been; empty where there is none */
  readonly traceparent: string;
  /** The engine was asked */
  readonly isEngine: boolean;
  /** An upstream was dialled */
  readonly isForwarded: boolean;
  /** Undefined where the engine saw nothing, or they are lost */
  readonly facts: Pick<CallFacts, "trace"> | undefined;
}

/** The ids of the record's span. Those of the engine come first: the upstream was told them. */
export function recordTrace(
  { traces, root }: InvocationTracing,
  { traceparent, isEngine, isForwarded, facts }: TracedTransaction,
  stamps: RecordStamps,
): TraceIds {
  const ids =
    facts?.trace ??
    (isEngine && isForwarded && facts === undefined ? tryOwnIds(traceparent, root) : undefined) ??
    stamps.trace(traces === undefined ? traceparent : traces.parentOf(traceparent, root));
  if (root === null || ids.traceId === root.traceId) return ids;
  return { ...ids, invocation: root };
}

/** The facts are lost, but what the engine wrote into the request is in the log: the span that it made. */
function tryOwnIds(traceparent: string, root: InvocationRoot | null): TraceIds | undefined {
  const own = tryParseTraceparent(traceparent);
  if (own === undefined) return undefined;
  const { traceId, spanId } = own;
  // Whose child it was is not known; in the trace of its invocation it can only be below the root.
  return { traceId, spanId, parentSpanId: traceId === root?.traceId ? root.spanId : "" };
}
