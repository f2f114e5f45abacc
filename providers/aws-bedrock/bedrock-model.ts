/** What the id of a model on Bedrock tells (https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html). */

/**
 * Whether a model may be asked as Claude is: its id, that of an inference profile across regions, or an ARN of either
 * names Anthropic, or it names nobody, as no id of Bedrock's own does. The ARN of an account's own profile tells no
 * model, so it is taken for another's.
 */
export function isClaude(model: string): boolean {
  return model.includes("anthropic.") || !namesOwner(model);
}

function namesOwner(model: string): boolean {
  return model.includes(".") || model.startsWith("arn:");
}
