/** Anthropic: hosts and error shape of api.anthropic.com (https://docs.anthropic.com/en/api/errors). */

import type { Provider } from "../provider.ts";
import { anthropicOperations } from "./usage.ts";

/** The declaration of Anthropic. */
export const anthropic = {
  name: "anthropic",
  aliases: ["claude"],
  hosts: ["api.anthropic.com"],
  credentialHeaders: ["x-api-key", "authorization"],
  errorBody: ({ status, message }) => ({
    type: "error",
    error: { type: errorType(status), message },
  }),
  errorHeaders: [],
  operations: anthropicOperations,
} satisfies Provider;

function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "api_error" : "permission_error";
}
