/**
 * Where Bedrock's runtime says what of a model call
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html). Converse is the
 * same for all models; InvokeModel carries each provider's own bodies, of which the ones are read that tell of tokens.
 */

import { messages } from "../anthropic/usage.ts";
import type { AnswerFact, AnswerPaths, Operation } from "../operation.ts";
import { answerFacts } from "../operation.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";
import { bedrockTokenCount } from "./token-count-codec.ts";

const converseUsage = {
  inputTokens: ["usage.inputTokens"],
  outputTokens: ["usage.outputTokens"],
  cachedInputTokens: ["usage.cacheReadInputTokens"],
  cacheWriteTokens: ["usage.cacheWriteInputTokens"],
} satisfies AnswerPaths;

/** Answers name neither an id nor a model. */
const converse = {
  name: "chat",
  answer: {
    finishReason: ["stopReason"],
    ...converseUsage,
  },
  event: {
    finishReason: ["stopReason"],
    ...converseUsage,
    content: [
      "delta.text",
      "delta.toolUse.input",
      "delta.reasoningContent.text",
      "delta.reasoningContent.redactedContent",
      "start.toolUse.name",
    ],
  },
  finalStatuses: [],
  inputTokens: "without-cache",
  codec: bedrockConverse,
  output: {
    limits: ["inferenceConfig.maxTokens", "additionalModelRequestFields.max_tokens"],
    parts: ["additionalModelRequestFields.thinking.budget_tokens"],
  },
} satisfies Omit<Operation, "paths">;

/** Bodies of models that are not Anthropic's: Nova's, Llama's, Titan's, and those in the shape of OpenAI's. */
const others = {
  finishReason: ["stopReason"],
  inputTokens: [
    "usage.inputTokens",
    "usage.prompt_tokens",
    "prompt_token_count",
    "inputTextTokenCount",
  ],
  outputTokens: ["usage.outputTokens", "usage.completion_tokens", "generation_token_count"],
  cachedInputTokens: ["usage.cacheReadInputTokenCount"],
  cacheWriteTokens: ["usage.cacheWriteInputTokenCount"],
} satisfies AnswerPaths;

/** What Bedrock adds to the last event of a stream, whatever the model. */
const metrics = {
  inputTokens: ["amazon-bedrock-invocationMetrics.inputTokenCount"],
  outputTokens: ["amazon-bedrock-invocationMetrics.outputTokenCount"],
  cachedInputTokens: ["amazon-bedrock-invocationMetrics.cacheReadInputTokenCount"],
  cacheWriteTokens: ["amazon-bedrock-invocationMetrics.cacheWriteInputTokenCount"],
} satisfies AnswerPaths;

const invoke = {
  name: "chat",
  answer: joinPaths(messages.answer, others),
  event: joinPaths(messages.event, metrics, {
    content: ["generation", "outputText", "contentBlockDelta.delta.text"],
  }),
  finalStatuses: [],
  inputTokens: "without-cache",
  codec: bedrockAnthropic,
  // Other models' bodies have places of their own, which nobody here knows.
  output: { ...messages.output, serves: (model) => model.includes("anthropic.") },
} satisfies Omit<Operation, "paths">;

/** How many tokens a request would have; nothing is used, so there is no usage. */
const tokenCounts = {
  name: "count_tokens",
  codec: bedrockTokenCount,
  output: "none",
  answer: {},
  event: {},
  finalStatuses: [],
  inputTokens: "without-cache",
} satisfies Omit<Operation, "paths">;

/** The operations of a regional endpoint. */
export const bedrockOperations: readonly Operation[] = [
  { ...converse, paths: ["/model/{model}/converse"] },
  { ...converse, paths: ["/model/{model}/converse-stream"], isStream: true },
  { ...invoke, paths: ["/model/{model}/invoke"] },
  { ...invoke, paths: ["/model/{model}/invoke-with-response-stream"], isStream: true },
  { ...tokenCounts, paths: ["/model/{model}/count-tokens"] },
];

/** The alternatives of several bodies for each fact. */
function joinPaths(...all: readonly AnswerPaths[]): AnswerPaths {
  const joined: Partial<Record<AnswerFact, readonly string[]>> = {};
  for (const fact of answerFacts) {
    const paths = all.flatMap((one) => one[fact] ?? []);
    if (paths.length > 0) joined[fact] = paths;
  }
  return joined;
}
