/**
 * Tokens as Converse counts them (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html): its input
 * leaves out what the cache was read and written for, its total does not.
 */

import type { Usage } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";

/** Reads a usage; null where there is none. */
export function decodeTokenUsage(value: JsonValue | undefined): Usage | null {
  if (!isJsonObject(value)) return null;
  const input = wholeNumberOf(value["inputTokens"]);
  const cached = wholeNumberOf(value["cacheReadInputTokens"]);
  const written = wholeNumberOf(value["cacheWriteInputTokens"]);
  return {
    inputTokens: input === null ? null : input + (cached ?? 0) + (written ?? 0),
    outputTokens: wholeNumberOf(value["outputTokens"]),
    cachedInputTokens: cached,
    cacheWriteTokens: written,
    reasoningTokens: null,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
}

/** Writes a usage; its members must be there, so what nobody counted is 0. */
export function encodeTokenUsage(usage: Usage | null): JsonObject {
  const cached = usage?.cachedInputTokens ?? 0;
  const written = usage?.cacheWriteTokens ?? 0;
  const input = usage?.inputTokens ?? 0;
  const output = usage?.outputTokens ?? 0;
  return {
    inputTokens: Math.max(0, input - cached - written),
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: usage?.cachedInputTokens ?? undefined,
    cacheWriteInputTokens: usage?.cacheWriteTokens ?? undefined,
  };
}
