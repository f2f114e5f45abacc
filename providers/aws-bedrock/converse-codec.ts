/** The dialect of Converse and ConverseStream of AWS Bedrock. */

import type { ChatCodec } from "../codec.ts";
import type { Feature } from "../features.ts";
import { converseName } from "./converse-content-decoder.ts";
import { decodeConverseRequest } from "./converse-request-decoder.ts";
import { encodeConverseRequest } from "./converse-request-encoder.ts";
import { decodeConverseResponse, encodeConverseResponse } from "./converse-response.ts";
import { ConverseStreamDecoder } from "./converse-stream-decoder.ts";
import { ConverseStreamEncoder } from "./converse-stream-encoder.ts";
import { decodeBedrockError, encodeBedrockError } from "./error-codec.ts";

/** What the dialect has words for. */
export const converseFeatures: ReadonlySet<Feature> = new Set<Feature>([
  "system",
  "system-in-mid-conversation",
  "image-base64",
  "document-base64",
  "audio",
  "tool-result-image",
  "tool-result-document",
  "tool-result-error",
  "assistant-prefill",
  "reasoning-history",
  "tools",
  "tool-choice-required",
  "tool-choice-named",
  "tool-strict",
  "stream",
  "temperature",
  "top-p",
  "top-k",
  "stop",
  "schema-output",
  "reasoning",
  "reasoning-visible",
]);

/**
 * Codec of Converse. What only some models take depends on the model's id: `provider.ts` says which, and the encoder
 * leaves the same out.
 */
export const bedrockConverse: ChatCodec = {
  operation: "chat",
  name: converseName,
  expresses: converseFeatures,
  decodeRequest: decodeConverseRequest,
  encodeRequest: encodeConverseRequest,
  decodeResponse: decodeConverseResponse,
  encodeResponse: encodeConverseResponse,
  createStreamDecoder: (head) => new ConverseStreamDecoder(head),
  createStreamEncoder: (request) => new ConverseStreamEncoder(request),
  decodeError: decodeBedrockError,
  encodeError: encodeBedrockError,
};
