/** How likely tokens were, as `LogprobsResult` (https://ai.google.dev/api/generate-content#LogprobsResult). */

import type { TokenLogprob } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber } from "../json-text.ts";
import { fieldsOf, listOf } from "./proto-fields.ts";

type Alternative = TokenLogprob["top"][number];

/** One for each token that was chosen; null when it says none. */
export function decodeLogprobs(value: JsonValue | undefined): TokenLogprob[] | null {
  const fields = fieldsOf(value);
  if (fields === undefined) return null;
  const tops = listOf(fields["topCandidates"]);
  return listOf(fields["chosenCandidates"]).flatMap((chosen, index) => {
    const token = decodeCandidate(chosen);
    if (token === undefined) return [];
    const alternatives = listOf(fieldsOf(tops[index])?.["candidates"]);
    return [{ ...token, top: alternatives.flatMap((one) => decodeCandidate(one) ?? []) }];
  });
}

/** `logprobsResult` of a candidate. */
export function encodeLogprobs(logprobs: readonly TokenLogprob[]): JsonObject {
  return {
    topCandidates: logprobs.map(({ top }) => ({ candidates: top.map(encodeCandidate) })),
    chosenCandidates: logprobs.map(encodeCandidate),
  };
}

function decodeCandidate(value: JsonValue | undefined): Alternative | undefined {
  const fields = fieldsOf(value);
  // A certain token's 0 may be left out, as proto3 does with defaults
  const logprob = fields?.["logProbability"] ?? 0;
  if (fields === undefined || !isJsonNumber(logprob)) return undefined;
  const token = typeof fields["token"] === "string" ? fields["token"] : "";
  return { token, logprob, bytes: null };
}

function encodeCandidate({ token, logprob }: Alternative): JsonObject {
  return { token, logProbability: logprob };
}
