/** Probabilities of tokens in the text of answers: those of chat completions, but in a list of their own. */

import type { TokenLogprob } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonList } from "./body-reader.ts";
import { decodeChatLogprobs } from "./chat-logprobs.ts";

const none: readonly TokenLogprob[] = [];

/** The probabilities of a text; empty where there are none. */
export function decodeTokenLogprobs(list: JsonValue | undefined): readonly TokenLogprob[] {
  if (!isJsonList(list) || list.length === 0) return none;
  return decodeChatLogprobs({ content: list }) ?? none;
}

/** The probabilities as the API writes them: always with the bytes of tokens. */
export function encodeTokenLogprobs(logprobs: readonly TokenLogprob[]): JsonObject[] {
  return logprobs.map((entry) => ({
    ...encodeToken(entry),
    top_logprobs: entry.top.map(encodeToken),
  }));
}

function encodeToken({ token, logprob, bytes }: Omit<TokenLogprob, "top">): JsonObject {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token, "utf8")] };
}
