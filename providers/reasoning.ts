/** Effort of reasoning between dialects that have words for it and those that count tokens. */

import type { JsonNumber } from "./json-text.ts";
import type { ReasoningEffort, ReasoningRequest } from "./ir.ts";

/**
 * Tokens of each word, where only tokens can be said. The least that Anthropic accepts is 1,024; providers publish no
 * mapping of their own, so these are steps between that and what fits every model.
 */
const budgets: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_768,
  max: 32_768,
};

/** Tokens that a request's reasoning may take; null when it says nothing of it. */
export function budgetOf({ effort, budgetTokens }: ReasoningRequest): JsonNumber | null {
  return budgetTokens ?? (effort === null ? null : budgets[effort]);
}

/** The word for a request's reasoning: its own, else that of the smallest budget that holds its tokens. */
export function effortOf({ effort, budgetTokens }: ReasoningRequest): ReasoningEffort | null {
  if (effort !== null) return effort;
  if (budgetTokens === null) return null;
  const tokens = typeof budgetTokens === "number" ? budgetTokens : Number(budgetTokens.rawJSON);
  if (tokens < 0) return "medium";
  const words: readonly ReasoningEffort[] = ["none", "minimal", "low", "medium", "high"];
  return words.find((word) => budgets[word] >= tokens) ?? "xhigh";
}
