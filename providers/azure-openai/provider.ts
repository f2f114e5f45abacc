/** Azure OpenAI: resource hosts and the error shape of its REST reference (code and message under `error`). */

import type { Provider } from "../provider.ts";
import { azureOpenaiOperations } from "./usage.ts";

/** The declaration of Azure OpenAI; every resource has a host of its own. */
export const azureOpenai = {
  name: "azure_openai",
  aliases: ["azure-openai", "azure"],
  hosts: ["*.openai.azure.com", "*.cognitiveservices.azure.com", "*.services.ai.azure.com"],
  credentialHeaders: ["api-key", "authorization"],
  errorBody: ({ message, code }) => ({ error: { code, message, type: "permission_error" } }),
  errorHeaders: [],
  operations: azureOpenaiOperations,
} satisfies Provider;
