/** Counts of tokens in answers; input counts what was cached. */

import type { Usage } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";

/** The counts of an answer; null where it has none. */
export function decodeUsage(usage: JsonValue | undefined): Usage | null {
  if (!isJsonObject(usage)) return null;
  const input = usage["input_tokens_details"];
  const output = usage["output_tokens_details"];
  return {
    inputTokens: count(usage, "input_tokens"),
    outputTokens: count(usage, "output_tokens"),
    cachedInputTokens: count(input, "cached_tokens"),
    cacheWriteTokens: count(input, "cache_write_tokens"),
    reasoningTokens: count(output, "reasoning_tokens"),
    audioInputTokens: null,
    audioOutputTokens: null,
  };
}

/** The counts as clients expect them in every answer that has ended: what the provider did not say is zero. */
export function encodeUsage(usage: Usage | null): JsonObject {
  const input = usage?.inputTokens ?? 0;
  const output = usage?.outputTokens ?? 0;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage?.cachedInputTokens ?? 0,
      cache_write_tokens: usage?.cacheWriteTokens ?? 0,
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage?.reasoningTokens ?? 0 },
    total_tokens: input + output,
  };
}

function count(object: JsonValue | undefined, name: string): number | null {
  return wholeNumberOf(isJsonObject(object) ? object[name] : undefined);
}
