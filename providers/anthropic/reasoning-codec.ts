/**
 * Thinking and effort between Anthropic's requests and the IR
 * (https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking, …/effort).
 */

import type { ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";
import { budgetOf } from "../reasoning.ts";
import type { RequestNotes } from "./request-notes.ts";
import { memberOf } from "./request-notes.ts";

/** Least budget that the API takes. */
const leastBudget = 1_024;
/** Budget for "as many as the model likes", where it must be told. */
const openBudget = 8_192;

const efforts: ReadonlyMap<string, ReasoningEffort> = new Map([
  ["low", "low"],
  ["medium", "medium"],
  ["high", "high"],
  ["xhigh", "xhigh"],
  ["max", "max"],
]);

/** Reads `thinking` and the effort of `output_config`. */
export function decodeReasoning(
  thinking: JsonValue | undefined,
  effort: JsonValue | undefined,
  notes: RequestNotes,
): ReasoningRequest | null {
  const word = typeof effort === "string" ? (efforts.get(effort) ?? null) : null;
  if (effort !== undefined && effort !== null && word === null) {
    notes.miss("unknown-field", "output_config.effort");
  }
  if (thinking === undefined || thinking === null) {
    return word === null ? null : { effort: word, budgetTokens: null, visible: null };
  }
  if (!isJsonObject(thinking)) {
    notes.fail("thinking is not an object");
    return null;
  }
  return decodeThinking(thinking, word, notes);
}

/** The `thinking` of a request, and the tokens that it may take of `max_tokens`. */
export function encodeThinking(reasoning: ReasoningRequest | null): {
  readonly thinking: JsonObject | null;
  readonly budget: JsonNumber;
} {
  const budget = reasoning === null ? null : budgetOf(reasoning);
  if (budget === null) return { thinking: null, budget: 0 };
  const tokens = Number(typeof budget === "number" ? budget : budget.rawJSON);
  if (tokens === 0) return { thinking: { type: "disabled" }, budget: 0 };
  const asked = tokens < 0 ? openBudget : Math.max(tokens, leastBudget);
  return { thinking: { type: "enabled", budget_tokens: asked }, budget: asked };
}

function decodeThinking(
  thinking: JsonObject,
  effort: ReasoningEffort | null,
  notes: RequestNotes,
): ReasoningRequest | null {
  const display = memberOf(thinking, "display");
  const visible = display === "summarized" ? true : display === "omitted" ? false : null;
  switch (thinking["type"]) {
    case "enabled": {
      const budget = memberOf(thinking, "budget_tokens");
      if (!isJsonNumber(budget)) notes.fail("thinking.budget_tokens is not a number");
      return { effort, budgetTokens: isJsonNumber(budget) ? budget : null, visible };
    }
    case "adaptive":
      return { effort, budgetTokens: -1, visible };
    case "disabled":
      return effort === null
        ? { effort: "none", budgetTokens: null, visible }
        : { effort, budgetTokens: 0, visible };
    default:
      notes.miss("unknown-field", "thinking.type");
      return effort === null ? null : { effort, budgetTokens: null, visible };
  }
}
