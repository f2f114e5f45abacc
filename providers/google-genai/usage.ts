/**
 * Where Gemini's API says what of a model call (https://ai.google.dev/api/generate-content, …/embeddings, …/tokens).
 * Vertex AI speaks the same dialects under paths of its own. Tokens that a provider's own tool read are in no count here:
 * only the answer's total has them.
 */

import { chatCompletions, embeddings } from "../openai/usage.ts";
import type { Dialect } from "../openai/usage.ts";
import type { AnswerPaths, Operation } from "../operation.ts";
import { geminiEmbeddings } from "./embeddings-codec.ts";
import { geminiGenerateContent } from "./generate-content-codec.ts";
import { geminiTokenCount } from "./token-count-codec.ts";

const response: AnswerPaths = {
  id: ["responseId"],
  model: ["modelVersion"],
  choice: ["candidates[].index"],
  finishReason: ["candidates[].finishReason"],
  inputTokens: ["usageMetadata.promptTokenCount"],
  outputTokens: ["usageMetadata.candidatesTokenCount"],
  cachedInputTokens: ["usageMetadata.cachedContentTokenCount"],
  reasoningTokens: ["usageMetadata.thoughtsTokenCount"],
};

/** Content that is generated; every event of a stream is a response with what is new and the counts so far. */
export const generatedContents = {
  name: "chat",
  answer: response,
  event: {
    ...response,
    content: [
      "candidates[].content.parts[].text",
      "candidates[].content.parts[].functionCall.name",
      "candidates[].content.parts[].executableCode.code",
      "candidates[].content.parts[].codeExecutionResult.output",
      "candidates[].content.parts[].inlineData.data",
    ],
  },
  finalStatuses: [],
  codec: geminiGenerateContent,
  inputTokens: "with-cache",
  outputTokens: "without-reasoning",
  output: {
    limits: ["generationConfig.maxOutputTokens"],
    answers: ["generationConfig.candidateCount"],
    keys: "protobuf",
  },
} satisfies Dialect;

/** Content that is streamed: as events, or as elements of an array where the request does not ask for them. */
export const streamedContents = {
  ...generatedContents,
  isStream: true,
  streamsArrays: true,
} satisfies Dialect;

/** Embeddings; only newer models count their input. */
export const contentEmbeddings = {
  name: "embeddings",
  answer: { inputTokens: ["usageMetadata.promptTokenCount"] },
  event: {},
  finalStatuses: [],
  codec: geminiEmbeddings,
  inputTokens: "with-cache",
  output: "none",
} satisfies Dialect;

/** How many tokens a request would have; nothing is used, so there is no usage. */
export const tokenCounts = {
  name: "count_tokens",
  answer: {},
  event: {},
  finalStatuses: [],
  codec: geminiTokenCount,
  inputTokens: "with-cache",
  output: "none",
} satisfies Dialect;

const models = [
  "/v1beta/models/{model}",
  "/v1/models/{model}",
  "/v1alpha/models/{model}",
  "/v1beta/tunedModels/{model}",
  "/v1/tunedModels/{model}",
];

/** The operations of generativelanguage.googleapis.com, with those that it offers to clients of OpenAI. */
export const geminiOperations: readonly Operation[] = [
  { ...generatedContents, paths: calls(models, "generateContent") },
  { ...streamedContents, paths: calls(models, "streamGenerateContent") },
  {
    ...contentEmbeddings,
    paths: [...calls(models, "batchEmbedContents"), ...calls(models, "embedContent")],
  },
  { ...tokenCounts, paths: calls(models, "countTokens") },
  { ...chatCompletions, paths: ["/v1beta/openai/chat/completions"] },
  { ...embeddings, paths: ["/v1beta/openai/embeddings"] },
];

/** Paths that call a method of models. */
export function calls(places: readonly string[], method: string): string[] {
  return places.map((place) => `${place}:${method}`);
}
