/** Refusals of the gateway as errors of Google's APIs (https://google.aip.dev/193). */

import type { JsonObject } from "../json-text.ts";
import type { ProviderError } from "../provider.ts";

/** The body of a refusal; its code stands for none of Google's and is left out. */
export function googleErrorBody({ status, message }: ProviderError): JsonObject {
  return { error: { code: status, message, status: canonicalStatus(status) } };
}

function canonicalStatus(status: number): string {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 429) return "RESOURCE_EXHAUSTED";
  return status >= 500 ? "UNAVAILABLE" : "PERMISSION_DENIED";
}
