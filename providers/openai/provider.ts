/** OpenAI: hosts and error shape of api.openai.com (https://platform.openai.com/docs/guides/error-codes). */

import type { Provider, ServedApi, ServedCall } from "../provider.ts";
import { openaiChat } from "./chat-codec.ts";
import { openaiEmbeddings } from "./embeddings-codec.ts";
import { plainModels, reasoningModels } from "./model-families.ts";
import { openaiResponses } from "./responses-codec.ts";
import { openaiTokenCount } from "./token-count-codec.ts";
import { openaiOperations } from "./usage.ts";

const chat: ServedApi = {
  codec: openaiChat,
  modelIn: "body",
  path: pathUnder("chat/completions"),
  headers: [],
  streamUsage: "on-request",
};

const count: ServedApi = {
  codec: openaiTokenCount,
  modelIn: "body",
  path: pathUnder("responses/input_tokens"),
  headers: [],
};

/** The declaration of OpenAI; its regional hosts keep data in one place. */
export const openai = {
  name: "openai",
  aliases: [],
  hosts: ["api.openai.com", "eu.api.openai.com", "us.api.openai.com"],
  credentialHeaders: ["authorization"],
  // The last is of SDKs that are made by the same generator, Anthropic's too
  ownHeaders: ["openai-organization", "openai-project", "openai-beta", "x-stainless-*"],
  errorBody: ({ status, message, code }) => ({
    error: { message, type: errorType(status), param: null, code },
  }),
  errorHeaders: [],
  operations: openaiOperations,
  served: [
    { ...chat, serves: plainModels.has, lacks: plainModels.lacks },
    { ...chat, serves: reasoningModels.has, lacks: reasoningModels.lacks },
    chat,
    { codec: openaiResponses, modelIn: "body", path: pathUnder("responses"), headers: [] },
    { ...count, serves: plainModels.has, lacks: plainModels.lacks },
    { ...count, serves: reasoningModels.has, lacks: reasoningModels.lacks },
    count,
    { codec: openaiEmbeddings, modelIn: "body", path: pathUnder("embeddings"), headers: [] },
  ],
} satisfies Provider;

/** The path of an operation below the base path of its server, which is `/v1` unless the call says another. */
export function pathUnder(operation: string): (call: ServedCall) => string {
  return ({ basePath }) => `${basePath || "/v1"}/${operation}`;
}

function errorType(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "permission_error";
}
