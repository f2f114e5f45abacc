/**
 * Where Anthropic's API says what of a model call (https://docs.anthropic.com/en/api/messages, …/messages-streaming):
 * messages, their token counts and the older text completions. Counts of input leave out what the cache was read and
 * written for.
 */

import { chatCompletions } from "../openai/usage.ts";
import type { Dialect } from "../openai/usage.ts";
import type { Operation } from "../operation.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { anthropicTokenCount } from "./token-count-codec.ts";

/** Messages. A stream begins with the counts of input and ends with those of output; each is of the stream so far. */
export const messages = {
  name: "chat",
  answer: {
    id: ["id"],
    model: ["model"],
    finishReason: ["stop_reason"],
    inputTokens: ["usage.input_tokens"],
    outputTokens: ["usage.output_tokens"],
    cachedInputTokens: ["usage.cache_read_input_tokens"],
    cacheWriteTokens: ["usage.cache_creation_input_tokens"],
    reasoningTokens: ["usage.output_tokens_details.thinking_tokens"],
  },
  event: {
    id: ["message.id"],
    model: ["message.model"],
    finishReason: ["delta.stop_reason"],
    inputTokens: ["message.usage.input_tokens", "usage.input_tokens"],
    outputTokens: ["message.usage.output_tokens", "usage.output_tokens"],
    cachedInputTokens: ["message.usage.cache_read_input_tokens", "usage.cache_read_input_tokens"],
    cacheWriteTokens: [
      "message.usage.cache_creation_input_tokens",
      "usage.cache_creation_input_tokens",
    ],
    reasoningTokens: [
      "message.usage.output_tokens_details.thinking_tokens",
      "usage.output_tokens_details.thinking_tokens",
    ],
    // A block that starts holds content when it names a tool or is redacted reasoning, which comes whole
    content: [
      "delta.text",
      "delta.thinking",
      "delta.partial_json",
      "content_block.text",
      "content_block.thinking",
      "content_block.name",
      "content_block.data",
    ],
  },
  finalStatuses: [],
  codec: anthropicMessages,
  inputTokens: "without-cache",
  output: { limits: ["max_tokens"], parts: ["thinking.budget_tokens"] },
} satisfies Dialect;

const textCompletion = {
  id: ["id"],
  model: ["model"],
  finishReason: ["stop_reason"],
};

/** Text completions, which count no tokens. */
export const textCompletions = {
  name: "text_completion",
  answer: textCompletion,
  event: { ...textCompletion, content: ["completion"] },
  finalStatuses: [],
  inputTokens: "without-cache",
  output: { limits: ["max_tokens_to_sample"] },
} satisfies Dialect;

/** How many tokens a message would have; nothing is used, so there is no usage. */
export const messageTokenCounts = {
  name: "count_tokens",
  answer: {},
  event: {},
  finalStatuses: [],
  codec: anthropicTokenCount,
  inputTokens: "without-cache",
  output: "none",
} satisfies Dialect;

/** The operations of api.anthropic.com, with the one that it offers to clients of OpenAI. */
export const anthropicOperations: readonly Operation[] = [
  { ...messages, paths: ["/v1/messages"] },
  { ...messageTokenCounts, paths: ["/v1/messages/count_tokens"] },
  { ...textCompletions, paths: ["/v1/complete"] },
  { ...chatCompletions, paths: ["/v1/chat/completions"] },
];
