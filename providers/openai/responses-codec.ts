/** Codec of OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses). */

import type { ChatCodec } from "../codec.ts";
import type { Feature } from "../features.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import { decodeResponse } from "./responses-answer-decoder.ts";
import { encodeResponse } from "./responses-answer-encoder.ts";
import { responsesName } from "./responses-reasoning.ts";
import { decodeRequest } from "./responses-request-decoder.ts";
import { encodeRequest } from "./responses-request-encoder.ts";
import { ResponsesStreamDecoder } from "./responses-stream-decoder.ts";
import { ResponsesStreamEncoder } from "./responses-stream-encoder.ts";

/** What the dialect has words for, in requests for answers and for counts alike. */
export const responsesFeatures: ReadonlySet<Feature> = new Set<Feature>([
  "system",
  "system-in-mid-conversation",
  "image-base64",
  "image-url",
  "image-detail",
  "document-base64",
  "document-url",
  "tool-result-image",
  "tool-result-document",
  "reasoning-history",
  "tools",
  "parallel-tool-calls-off",
  "tool-choice-none",
  "tool-choice-required",
  "tool-choice-named",
  "tool-strict",
  "stream",
  "temperature",
  "top-p",
  "logprobs",
  "json-output",
  "schema-output",
  "reasoning",
  "reasoning-visible",
  "end-user",
]);

/**
 * `POST /v1/responses`, whole and streamed. Conversations and prompts that the provider stores cannot be translated, nor can
 * its own tools. Ids of uploads are read, but no other account knows them, so it expresses none.
 */
export const openaiResponses: ChatCodec = {
  name: responsesName,
  operation: "chat",
  expresses: responsesFeatures,
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse,
  createStreamDecoder: () => new ResponsesStreamDecoder(),
  createStreamEncoder: (request) => new ResponsesStreamEncoder(request),
  decodeError,
  encodeError,
};
