/** How many tokens an answer may have: the API must be told, thinking counts, and every model has a limit of its own. */

import type { ChatRequest } from "../ir.ts";
import type { JsonNumber } from "../json-text.ts";
import { messagesDialect } from "./dialect.ts";
import { numberOf } from "./json-members.ts";
import type { ThinkingChoice } from "./thinking-encoder.ts";

/** Tokens of an answer where the agent named no limit; every model can write as many. */
const usualTokens = 4_096;

/** What a request may take. */
export interface OutputLimit {
  /** `max_tokens` */
  readonly maxTokens: JsonNumber;
  /** Of these, `budget_tokens` of thinking */
  readonly budget: JsonNumber;
}

/**
 * Limits a request. A budget must be less than `max_tokens`: where it is not, what was asked for comes on top of it.
 * Requests of other dialects are kept below what the model can write, `most`; null: not known.
 */
export function limitOutput(
  { maxOutputTokens, variant }: ChatRequest,
  { type, budget }: ThinkingChoice,
  most: number | null,
): OutputLimit {
  const room = numberOf(budget);
  const asked = maxOutputTokens ?? usualTokens;
  const isTooSmall = type === "enabled" && numberOf(asked) <= room;
  const isRaised = maxOutputTokens === null ? room > 0 : isTooSmall;
  const maxTokens = isRaised ? numberOf(asked) + room : asked;
  if (variant === messagesDialect || most === null || numberOf(maxTokens) <= most) {
    return { maxTokens, budget };
  }
  const answer = Math.min(numberOf(asked), most / 2);
  return { maxTokens: most, budget: Math.min(room, most - answer) };
}
