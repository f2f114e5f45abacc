/**
 * Which parts of a transaction Envoy shows the engine, by plan: said to Envoy once in its configuration, and known to
 * the engine, which may ask for less of a single transaction.
 */

import type { EnginePlan } from "./snapshot.ts";

/** Parts that are shown; bodies piece by piece, as they pass. The request's headers always are. */
export interface ShownParts {
  readonly responseHeaders: boolean;
  readonly requestBody: boolean;
  readonly responseBody: boolean;
}

/** The parts that requests of a plan need. */
export function shownParts({ meters, capture }: EnginePlan): ShownParts {
  const response = meters || capture?.response === true;
  return {
    responseHeaders: response,
    requestBody: meters || capture?.request === true,
    responseBody: response,
  };
}
