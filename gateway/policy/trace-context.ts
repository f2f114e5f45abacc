/**
 * Tells the upstream which trace the request belongs to. The transaction is a span of its own, so that it becomes the
 * parent of what the upstream does; `tracestate` goes on as the agent sent it, unless it belongs to no trace that can be
 * read, or to one that is not the agent's: then it is taken out.
 *
 * @see https://www.w3.org/TR/trace-context/#mutating-the-traceparent-field
 */

import { tryParseTraceparent } from "../trace-context.ts";
import type { Policy } from "./policy.ts";

const none: readonly string[] = [];
const stateHeader: readonly string[] = ["tracestate"];

/** Sets `traceparent`. A parent that was not sampled stays so; a new trace is sampled, because it is recorded here. */
export const traceContextPolicy: Policy = {
  name: "trace-context",
  applies: () => true,
  evaluate({ trace, header }) {
    const sent = tryParseTraceparent(header("traceparent"));
    // One that the transaction does not go on is as good as none.
    const parent = sent?.traceId === trace.traceId ? sent : undefined;
    const flags = parent?.sampled === false ? "00" : "01";
    const value = `00-${trace.traceId}-${trace.spanId}-${flags}`;
    const isStale = parent === undefined && header("tracestate") !== undefined;
    return { kind: "mutate", set: [["traceparent", value]], remove: isStale ? stateHeader : none };
  },
};
