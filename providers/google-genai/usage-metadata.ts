/**
 * Tokens of a call as `UsageMetadata` (https://ai.google.dev/api/generate-content#UsageMetadata): the prompt's count
 * holds what was cached, that of the candidates does not hold their thoughts.
 */

import type { Usage } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { countOf, fieldsOf, listOf } from "./proto-fields.ts";

/** Tokens of a call; null when it says none: the first events of Vertex AI only tell the sort of traffic. */
export function decodeUsage(value: JsonValue | undefined): Usage | null {
  const fields = fieldsOf(value);
  if (fields?.["promptTokenCount"] === undefined && fields?.["totalTokenCount"] === undefined) {
    return null;
  }
  const reasoningTokens = countOf(fields["thoughtsTokenCount"]);
  return {
    inputTokens: add(
      countOf(fields["promptTokenCount"]),
      countOf(fields["toolUsePromptTokenCount"]),
    ),
    outputTokens: add(countOf(fields["candidatesTokenCount"]), reasoningTokens),
    cachedInputTokens: countOf(fields["cachedContentTokenCount"]),
    cacheWriteTokens: null,
    reasoningTokens,
    audioInputTokens: audioOf(fields["promptTokensDetails"]),
    audioOutputTokens: audioOf(fields["candidatesTokensDetails"]),
  };
}

/** `usageMetadata` of an answer. */
export function encodeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, reasoningTokens } = usage;
  const hasTotal = inputTokens !== null || outputTokens !== null;
  return {
    promptTokenCount: inputTokens ?? undefined,
    candidatesTokenCount:
      outputTokens === null ? undefined : Math.max(outputTokens - (reasoningTokens ?? 0), 0),
    totalTokenCount: hasTotal ? (inputTokens ?? 0) + (outputTokens ?? 0) : undefined,
    cachedContentTokenCount: usage.cachedInputTokens ?? undefined,
    thoughtsTokenCount: reasoningTokens ?? undefined,
    promptTokensDetails: audioDetails(usage.audioInputTokens),
    candidatesTokensDetails: audioDetails(usage.audioOutputTokens),
  };
}

function add(first: number | null, second: number | null): number | null {
  if (first === null && second === null) return null;
  return (first ?? 0) + (second ?? 0);
}

function audioOf(details: JsonValue | undefined): number | null {
  for (const detail of listOf(details)) {
    const fields = fieldsOf(detail);
    if (fields?.["modality"] === "AUDIO") return countOf(fields["tokenCount"]);
  }
  return null;
}

function audioDetails(tokens: number | null): JsonObject[] | undefined {
  return tokens === null ? undefined : [{ modality: "AUDIO", tokenCount: tokens }];
}
