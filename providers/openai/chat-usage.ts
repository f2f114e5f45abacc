/** Token counts of chat completions; OpenAI's counts of input and output hold their details. */

import type { Usage } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";

/** Reads `usage` of an answer or of a chunk; null where there is none. */
export function decodeChatUsage(value: JsonValue | undefined): Usage | null {
  if (!isJsonObject(value)) return null;
  const input = detailsOf(value["prompt_tokens_details"]);
  const output = detailsOf(value["completion_tokens_details"]);
  const reasoningTokens = wholeNumberOf(output["reasoning_tokens"]);
  return {
    inputTokens: wholeNumberOf(value["prompt_tokens"]),
    outputTokens: outputTokens(value, reasoningTokens),
    // The others are DeepSeek's and Moonshot's
    cachedInputTokens:
      wholeNumberOf(input["cached_tokens"]) ??
      wholeNumberOf(value["prompt_cache_hit_tokens"]) ??
      wholeNumberOf(value["cached_tokens"]),
    cacheWriteTokens: wholeNumberOf(input["cache_write_tokens"]),
    reasoningTokens,
    audioInputTokens: wholeNumberOf(input["audio_tokens"]),
    audioOutputTokens: wholeNumberOf(output["audio_tokens"]),
  };
}

/** Writes `usage`; counts that are not known are zero, details that are not known are left out. */
export function encodeChatUsage(usage: Usage): JsonObject {
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? undefined,
      audio_tokens: usage.audioInputTokens ?? 0,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens ?? 0,
      audio_tokens: usage.audioOutputTokens ?? 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** xAI counts reasoning beside the output and not in it, which its total shows. */
function outputTokens(usage: JsonObject, reasoningTokens: number | null): number | null {
  const output = wholeNumberOf(usage["completion_tokens"]);
  const input = wholeNumberOf(usage["prompt_tokens"]);
  const total = wholeNumberOf(usage["total_tokens"]);
  if (output === null || input === null || total === null || reasoningTokens === null)
    return output;
  return total === input + output + reasoningTokens ? output + reasoningTokens : output;
}

function detailsOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
