/** Counts of tokens between Anthropic's answers and the IR; Anthropic's input leaves out what its cache was read and written for. */

import type { Usage } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";
import { memberOf } from "./json-members.ts";

/** Nothing known. */
export const unknownUsage: Usage = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

/** Counts as they were told, each null where it was not. */
export interface ToldCounts {
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly thinking: number | null;
}

/** What an answer has told before it told anything. */
export const nothingTold: ToldCounts = {
  input: null,
  output: null,
  cacheRead: null,
  cacheWrite: null,
  thinking: null,
};

/** Reads a `usage` object over what was told before: a count that it leaves out stays. */
export function readCounts(value: JsonValue | undefined, before: ToldCounts): ToldCounts {
  if (!isJsonObject(value)) return before;
  const details = memberOf(value, "output_tokens_details");
  return {
    input: wholeNumberOf(memberOf(value, "input_tokens")) ?? before.input,
    output: wholeNumberOf(memberOf(value, "output_tokens")) ?? before.output,
    cacheRead: wholeNumberOf(memberOf(value, "cache_read_input_tokens")) ?? before.cacheRead,
    cacheWrite: wholeNumberOf(memberOf(value, "cache_creation_input_tokens")) ?? before.cacheWrite,
    thinking:
      (isJsonObject(details) ? wholeNumberOf(memberOf(details, "thinking_tokens")) : null) ??
      before.thinking,
  };
}

/** Counts in the IR's terms. */
export function usageOf({ input, output, cacheRead, cacheWrite, thinking }: ToldCounts): Usage {
  return {
    ...unknownUsage,
    inputTokens: input === null ? null : input + (cacheRead ?? 0) + (cacheWrite ?? 0),
    outputTokens: output,
    cachedInputTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    reasoningTokens: thinking,
  };
}

/** A `usage` object; what is not known is zero where the API always tells it. */
export function encodeUsage(usage: Usage | null): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } =
    usage ?? unknownUsage;
  const input = (inputTokens ?? 0) - (cachedInputTokens ?? 0) - (cacheWriteTokens ?? 0);
  return {
    input_tokens: Math.max(0, input),
    cache_creation_input_tokens: cacheWriteTokens ?? 0,
    cache_read_input_tokens: cachedInputTokens ?? 0,
    output_tokens: outputTokens ?? 0,
    ...(reasoningTokens !== null && {
      output_tokens_details: { thinking_tokens: reasoningTokens },
    }),
  };
}
