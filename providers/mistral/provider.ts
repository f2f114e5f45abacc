/** Mistral: hosts of its API and what it serves (https://docs.mistral.ai/api). */

import type { Feature } from "../features.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { openai, pathUnder } from "../openai/provider.ts";
import { chatCompletions, embeddings } from "../openai/usage.ts";
import type { Provider } from "../provider.ts";
import { mistralChat } from "./chat-codec.ts";

/** The declaration of Mistral, by the name that the OpenTelemetry conventions have for it. */
export const mistral = {
  name: "mistral_ai",
  aliases: ["mistral", "mistralai", "mistral-ai"],
  hosts: ["api.mistral.ai", "codestral.mistral.ai"],
  credentialHeaders: ["authorization"],
  ownHeaders: openai.ownHeaders,
  errorBody: openai.errorBody,
  errorHeaders: [],
  operations: [
    { ...chatCompletions, codec: mistralChat, paths: ["/v1/chat/completions"] },
    { ...embeddings, paths: ["/v1/embeddings"] },
  ],
  served: [
    { codec: mistralChat, modelIn: "body", path: pathUnder("chat/completions"), headers: [] },
    {
      codec: openaiEmbeddings,
      modelIn: "body",
      path: pathUnder("embeddings"),
      headers: [],
      lacks: new Set<Feature>(["dimensions", "token-input"]),
    },
  ],
} satisfies Provider;
