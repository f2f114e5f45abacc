/** Models that the Bedrock fake serves: Claude by its Bedrock ids. https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html */
import { findAnthropicModel } from "./anthropic-model.ts";
import type { AnthropicModel } from "./anthropic-model.ts";

const bedrockIds: ReadonlyMap<string, string> = new Map([
  ["anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"],
  ["anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"],
  ["anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"],
  ["anthropic.claude-opus-5-5", "claude-opus-5-5"],
]);

/** The model by its id, also by that of an inference profile of a group of regions (`us.…`). */
export function findBedrockModel(id: string): AnthropicModel | undefined {
  const alias = bedrockIds.get(id.replace(/^(?:us|eu|apac|jp|au|global)\./, ""));
  return alias === undefined ? undefined : findAnthropicModel(alias);
}
