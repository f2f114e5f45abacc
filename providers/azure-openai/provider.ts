/** Azure OpenAI: resource hosts and the error shape of its REST reference (code and message under `error`). */

import { openaiChat } from "../openai/chat-codec.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { plainModels, reasoningModels } from "../openai/model-families.ts";
import { openaiResponses } from "../openai/responses-codec.ts";
import { openai } from "../openai/provider.ts";
import { openaiTokenCount } from "../openai/token-count-codec.ts";
import type { Provider, ServedApi, ServedCall } from "../provider.ts";
import { azureOpenaiOperations } from "./usage.ts";

/** The last version of the dated API that is generally available; the v1 API has none. */
const apiVersion = "2024-10-21";

const chat: ServedApi = {
  codec: openaiChat,
  modelIn: "body",
  path: pathOf("chat/completions"),
  headers: [],
  streamUsage: "on-request",
};

const count: ServedApi = {
  codec: openaiTokenCount,
  modelIn: "body",
  path: (call) => `${responsesPath(call)}/input_tokens`,
  headers: [],
};

/** The declaration of Azure OpenAI; every resource has a host of its own. */
export const azureOpenai = {
  name: "azure_openai",
  aliases: ["azure-openai", "azure"],
  hosts: ["*.openai.azure.com", "*.cognitiveservices.azure.com", "*.services.ai.azure.com"],
  credentialHeaders: ["api-key", "authorization"],
  ownHeaders: [...openai.ownHeaders, "x-ms-*"],
  errorBody: ({ message, code }) => ({ error: { code, message, type: "permission_error" } }),
  errorHeaders: [],
  operations: azureOpenaiOperations,
  served: [
    { ...chat, serves: plainModels.has, lacks: plainModels.lacks },
    { ...chat, serves: reasoningModels.has, lacks: reasoningModels.lacks },
    chat,
    { codec: openaiResponses, modelIn: "body", path: responsesPath, headers: [] },
    { ...count, serves: plainModels.has, lacks: plainModels.lacks },
    { ...count, serves: reasoningModels.has, lacks: reasoningModels.lacks },
    count,
    { codec: openaiEmbeddings, modelIn: "body", path: pathOf("embeddings"), headers: [] },
  ],
} satisfies Provider;

/** Responses are of the v1 API only. */
function responsesPath({ basePath }: ServedCall): string {
  return basePath.endsWith("/openai")
    ? `${basePath}/v1/responses`
    : `${basePath || "/openai/v1"}/responses`;
}

/**
 * The v1 API, or with a base path that ends in `/openai` the dated one, whose paths name the deployment: it does not
 * heed the model of the body, which stays there.
 */
function pathOf(operation: string): (call: ServedCall) => string {
  return ({ basePath, model }) => {
    if (!basePath.endsWith("/openai")) return `${basePath || "/openai/v1"}/${operation}`;
    const deployment = encodeURIComponent(model);
    return `${basePath}/deployments/${deployment}/${operation}?api-version=${apiVersion}`;
  };
}
