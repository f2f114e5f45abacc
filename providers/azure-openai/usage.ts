/**
 * Model calls of Azure: OpenAI's and Anthropic's dialects under paths of its own, of which some name the deployment
 * (https://learn.microsoft.com/azure/ai-services/openai/reference).
 */

import { messageTokenCounts, messages } from "../anthropic/usage.ts";
import {
  chatCompletions,
  completions,
  compactions,
  embeddings,
  inputTokenCounts,
  ownChatOutput,
  responses,
} from "../openai/usage.ts";
import type { Operation } from "../operation.ts";

const deployment = "/openai/deployments/{model}";

/** The operations of an Azure resource; what a path names is the deployment, which stands for the model. */
export const azureOpenaiOperations: readonly Operation[] = [
  {
    ...chatCompletions,
    streamUsage: "on-request",
    output: ownChatOutput,
    paths: [
      `${deployment}/chat/completions`,
      "/openai/v1/chat/completions",
      "/models/chat/completions",
    ],
  },
  { ...completions, paths: [`${deployment}/completions`, "/openai/v1/completions"] },
  { ...responses, paths: ["/openai/v1/responses", "/openai/responses"] },
  { ...compactions, paths: ["/openai/v1/responses/compact"] },
  { ...inputTokenCounts, paths: ["/openai/v1/responses/input_tokens"] },
  {
    ...embeddings,
    paths: [`${deployment}/embeddings`, "/openai/v1/embeddings", "/models/embeddings"],
  },
  { ...messages, paths: ["/anthropic/v1/messages"] },
  { ...messageTokenCounts, paths: ["/anthropic/v1/messages/count_tokens"] },
];
