/** Spans of tests. */
import type { Span } from "../telemetry/span.ts";

export function makeSpan(spanId: string, changes: Partial<Span> = {}): Span {
  const startNs = changes.startNs ?? 0n;
  return {
    traceId: "trace",
    spanId,
    parentSpanId: "",
    name: spanId,
    lane: "network",
    outcome: "ok",
    status: 200,
    reason: "",
    startNs,
    endNs: startNs + 1_000_000n,
    component: "egress-extproc",
    inputTokens: 0,
    outputTokens: 0,
    costMicroDollars: undefined,
    unpriced: 0,
    attributes: [],
    events: [],
    bytes: 0,
    ...changes,
  };
}
