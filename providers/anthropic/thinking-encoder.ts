/**
 * How a request asks to think, in the words that its model takes
 * (https://platform.claude.com/docs/en/build-with-claude/thinking). The API wants no thinking with budgets where a tool is
 * forced, where the answer's beginning is given, and where the turn that is going on began without it.
 */

import type {
  ChatRequest,
  Message,
  ReasoningEffort,
  ReasoningPart,
  ReasoningRequest,
} from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { budgetOf, effortOf } from "../reasoning.ts";
import type { ThinkingRules } from "./claude-generation.ts";
import { messagesDialect } from "./dialect.ts";
import { numberOf } from "./json-members.ts";

/** Least budget that the API takes. */
const leastBudget = 1_024;
/** Tokens that thinking is given room for where nobody said how many. */
const usualBudget = 8_192;

/** Words for effort, least first. */
const ranks: readonly ReasoningEffort[] = [
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
];

/** How a request asks to think. */
export interface ThinkingChoice {
  /** Null: nothing is said */
  readonly type: "enabled" | "adaptive" | "disabled" | "between_tools" | null;
  /** Null: nothing is said */
  readonly effort: ReasoningEffort | null;
  /** Tokens that thinking may take, 0 where the model does not think */
  readonly budget: JsonNumber;
  /** Null: nothing is said */
  readonly display: "summarized" | "omitted" | null;
}

/** How a request asks to think, but for what is shown of it. */
type Amount = Omit<ThinkingChoice, "display">;

const nothing: Amount = { type: null, effort: null, budget: 0 };

/** Chooses how to ask for a request's reasoning by the rules of its model. */
export function chooseThinking(request: ChatRequest, rules: ThinkingRules): ThinkingChoice {
  return { ...chooseAmount(request, rules), display: chooseDisplay(request.reasoning, rules) };
}

function chooseAmount(request: ChatRequest, rules: ThinkingRules): Amount {
  const { reasoning } = request;
  if (rules.on.length === 0) return nothing;
  // A tool that must be called goes without: the API refuses both together.
  if (isOff(reasoning) || isForced(request)) return chooseOff(reasoning, rules);
  if (reasoning === null || isEffortOnly(request)) return chooseDefault(reasoning, rules);
  if (rules.on.includes("adaptive") && !wantsBudget(reasoning, rules)) {
    return { type: "adaptive", effort: wordFor(reasoning, rules), budget: roomFor(reasoning) };
  }
  // Elsewhere the word was all there is, and the budget stands for it now.
  const effort = request.variant === messagesDialect ? wordFor(reasoning, rules) : null;
  return canThink(request.messages)
    ? { type: "enabled", effort, budget: roomFor(reasoning) }
    : { type: null, effort, budget: 0 };
}

/** The `thinking` of a request; undefined: nothing is said. `budget` is what there is room for. */
export function encodeThinking(
  { type, display }: ThinkingChoice,
  budget: JsonNumber,
): JsonObject | undefined {
  if (type === null) return undefined;
  if (type === "disabled" || type === "between_tools") return { type };
  return {
    type,
    ...(type === "enabled" && { budget_tokens: budget }),
    ...(display !== null && { display }),
  };
}

/** What is shown is said only where it is not what the model does anyway. */
function chooseDisplay(
  reasoning: ReasoningRequest | null,
  { isShown }: ThinkingRules,
): ThinkingChoice["display"] {
  switch (reasoning?.visible ?? null) {
    case true:
      return isShown ? null : "summarized";
    case false:
      return "omitted";
    case null:
      return null;
  }
}

/** Nothing is said of thinking itself: the model does as it does by default. */
function chooseDefault(reasoning: ReasoningRequest | null, rules: ThinkingRules): Amount {
  return {
    type: null,
    effort: wordFor(reasoning, rules),
    budget: rules.byDefault ? roomFor(reasoning) : 0,
  };
}

/** Models that always think get their lowest effort where they were not to. */
function chooseOff(reasoning: ReasoningRequest | null, rules: ThinkingRules): Amount {
  const word = wordFor(reasoning, rules);
  if (rules.off === null) {
    const effort = isOff(reasoning) ? (word ?? rules.efforts[0] ?? null) : word;
    return { type: null, effort, budget: roomFor(reasoning) };
  }
  const isTold = isOff(reasoning) || rules.byDefault;
  return { type: isTold ? rules.off : null, effort: atMostHigh(word), budget: 0 };
}

function isOff(reasoning: ReasoningRequest | null): boolean {
  return reasoning !== null && numberOf(budgetOf(reasoning) ?? -1) === 0;
}

function isForced({ tools, toolChoice }: ChatRequest): boolean {
  return tools.length > 0 && (toolChoice?.kind === "required" || toolChoice?.kind === "tool");
}

/** In other dialects a word for effort asks for reasoning; in this one it may stand without. */
function isEffortOnly({ reasoning, variant }: ChatRequest): boolean {
  return variant === messagesDialect && reasoning?.budgetTokens === null;
}

function wantsBudget({ budgetTokens }: ReasoningRequest, { on }: ThinkingRules): boolean {
  return budgetTokens !== null && numberOf(budgetTokens) > 0 && on.includes("enabled");
}

function roomFor(reasoning: ReasoningRequest | null): JsonNumber {
  if (reasoning === null) return usualBudget;
  const { effort, budgetTokens } = reasoning;
  const isOpen = budgetTokens !== null && numberOf(budgetTokens) < 0;
  const budget = budgetOf(isOpen ? { ...reasoning, budgetTokens: null } : reasoning);
  if (budget === null || effort === "none") return usualBudget;
  return numberOf(budget) < leastBudget ? leastBudget : budget;
}

/** The word for effort that the model knows: the agent's, or the one for its budget where no budget can be said. */
function wordFor(
  reasoning: ReasoningRequest | null,
  { efforts, on }: ThinkingRules,
): ReasoningEffort | null {
  if (reasoning === null) return null;
  const { budgetTokens, effort } = reasoning;
  const isCounted = budgetTokens !== null && numberOf(budgetTokens) > 0;
  const word = isCounted && !on.includes("enabled") ? effortOf(reasoning) : effort;
  if (word === null || word === "none") return null;
  const rank = ranks.indexOf(word);
  return efforts.findLast((known) => ranks.indexOf(known) <= rank) ?? efforts[0] ?? null;
}

/** More cannot be asked of models that are told not to think. */
function atMostHigh(word: ReasoningEffort | null): ReasoningEffort | null {
  return word === "xhigh" || word === "max" ? "high" : word;
}

/**
 * Whether a budget may be said: the API takes no beginning of an answer with it, and wants the turn that is going on,
 * where results of tools stand last, to have begun with thinking of its own.
 */
function canThink(messages: readonly Message[]): boolean {
  if (messages.at(-1)?.role === "assistant") return false;
  let first: Message | undefined;
  for (let index = messages.length - 1; index >= 0; index--) {
    const message = messages[index];
    if (message === undefined || isAsked(message)) break;
    if (message.role === "assistant") first = message;
  }
  const part = first?.parts.find((part) => part.kind !== "reasoning" || isProven(part));
  return part === undefined || part.kind === "reasoning";
}

/** Whether a turn is the user's own, not only results of tools. */
function isAsked({ role, parts }: Message): boolean {
  return role === "user" && !parts.some(({ kind }) => kind === "tool-result");
}

function isProven({ origin, signature, encrypted }: ReasoningPart): boolean {
  return origin === messagesDialect && (signature ?? encrypted) !== null;
}
