/**
 * Mistral (https://docs.mistral.ai/api): OpenAI's dialect, but it answers 422 to every field that it does not know,
 * `stream_options` and `max_completion_tokens` among them.
 */

import { openaiChat } from "../openai/chat-codec.ts";
import { encodeSpelledRequest } from "../openai/chat-request-encoder.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { openai, pathUnder } from "../openai/provider.ts";
import { nineCharacterToolId } from "../openai/tool-ids.ts";
import { chatCompletions, embeddings } from "../openai/usage.ts";
import type { Provider } from "../provider.ts";

/** The declaration of Mistral, by the name that the OpenTelemetry conventions have for it. */
export const mistral = {
  name: "mistral_ai",
  aliases: ["mistral", "mistralai", "mistral-ai"],
  hosts: ["api.mistral.ai", "codestral.mistral.ai"],
  credentialHeaders: ["authorization"],
  ownHeaders: openai.ownHeaders,
  errorBody: openai.errorBody,
  errorHeaders: [],
  // Every stream tells its usage at its end, unasked
  operations: [
    { ...chatCompletions, paths: ["/v1/chat/completions"] },
    { ...embeddings, paths: ["/v1/embeddings"] },
  ],
  served: [
    {
      codec: openaiChat,
      modelIn: "body",
      path: pathUnder("chat/completions"),
      headers: [],
      lacks: new Set(["end-user", "logprobs", "reasoning"] as const),
      encodeChat: (request) =>
        encodeSpelledRequest(request, {
          maxTokensField: "max_tokens",
          seedField: "random_seed",
          asksStreamUsage: false,
          joinsTexts: false,
          toolId: nineCharacterToolId,
        }),
    },
    {
      codec: openaiEmbeddings,
      modelIn: "body",
      path: pathUnder("embeddings"),
      headers: [],
      lacks: new Set(["end-user", "token-input"] as const),
    },
  ],
} satisfies Provider;
