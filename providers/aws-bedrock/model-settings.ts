/**
 * How a model on Bedrock is asked to reason and to sample, beyond what Converse has words for. Claude's rules
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html): a budget of 1,024 tokens
 * at least and less than the answer may have, no forced tool, no sampling of its own beside it, and in the middle of a
 * tool's use only where the turn began with reasoning.
 */

import type { ChatRequest, ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { budgetOf, effortOf } from "../reasoning.ts";
import type { ClaudeModel } from "./claude-model.ts";
import { joinTurns } from "../turns.ts";
import { findClaudeModel } from "./claude-model.ts";
import { converseName } from "./converse-content-decoder.ts";

/** What a request sets beside what the IR says of it. */
export interface ModelSettings {
  /** `additionalModelRequestFields` */
  readonly fields: JsonObject | undefined;
  /** `outputConfig.effort` */
  readonly effort: string | undefined;
  /** Temperature and top-p may be said */
  readonly sampling: boolean;
}

const leastBudget = 1_024;

/** The settings of a request for its model; of models that are not known to be Claude's: none. */
export function settingsOf(request: ChatRequest): ModelSettings {
  const claude = findClaudeModel(request.model);
  if (claude === null) return { fields: undefined, effort: undefined, sampling: true };
  const thinking = thinkingOf(request, claude);
  const sampling = claude.sampling && thinking === undefined;
  const fields = {
    thinking,
    top_k: sampling ? (request.topK ?? undefined) : undefined,
  };
  const isEmpty = fields.thinking === undefined && fields.top_k === undefined;
  const effort =
    thinking === undefined || request.reasoning === null
      ? undefined
      : effortFor(request.reasoning, claude);
  return { fields: isEmpty ? undefined : fields, effort, sampling };
}

function thinkingOf(request: ChatRequest, claude: ClaudeModel): JsonObject | undefined {
  const { reasoning, toolChoice } = request;
  if (reasoning === null || effortOf(reasoning) === "none") return undefined;
  if (toolChoice?.kind === "required" || toolChoice?.kind === "tool") return undefined;
  switch (claude.thinking) {
    case "none":
      return undefined;
    case "adaptive":
      return { type: "adaptive", display: displayOf(reasoning, claude) };
    case "budget": {
      const budget = isInToolUse(request) ? null : budgetWithin(request, reasoning);
      return budget === null ? undefined : { type: "enabled", budget_tokens: budget };
    }
  }
}

/** Generations that always show their thinking do not have the member. */
function displayOf({ visible }: ReasoningRequest, claude: ClaudeModel): string | undefined {
  if (!claude.hidesThinking || visible === null) return undefined;
  return visible ? "summarized" : "omitted";
}

/** Tokens that thinking may take; null when the answer leaves too little for it. */
function budgetWithin(
  { maxOutputTokens }: ChatRequest,
  { effort, budgetTokens, visible }: ReasoningRequest,
): number | null {
  const isOpen = budgetTokens === null || valueOfNumber(budgetTokens) < 0;
  const asked = isOpen
    ? budgetOf({ effort: effort ?? "medium", budgetTokens: null, visible })
    : budgetTokens;
  const wanted = Math.max(valueOfNumber(asked ?? 0), leastBudget);
  if (maxOutputTokens === null) return wanted;
  const most = valueOfNumber(maxOutputTokens) - 1;
  return most < leastBudget ? null : Math.min(wanted, most);
}

/** The last turn answers tools, and the turn that called them did not begin with reasoning that goes back. */
function isInToolUse({ messages }: ChatRequest): boolean {
  const [caller, last] = joinTurns(messages).slice(-2);
  if (last?.parts.some(({ kind }) => kind === "tool-result") !== true) return false;
  const first = caller?.parts[0];
  if (first?.kind !== "reasoning" || first.origin !== converseName) return true;
  return first.signature === null && first.encrypted === null;
}

/** The word that a generation knows; undefined leaves it to the model. */
function effortFor(reasoning: ReasoningRequest, claude: ClaudeModel): ReasoningEffort | undefined {
  if (claude.thinking !== "adaptive") return undefined;
  const { effort, budgetTokens } = reasoning;
  if (effort === null && budgetTokens !== null && valueOfNumber(budgetTokens) < 0) return undefined;
  const word = effortOf(reasoning);
  if (word === "minimal") return "low";
  if (word === "xhigh" && !claude.xhighEffort) return "high";
  return word ?? undefined;
}

function valueOfNumber(number: JsonNumber): number {
  return typeof number === "number" ? number : Number(number.rawJSON);
}
