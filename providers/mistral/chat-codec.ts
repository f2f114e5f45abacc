/**
 * Codec of Mistral's chat completions (https://docs.mistral.ai/api): OpenAI's dialect but for requests. It answers 422
 * to every field that it does not know, `stream_options` and `max_completion_tokens` among them, so that bodies for the
 * one cannot be sent to the other.
 */

import type { ChatCodec } from "../codec.ts";
import type { Feature } from "../features.ts";
import { openaiChat } from "../openai/chat-codec.ts";
import type { ChatSpelling } from "../openai/chat-request-encoder.ts";
import { encodeSpelledRequest } from "../openai/chat-request-encoder.ts";
import { nineCharacterToolId } from "../openai/tool-ids.ts";

/** Every stream tells its usage at its end, unasked. */
const spelling: ChatSpelling = {
  maxTokensField: "max_tokens",
  seedField: "random_seed",
  asksStreamUsage: false,
  joinsTexts: false,
  toolId: nineCharacterToolId,
};

/** Not every model takes effort, and none the others. */
const lacks: ReadonlySet<Feature> = new Set<Feature>(["end-user", "logprobs", "reasoning"]);

/** Chat completions of Mistral; another dialect than `openaiChat`, although it reads and writes answers alike. */
export const mistralChat: ChatCodec = {
  ...openaiChat,
  name: "mistral-chat",
  expresses: openaiChat.expresses.difference(lacks),
  encodeRequest: (request) =>
    encodeSpelledRequest({ ...request, endUser: null, logprobs: null, reasoning: null }, spelling),
};
