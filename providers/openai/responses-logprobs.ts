/** Probabilities of tokens in the text of answers. */

import type { TokenLogprob } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";

/** The probabilities of a text; null where there are none. */
export function decodeTokenLogprobs(list: JsonValue | undefined): TokenLogprob[] | null {
  if (!Array.isArray(list) || list.length === 0) return null;
  const decoded: TokenLogprob[] = [];
  for (const entry of list) {
    const token = decodeToken(entry);
    if (token === null || !isJsonObject(entry)) continue;
    const top = entry["top_logprobs"];
    const others = Array.isArray(top) ? top.map(decodeToken) : [];
    decoded.push({ ...token, top: others.filter((other) => other !== null) });
  }
  return decoded;
}

/** The probabilities as the API writes them. */
export function encodeTokenLogprobs(logprobs: readonly TokenLogprob[]): JsonObject[] {
  return logprobs.map((entry) => ({
    ...encodeToken(entry),
    top_logprobs: entry.top.map(encodeToken),
  }));
}

function decodeToken(entry: JsonValue): Omit<TokenLogprob, "top"> | null {
  if (!isJsonObject(entry)) return null;
  const { token, logprob, bytes } = entry;
  if (typeof token !== "string" || !isJsonNumber(logprob)) return null;
  return { token, logprob, bytes: isBytes(bytes) ? bytes : null };
}

function encodeToken({ token, logprob, bytes }: Omit<TokenLogprob, "top">): JsonObject {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token, "utf8")] };
}

function isBytes(value: JsonValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((byte) => typeof byte === "number");
}
