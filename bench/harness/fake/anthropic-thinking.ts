/** Thinking in Anthropic requests. https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
import type { AnthropicModel } from "./anthropic-model.ts";
import type { Turn } from "./anthropic-turns.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { signatureOf } from "./model-answer.ts";

/** Signature of thinking whose text was left out. */
export const sealOfOmitted: string = signatureOf("anthropic", "omitted");

/** What the settings of thinking do not go with; undefined when all is well. */
export function findThinkingProblem(
  body: JsonObject,
  turns: readonly Turn[],
  model: AnthropicModel,
): string | undefined {
  const { thinking, tool_choice: choice, max_tokens: limit, temperature } = body;
  if (!isJsonObject(thinking)) return undefined;
  const { type, budget_tokens: tokens } = thinking;
  if (type === "enabled" && model.thinking === "adaptive") {
    return '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.';
  }
  if (type === "adaptive" && model.thinking === "budget") {
    return "adaptive thinking is not supported on this model";
  }
  if (type === "disabled" || type === "between_tools") return undefined;
  if (typeof tokens === "number" && typeof limit === "number" && tokens >= limit) {
    return "`max_tokens` must be greater than `thinking.budget_tokens`.";
  }
  if (temperature !== undefined && temperature !== 1) {
    return "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.";
  }
  if (body["top_k"] !== undefined) return "`top_k` must be unset when thinking is enabled.";
  const forced = isJsonObject(choice) && (choice["type"] === "any" || choice["type"] === "tool");
  if (forced) return "Thinking may not be enabled when tool_choice forces tool use.";
  return type === "enabled" ? findBareToolUse(turns) : undefined;
}

/** With a budget, the assistant turn that called the tools now answered must begin with its thinking. */
function findBareToolUse(turns: readonly Turn[]): string | undefined {
  const index = turns.findLastIndex(({ role }) => role === "assistant");
  const { blocks = [] } = turns[index] ?? {};
  const type = String(blocks[0]?.["type"]);
  const calls = blocks.some((block) => block["type"] === "tool_use");
  if (!calls || type === "thinking" || type === "redacted_thinking") return undefined;
  return `messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`;
}

/** What is wrong with a block of thinking that comes back: only the API's own, unchanged, is taken. */
export function findSealProblem(block: JsonObject): string | undefined {
  const { type, thinking, signature, data } = block;
  if (type === "redacted_thinking") {
    return data === signatureOf("anthropic", "")
      ? undefined
      : "Invalid `data` in `redacted_thinking` block";
  }
  if (type !== "thinking") return undefined;
  const sealed = [signatureOf("anthropic", String(thinking)), sealOfOmitted];
  return sealed.includes(String(signature)) ? undefined : "Invalid `signature` in `thinking` block";
}
