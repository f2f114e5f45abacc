/**
 * Model calls of Vertex AI (https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference): Gemini's
 * dialects under paths that name a project and a location, OpenAI's, and Anthropic's for its models.
 */

import { messages } from "../anthropic/usage.ts";
import { calls, generatedContents, streamedContents, tokenCounts } from "../google-genai/usage.ts";
import { vertexTokenCount } from "../google-genai/token-count-codec.ts";
import { chatCompletions } from "../openai/usage.ts";
import type { Dialect } from "../openai/usage.ts";
import type { Operation } from "../operation.ts";

const versions = ["/v1", "/v1beta1"];
const locations = versions.map((version) => `${version}/projects/{any}/locations/{any}`);
/** The shorter path is that of callers with an API key, whose key names the project. */
const models = [
  ...locations.map((location) => `${location}/publishers/google/models/{model}`),
  ...versions.map((version) => `${version}/publishers/google/models/{model}`),
  ...locations.map((location) => `${location}/endpoints/{model}`),
];
const claudes = locations.map((location) => `${location}/publishers/anthropic/models/{model}`);

/** The operations of Vertex AI that are model calls; predictions of other sorts are none. */
export const vertexOperations: readonly Operation[] = [
  { ...generatedContents, paths: calls(models, "generateContent") },
  { ...streamedContents, paths: calls(models, "streamGenerateContent") },
  { ...tokenCounts, codec: vertexTokenCount, paths: calls(models, "countTokens") },
  {
    ...chatCompletions,
    paths: locations.map((location) => `${location}/endpoints/openapi/chat/completions`),
  },
  { ...observedOnly(messages), paths: calls(claudes, "rawPredict") },
  { ...observedOnly(messages), isStream: true, paths: calls(claudes, "streamRawPredict") },
];

/** A dialect without its codec: what calls say here beside it no other provider would be told. */
function observedOnly({ codec: _codec, ...rest }: Dialect): Dialect {
  return rest;
}
