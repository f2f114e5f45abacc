/** Servers that speak OpenAI's dialects, in the cloud and of one's own, as one provider. */

import type { Feature } from "../features.ts";
import { openaiChat } from "../openai/chat-codec.ts";
import { encodeSpelledRequest } from "../openai/chat-request-encoder.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { openai, pathUnder } from "../openai/provider.ts";
import { shortToolId } from "../openai/tool-ids.ts";
import type { Provider, ServedApi } from "../provider.ts";
import { compatibleOperations } from "./usage.ts";

/**
 * Models of which servers document that they take a word for effort, wherever they run and whatever stands before their
 * name. For others some servers answer 400 to it (https://console.groq.com/docs/reasoning).
 */
const takesEffort = /(?:^|\/)(?:gpt-oss|gpt-[5-9]|o[134]\b|deepseek|claude|gemini)/i;

const chat: ServedApi = {
  codec: openaiChat,
  modelIn: "body",
  path: pathUnder("chat/completions"),
  headers: [],
  streamUsage: "on-request",
  // Every server knows the field that OpenAI has renamed, few know the new name.
  encodeChat: (request) =>
    encodeSpelledRequest(request, {
      maxTokensField: "max_tokens",
      seedField: "seed",
      asksStreamUsage: true,
      joinsTexts: true,
      toolId: shortToolId,
    }),
};

/**
 * The declaration of servers that speak OpenAI's dialects. Its hosts are the public ones; servers of one's own are
 * reached by a Backend with its name.
 */
export const openaiCompatible = {
  name: "openai_compatible",
  aliases: [
    "openai-compatible",
    "vllm",
    "ollama",
    "groq",
    "openrouter",
    "together",
    "fireworks",
    "deepseek",
    "xai",
    "lmstudio",
    "litellm",
  ],
  hosts: [
    "api.groq.com",
    "openrouter.ai",
    "api.together.xyz",
    "api.together.ai",
    "api.fireworks.ai",
    "api.deepseek.com",
    "api.x.ai",
    "api.perplexity.ai",
    "api.cerebras.ai",
    "api.sambanova.ai",
    "api.deepinfra.com",
    "api.moonshot.ai",
    "api.moonshot.cn",
    "api.z.ai",
    "dashscope.aliyuncs.com",
    "dashscope-intl.aliyuncs.com",
    "integrate.api.nvidia.com",
    "router.huggingface.co",
  ],
  credentialHeaders: ["authorization"],
  // OpenRouter's words for who calls (https://openrouter.ai/docs/app-attribution)
  ownHeaders: [...openai.ownHeaders, "http-referer", "x-title", "x-openrouter-*"],
  errorBody: openai.errorBody,
  errorHeaders: [],
  operations: compatibleOperations,
  served: [
    { ...chat, serves: (model) => takesEffort.test(model) },
    { ...chat, lacks: new Set<Feature>(["reasoning"]) },
    { codec: openaiEmbeddings, modelIn: "body", path: pathUnder("embeddings"), headers: [] },
  ],
} satisfies Provider;
