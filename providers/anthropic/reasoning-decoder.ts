/**
 * Thinking and effort of a request, read into the IR (https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking,
 * …/adaptive-thinking, …/effort). A budget of -1 is adaptive thinking, one of 0 beside an effort is none at all.
 */

import type { ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";
import type { RequestNotes } from "./request-notes.ts";
import { generationOf } from "./claude-generation.ts";
import { memberOf, numberOf } from "./json-members.ts";

const efforts: ReadonlyMap<JsonValue, ReasoningEffort> = new Map<JsonValue, ReasoningEffort>([
  ["low", "low"],
  ["medium", "medium"],
  ["high", "high"],
  ["xhigh", "xhigh"],
  ["max", "max"],
]);

/** Reads `thinking` and `output_config.effort`. */
export function decodeReasoning(
  thinking: JsonValue | undefined,
  effort: JsonValue | undefined,
  notes: RequestNotes,
): ReasoningRequest | null {
  const word = decodeEffort(effort, notes);
  if (thinking === undefined || thinking === null) {
    return word === null ? null : { effort: word, budgetTokens: null, visible: null };
  }
  if (!isJsonObject(thinking)) {
    notes.fail("thinking is not an object");
    return null;
  }
  notes.missOthers(thinking, known, "thinking");
  return decodeThinking(thinking, word, notes);
}

/**
 * Reasoning that a model of Claude's shows without being asked to, made an explicit wish: agents count on it, and other
 * providers show nothing of their own accord.
 */
export function withUsualDisplay(
  reasoning: ReasoningRequest | null,
  model: string,
): ReasoningRequest | null {
  if (reasoning === null || reasoning.visible !== null) return reasoning;
  const { budgetTokens } = reasoning;
  const isOn = budgetTokens !== null && numberOf(budgetTokens) !== 0;
  return isOn && generationOf(model).thinking.isShown ? { ...reasoning, visible: true } : reasoning;
}

const known: ReadonlySet<string> = new Set(["type", "budget_tokens", "display"]);

function decodeEffort(effort: JsonValue | undefined, notes: RequestNotes): ReasoningEffort | null {
  if (effort === undefined || effort === null) return null;
  const word = efforts.get(effort);
  if (word === undefined) notes.miss("unknown-field", "output_config.effort");
  return word ?? null;
}

function decodeThinking(
  thinking: JsonObject,
  effort: ReasoningEffort | null,
  notes: RequestNotes,
): ReasoningRequest | null {
  const visible = visibilities.get(memberOf(thinking, "display")) ?? null;
  switch (thinking["type"]) {
    case "enabled": {
      const budget = memberOf(thinking, "budget_tokens");
      if (isJsonNumber(budget)) return { effort, budgetTokens: budget, visible };
      notes.fail("thinking.budget_tokens is not a number");
      return null;
    }
    case "adaptive":
      return { effort, budgetTokens: -1, visible };
    // The least that models have which cannot be told not to think
    case "between_tools":
    case "disabled":
      return effort === null
        ? { effort: "none", budgetTokens: null, visible }
        : { effort, budgetTokens: 0, visible };
    default:
      notes.miss("unknown-field", "thinking.type");
      return effort === null ? null : { effort, budgetTokens: null, visible };
  }
}

const visibilities: ReadonlyMap<JsonValue | undefined, boolean> = new Map<JsonValue, boolean>([
  ["summarized", true],
  ["omitted", false],
]);
