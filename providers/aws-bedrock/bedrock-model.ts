/** What the id of a model on Bedrock tells (https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html). */

/**
 * Whether a model is Anthropic's: its id, that of an inference profile across regions, or an ARN of either. The ARN of an
 * account's own profile names no model, so it is taken for another's.
 */
export function isClaude(model: string): boolean {
  return model.includes("anthropic.");
}
