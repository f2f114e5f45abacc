/** What records keep of a request that several rules are about: what all of them keep, without what any takes out. */

import type { BodyBounds, CapturePlan } from "./snapshot-terms.ts";

/** The plan that keeps no more than each of these; undefined where one of them, or there is none, keeps nothing. */
export function strictestCapture(
  plans: readonly (CapturePlan | undefined)[],
): CapturePlan | undefined {
  const [first, ...others] = plans;
  if (first === undefined) return undefined;
  let joined = first;
  for (const other of others) {
    if (other === undefined) return undefined;
    if (other !== joined) joined = both(joined, other);
  }
  return joined.request || joined.response ? joined : undefined;
}

function both(left: CapturePlan, right: CapturePlan): CapturePlan {
  return {
    request: left.request && right.request,
    response: left.response && right.response,
    requestBody: smaller(left.requestBody, right.requestBody),
    responseBody: smaller(left.responseBody, right.responseBody),
    // Shares of the same traces: the smaller one is in the larger.
    sample: Math.min(left.sample, right.sample),
    keepsErrors: left.keepsErrors && right.keepsErrors,
    redactHeaders: unite(left.redactHeaders, right.redactHeaders),
    redactQuery: unite(left.redactQuery, right.redactQuery),
    redactBody: {
      jsonPaths: unite(left.redactBody.jsonPaths, right.redactBody.jsonPaths),
      shapes: unite(left.redactBody.shapes, right.redactBody.shapes),
      patterns: unite(left.redactBody.patterns, right.redactBody.patterns),
    },
  };
}

function smaller(left: BodyBounds, right: BodyBounds): BodyBounds {
  return {
    maxBytes: Math.min(left.maxBytes, right.maxBytes),
    contentTypes: left.contentTypes.filter((type) => right.contentTypes.includes(type)),
  };
}

function unite<Item>(left: readonly Item[], right: readonly Item[]): Item[] {
  return [...new Set([...left, ...right])];
}
