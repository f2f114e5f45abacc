/**
 * Counts of the tokens that a request for a response would have
 * (https://platform.openai.com/docs/api-reference/responses/input-tokens).
 */

import type { CountCodec, Decoded, WireResponse } from "../codec.ts";
import type { TokenCount } from "../ir.ts";
import { writeJson } from "../json-text.ts";
import { parseBody } from "./body-reader.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import { responsesFeatures } from "./responses-codec.ts";
import { decodeRequest } from "./responses-request-decoder.ts";
import { encodeConversation } from "./responses-request-encoder.ts";
import { wholeNumberOf } from "../whole-number.ts";

/** The codec of `POST /v1/responses/input_tokens`; its requests are those of responses without what only an answer needs. */
export const openaiTokenCount: CountCodec = {
  name: "openai-token-count",
  operation: "count_tokens",
  expresses: responsesFeatures,
  decodeRequest,
  encodeRequest: (request) => writeJson(encodeConversation(request)),
  decodeResponse,
  encodeResponse: ({ inputTokens }) => ({
    contentType: "application/json",
    body: writeJson({ object: "response.input_tokens", input_tokens: inputTokens }),
  }),
  decodeError,
  encodeError,
};

function decodeResponse({ body }: WireResponse): Decoded<TokenCount> {
  const parsed = parseBody(body);
  if (parsed.kind === "malformed") return parsed;
  const inputTokens = wholeNumberOf(parsed.value["input_tokens"]);
  if (inputTokens === null) return { kind: "malformed", reason: "input_tokens is not a count" };
  return { kind: "ok", value: { inputTokens } };
}
