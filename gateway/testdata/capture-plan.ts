/** Plans of what is kept, for tests. */
import type { BodyBounds, CapturePlan } from "../snapshot.ts";

/** Keeps nothing unless told, and 1,024 bytes of JSON unless `bounds` says otherwise. */
export function createCapturePlan(
  changes: Partial<CapturePlan> = {},
  bounds: Partial<BodyBounds> = {},
): CapturePlan {
  const body = { maxBytes: 1_024, contentTypes: ["application/json"], ...bounds };
  return {
    request: false,
    response: false,
    requestBody: body,
    responseBody: body,
    sample: 1,
    keepsErrors: true,
    redactHeaders: [],
    redactQuery: [],
    redactBody: { jsonPaths: [], shapes: [], patterns: [] },
    ...changes,
  };
}
