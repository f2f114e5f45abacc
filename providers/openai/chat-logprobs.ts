/** Log probabilities of tokens as chat completions write them. */

import type { TokenLogprob } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";
import { isJsonList } from "./body-reader.ts";

/** Reads `choices[].logprobs`, of the content or else of the refusal; null where there are none. */
export function decodeChatLogprobs(value: JsonValue | undefined): TokenLogprob[] | null {
  if (!isJsonObject(value)) return null;
  const { content, refusal } = value;
  const list = isJsonList(content) && content.length > 0 ? content : refusal;
  if (!isJsonList(list)) return null;
  return list.filter(isJsonObject).map((token) => ({
    ...decodeToken(token),
    top: listOf(token["top_logprobs"]).filter(isJsonObject).map(decodeToken),
  }));
}

/** Writes `choices[].logprobs`. */
export function encodeChatLogprobs(tokens: readonly TokenLogprob[]): JsonObject {
  return {
    content: tokens.map((token) => ({
      ...encodeToken(token),
      top_logprobs: token.top.map(encodeToken),
    })),
    refusal: null,
  };
}

function decodeToken(token: JsonObject): Omit<TokenLogprob, "top"> {
  const text = token["token"];
  const bytes = token["bytes"];
  return {
    token: typeof text === "string" ? text : "",
    logprob: numberOf(token["logprob"]),
    bytes: isJsonList(bytes) ? bytes.map(wholeNumberOf).filter((byte) => byte !== null) : null,
  };
}

function encodeToken({ token, logprob, bytes }: Omit<TokenLogprob, "top">): JsonObject {
  return { token, logprob, bytes };
}

/** OpenAI writes -9999 for what is very unlikely. */
function numberOf(value: JsonValue | undefined): JsonNumber {
  return isJsonNumber(value) ? value : -9999;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonList(value) ? value : [];
}
