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
import type { StreamSpelling } from "../openai/chat-stream-encoder.ts";
import { createChatStreamEncoder } from "../openai/chat-stream-encoder.ts";
import { nineCharacterToolId } from "../openai/tool-ids.ts";

const spelling: ChatSpelling = {
  maxTokensField: "max_tokens",
  seedField: "random_seed",
  // Every stream tells its usage at its end, unasked.
  asksStreamUsage: false,
  joinsTexts: false,
  toolId: nineCharacterToolId,
};

/** Clients of Mistral expect a choice in every chunk. */
const streamSpelling: StreamSpelling = { usageIn: "finish-chunk" };

/** Not every model takes effort, and none the others. */
const lacks: ReadonlySet<Feature> = new Set<Feature>(["end-user", "logprobs", "reasoning"]);

/** Chat completions of Mistral; another dialect than `openaiChat`, although it reads and writes answers alike. */
export const mistralChat: ChatCodec = {
  ...openaiChat,
  name: "mistral-chat",
  expresses: openaiChat.expresses.difference(lacks),
  decodeRequest(request) {
    const decoded = openaiChat.decodeRequest(request);
    if (decoded.kind === "malformed") return decoded;
    return { kind: "ok", value: { ...decoded.value, streamUsage: true } };
  },
  encodeRequest: (request) =>
    encodeSpelledRequest({ ...request, endUser: null, logprobs: null, reasoning: null }, spelling),
  createStreamEncoder: () => createChatStreamEncoder({ streamUsage: true }, streamSpelling),
};
