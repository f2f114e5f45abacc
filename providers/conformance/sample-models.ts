/** Models by which codecs are asked that treat models differently; the first of a codec is asked about everything. */

import type { Codec } from "../codec.ts";
import type { Provider } from "../provider.ts";

/** For codecs that are not listed, and providers that nothing is known of. */
export const anyModel = "model-1";

const claude = [
  ...["claude-sonnet-4-5", "claude-3-haiku-20240307", "claude-opus-4-8"],
  "anthropic.claude-sonnet-4-5-20250929-v1:0",
  anyModel,
];
const gemini = ["gemini-2.5-pro", "gemini-3-pro-preview", "gemini-2.0-flash-lite", anyModel];
const gpt = [anyModel, "gpt-4.1-mini", "gpt-5", "o3-mini"];

const modelsByCodec: ReadonlyMap<string, readonly string[]> = new Map([
  ["anthropic-messages", claude],
  ["anthropic-token-count", claude],
  [
    "bedrock-converse",
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0", anyModel],
  ],
  [
    "bedrock-token-count",
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-opus-4-8-v1:0"],
  ],
  ["gemini-generate-content", gemini],
  ["gemini-count-tokens", gemini],
  ["vertex-count-tokens", gemini],
  ["openai-chat", gpt],
  ["openai-responses", gpt],
  ["openai-token-count", gpt],
  ["mistral-chat", ["mistral-large-latest", anyModel]],
]);

/** Models for a codec that the provider serves in its dialect, at least one; any model where it serves none. */
export function sampleModels(
  { served = [] }: Pick<Provider, "served">,
  codec: Codec,
): readonly [string, ...string[]] {
  const apis = served.filter((api) => api.codec === codec);
  const models = (modelsByCodec.get(codec.name) ?? []).filter((model) =>
    apis.some(({ serves }) => serves?.(model) !== false),
  );
  const [first = anyModel, ...others] = models;
  return [first, ...others];
}
