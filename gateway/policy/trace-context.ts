/**
 * Tells the upstream which trace the request belongs to. The transaction is a span of its own, so that it becomes the
 * parent of what the upstream does; `tracestate` goes on as the agent sent it.
 *
 * @see https://www.w3.org/TR/trace-context/#mutating-the-traceparent-field
 */

import { tryParseTraceparent } from "../trace-context.ts";
import type { Policy } from "./policy.ts";

/** Sets `traceparent`. A parent that was not sampled stays so; a new trace is sampled, because it is recorded here. */
export const traceContextPolicy: Policy = {
  name: "trace-context",
  applies: () => true,
  evaluate({ trace, header }) {
    const isSampled = tryParseTraceparent(header("traceparent"))?.sampled ?? true;
    const flags = isSampled ? "01" : "00";
    const value = `00-${trace.traceId}-${trace.spanId}-${flags}`;
    return { kind: "mutate", set: [["traceparent", value]], remove: [] };
  },
};
