/** Anthropic: hosts and error shape of api.anthropic.com (https://docs.anthropic.com/en/api/errors). */

import type { Provider } from "../provider.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { anthropicVersion, servedByGeneration } from "./served-messages.ts";
import { anthropicTokenCount } from "./token-count-codec.ts";
import { anthropicOperations } from "./usage.ts";

const usualBase = "/v1";

/** The declaration of Anthropic. */
export const anthropic = {
  name: "anthropic",
  aliases: ["claude"],
  hosts: ["api.anthropic.com"],
  credentialHeaders: ["x-api-key", "authorization"],
  ownHeaders: ["anthropic-*"],
  errorBody: ({ status, message }) => ({
    type: "error",
    error: { type: errorType(status), message },
  }),
  errorHeaders: [],
  operations: anthropicOperations,
  served: [
    ...servedByGeneration({
      codec: anthropicMessages,
      modelIn: "body",
      path: ({ basePath }) => `${basePath === "" ? usualBase : basePath}/messages`,
      headers: [anthropicVersion],
    }),
    ...servedByGeneration({
      codec: anthropicTokenCount,
      modelIn: "body",
      path: ({ basePath }) => `${basePath === "" ? usualBase : basePath}/messages/count_tokens`,
      headers: [anthropicVersion],
    }),
  ],
} satisfies Provider;

function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "api_error" : "permission_error";
}
