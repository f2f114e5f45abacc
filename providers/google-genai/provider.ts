/** Google Gemini API: host and the error model of Google APIs (https://google.aip.dev/193). */

import type { Provider, ServedApi, ServedCall } from "../provider.ts";
import { geminiEmbeddings } from "./embeddings-codec.ts";
import { googleErrorBody } from "./error-body.ts";
import { geminiGenerateContent } from "./generate-content-codec.ts";
import { modelPath } from "./model-path.ts";
import { servedByThinking } from "./served-models.ts";
import { geminiTokenCount } from "./token-count-codec.ts";
import { geminiOperations } from "./usage.ts";

/** Each codec with the method that it calls. */
const served: readonly ServedApi[] = [
  ...servedByThinking({
    codec: geminiGenerateContent,
    modelIn: "path",
    path: (call) =>
      call.stream
        ? `${pathOf(call)}:streamGenerateContent?alt=sse`
        : `${pathOf(call)}:generateContent`,
    headers: [],
  }),
  {
    codec: geminiEmbeddings,
    modelIn: "path",
    path: (call) => `${pathOf(call)}:batchEmbedContents`,
    headers: [],
  },
  ...servedByThinking({
    codec: geminiTokenCount,
    modelIn: "path",
    path: (call) => `${pathOf(call)}:countTokens`,
    headers: [],
  }),
];

/** The declaration of the Gemini API. */
export const googleGenai = {
  name: "google_genai",
  aliases: ["google", "google-genai", "gemini"],
  hosts: ["generativelanguage.googleapis.com"],
  credentialHeaders: ["x-goog-api-key", "authorization"],
  ownHeaders: ["x-goog-api-client", "x-goog-user-project"],
  errorBody: googleErrorBody,
  errorHeaders: [],
  operations: geminiOperations,
  served,
} satisfies Provider;

function pathOf({ model, basePath }: ServedCall): string {
  return `${basePath === "" ? "/v1beta" : basePath}/${modelPath(model)}`;
}
