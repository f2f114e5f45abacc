/** Codec of OpenAI's chat completions, which many servers speak (https://platform.openai.com/docs/api-reference/chat). */

import type { ChatCodec } from "../codec.ts";
import type { Feature } from "../features.ts";
import { chatCodecName } from "./chat-content-decoder.ts";
import { decodeChatRequest } from "./chat-request-decoder.ts";
import { encodeChatRequest } from "./chat-request-encoder.ts";
import { decodeChatResponse } from "./chat-response-decoder.ts";
import { encodeChatResponse } from "./chat-response-encoder.ts";
import { createChatStreamDecoder } from "./chat-stream-decoder.ts";
import { createChatStreamEncoder } from "./chat-stream-encoder.ts";
import { decodeError, encodeError } from "./error-codec.ts";

/**
 * Left out on purpose: an answer that the agent has begun (a last turn of the assistant is none here), files of other
 * accounts, reasoning of earlier turns (OpenAI takes none), and whatever but text in results of tools.
 */
const expresses: ReadonlySet<Feature> = new Set<Feature>([
  "system",
  "system-in-mid-conversation",
  "image-base64",
  "image-url",
  "image-detail",
  "document-base64",
  "audio",
  "tools",
  "parallel-tool-calls-off",
  "tool-choice-none",
  "tool-choice-required",
  "tool-choice-named",
  "tool-strict",
  "stream",
  "temperature",
  "top-p",
  "seed",
  "penalties",
  "stop",
  "choices",
  "logprobs",
  "json-output",
  "schema-output",
  "reasoning",
  "end-user",
]);

/** Chat completions. */
export const openaiChat: ChatCodec = {
  name: chatCodecName,
  operation: "chat",
  expresses,
  decodeRequest: decodeChatRequest,
  encodeRequest: encodeChatRequest,
  decodeResponse: decodeChatResponse,
  encodeResponse: encodeChatResponse,
  createStreamDecoder: createChatStreamDecoder,
  createStreamEncoder: createChatStreamEncoder,
  decodeError,
  encodeError,
};
