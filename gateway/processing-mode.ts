/**
 * Which parts of a transaction Envoy shows the engine, by plan: said to Envoy once in its configuration, and known to
 * the engine, which may ask for less of a single transaction.
 */

import type { EnginePlan, SwapPlan } from "./snapshot.ts";

/** Parts that are shown. The request's headers always are. */
export interface ShownParts {
  readonly responseHeaders: boolean;
  /** Piece by piece as it passes, or whole before anything goes out */
  readonly requestBody: "none" | "streamed" | "buffered";
  /** Piece by piece as it passes */
  readonly responseBody: boolean;
}

/** The parts that requests of a plan need. */
export function shownParts({ meters, capture, routing, mcp }: EnginePlan): ShownParts {
  if (routing !== undefined || mcp !== undefined) {
    return { responseHeaders: true, requestBody: "buffered", responseBody: true };
  }
  const response = meters || capture?.response === true;
  return {
    responseHeaders: response,
    requestBody: meters || capture?.request === true ? "streamed" : "none",
    responseBody: response,
  };
}

/** The parts that are written over by a plan. What is compressed or asks for an upgrade is a matter of the engine. */
export function swappedParts({ placeholders, scrubs }: SwapPlan): ShownParts {
  const inBody = placeholders.some(({ places }) => places.includes("Body"));
  return {
    responseHeaders: scrubs.length > 0,
    requestBody: inBody ? "streamed" : "none",
    responseBody: scrubs.length > 0,
  };
}
