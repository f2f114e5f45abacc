/** OpenAI: hosts and error shape of api.openai.com (https://platform.openai.com/docs/guides/error-codes). */

import type { Provider } from "../provider.ts";
import { openaiOperations } from "./usage.ts";

/** The declaration of OpenAI; its regional hosts keep data in one place. */
export const openai = {
  name: "openai",
  aliases: [],
  hosts: ["api.openai.com", "eu.api.openai.com", "us.api.openai.com"],
  credentialHeaders: ["authorization"],
  errorBody: ({ status, message, code }) => ({
    error: { message, type: errorType(status), param: null, code },
  }),
  errorHeaders: [],
  operations: openaiOperations,
} satisfies Provider;

function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "permission_error";
}
