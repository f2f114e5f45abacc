/** Counts of a conversation's tokens (https://docs.anthropic.com/en/api/messages-count-tokens). */

import type { CountCodec } from "../codec.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import { decodeMessagesRequest, messagesFeatures } from "./messages-codec.ts";
import { encodeCountObject } from "./request-encoder.ts";
import { memberOf } from "./json-members.ts";

/** The codec of counts; its requests are those of messages without what only an answer needs. */
export const anthropicTokenCount: CountCodec = {
  name: "anthropic-token-count",
  operation: "count_tokens",
  expresses: messagesFeatures,
  decodeRequest: decodeMessagesRequest,
  encodeRequest: (request) => writeJson({ model: request.model, ...encodeCountObject(request) }),
  decodeResponse({ body }) {
    const parsed = parseJson(body);
    if (parsed.kind === "malformed") return parsed;
    const told = isJsonObject(parsed.value) ? memberOf(parsed.value, "input_tokens") : undefined;
    const count = wholeNumberOf(told);
    if (count === null) return { kind: "malformed", reason: "input_tokens is not a count" };
    return { kind: "ok", value: { inputTokens: count } };
  },
  encodeResponse: ({ inputTokens }) => ({
    contentType: "application/json",
    body: writeJson({ input_tokens: inputTokens }),
  }),
  decodeError,
  encodeError,
};
