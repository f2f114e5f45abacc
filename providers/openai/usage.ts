/**
 * Where OpenAI's API says what of a model call (https://platform.openai.com/docs/api-reference): chat completions,
 * completions, responses and embeddings. Others speak the same dialects under paths of their own.
 */

import type { AnswerPaths, Operation } from "../operation.ts";
import type { OutputPlace } from "../output-place.ts";
import { openaiChat } from "./chat-codec.ts";
import { openaiEmbeddings } from "./embeddings-codec.ts";
import { openaiResponses } from "./responses-codec.ts";
import { openaiTokenCount } from "./token-count-codec.ts";

/** An operation without its paths. */
export type Dialect = Omit<Operation, "paths">;

const usage: AnswerPaths = {
  inputTokens: ["usage.prompt_tokens"],
  outputTokens: ["usage.completion_tokens"],
  cachedInputTokens: ["usage.prompt_tokens_details.cached_tokens"],
  cacheWriteTokens: ["usage.prompt_tokens_details.cache_write_tokens"],
  reasoningTokens: ["usage.completion_tokens_details.reasoning_tokens"],
};

const choices: AnswerPaths = {
  id: ["id"],
  model: ["model"],
  choice: ["choices[].index"],
  finishReason: ["choices[].finish_reason"],
  ...usage,
};

/** Of servers that speak this dialect: OpenRouter's `models` and `preset`, LiteLLM's `fallbacks`. */
const otherModels = ["models", "fallbacks", "preset"] as const;

/** Chat completions; usage of a stream comes in an event of its own, if the request asks for it. */
export const chatCompletions = {
  name: "chat",
  otherModels,
  codec: openaiChat,
  answer: choices,
  event: {
    ...choices,
    // A first chunk that tells only the role is no content. `reasoning_content` and `reasoning` are of servers that
    // speak this dialect for their own models.
    content: [
      "choices[].delta.content",
      "choices[].delta.refusal",
      "choices[].delta.reasoning_content",
      "choices[].delta.reasoning",
      "choices[].delta.audio.data",
      "choices[].delta.audio.transcript",
      "choices[].delta.function_call.name",
      "choices[].delta.function_call.arguments",
      "choices[].delta.tool_calls[].function.name",
      "choices[].delta.tool_calls[].function.arguments",
      "choices[].delta.tool_calls[].custom.name",
      "choices[].delta.tool_calls[].custom.input",
    ],
  },
  finalStatuses: [],
  inputTokens: "with-cache",
  output: {
    // The name that every server of the dialect knows comes first; some refuse the other one.
    limits: ["max_tokens", "max_completion_tokens"],
    answers: ["n"],
  },
} satisfies Dialect;

/** Where OpenAI's own servers want the bound of a chat: models that reason refuse the older name. */
export const ownChatOutput: OutputPlace = {
  limits: ["max_completion_tokens", "max_tokens"],
  answers: ["n"],
};

/** Completions, which OpenAI calls legacy. */
export const completions = {
  name: "text_completion",
  otherModels,
  answer: choices,
  event: { ...choices, content: ["choices[].text"] },
  finalStatuses: [],
  inputTokens: "with-cache",
  output: { limits: ["max_tokens"], answers: ["n", "best_of"], prompts: "prompt" },
} satisfies Dialect;

/** Embeddings; they have no output that is counted. */
export const embeddings = {
  name: "embeddings",
  otherModels,
  codec: openaiEmbeddings,
  answer: { model: ["model"], inputTokens: ["usage.prompt_tokens"] },
  event: {},
  finalStatuses: [],
  inputTokens: "with-cache",
  output: "none",
} satisfies Dialect;

const response: AnswerPaths = {
  id: ["id"],
  model: ["model"],
  status: ["status"],
  finishReason: ["incomplete_details.reason"],
  inputTokens: ["usage.input_tokens"],
  outputTokens: ["usage.output_tokens"],
  cachedInputTokens: ["usage.input_tokens_details.cached_tokens"],
  cacheWriteTokens: ["usage.input_tokens_details.cache_write_tokens"],
  reasoningTokens: ["usage.output_tokens_details.reasoning_tokens"],
};

/** The event that ends a stream holds the whole response. */
const wholeResponse = {
  name: "chat",
  otherModels,
  answer: response,
  event: {
    ...within("response", response),
    // Deltas of every sort, and the names of calls, which the model writes before their arguments
    content: ["delta", "item.name", "partial_image_b64"],
  },
  finalStatuses: ["completed", "incomplete", "failed", "cancelled"],
  inputTokens: "with-cache",
} satisfies Dialect;

/** The API that OpenAI recommends for agents: whole responses, and streams of typed events. */
export const responses = {
  ...wholeResponse,
  codec: openaiResponses,
  output: { limits: ["max_output_tokens"] },
} satisfies Dialect;

/** Compaction of a conversation for later responses: the model reads and writes, but nobody is answered. */
export const compactions = {
  ...wholeResponse,
  name: "compact",
  event: {},
} satisfies Dialect;

/** How many tokens a request would have; nothing is used, so there is no usage. */
export const inputTokenCounts = {
  name: "count_tokens",
  codec: openaiTokenCount,
  answer: {},
  event: {},
  finalStatuses: [],
  inputTokens: "with-cache",
  output: "none",
} satisfies Dialect;

/** The operations of api.openai.com. */
export const openaiOperations: readonly Operation[] = [
  {
    ...chatCompletions,
    streamUsage: "on-request",
    output: ownChatOutput,
    paths: ["/v1/chat/completions"],
  },
  { ...completions, paths: ["/v1/completions"] },
  { ...responses, paths: ["/v1/responses"] },
  { ...compactions, paths: ["/v1/responses/compact"] },
  { ...inputTokenCounts, paths: ["/v1/responses/input_tokens"] },
  { ...embeddings, paths: ["/v1/embeddings"] },
];

function within(key: string, paths: AnswerPaths): AnswerPaths {
  return Object.fromEntries(
    Object.entries(paths).map(([fact, list]) => [fact, list.map((path) => `${key}.${path}`)]),
  );
}
