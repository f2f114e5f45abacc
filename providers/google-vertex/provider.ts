/** Google Vertex AI: hosts of its regions and the error model of Google APIs (https://google.aip.dev/193). */

import { googleErrorBody } from "../google-genai/error-body.ts";
import { geminiGenerateContent } from "../google-genai/generate-content-codec.ts";
import { modelPath } from "../google-genai/model-path.ts";
import { servedByThinking } from "../google-genai/served-models.ts";
import { vertexTokenCount } from "../google-genai/token-count-codec.ts";
import type { Provider, ServedApi, ServedCall } from "../provider.ts";
import { vertexHosts } from "./hosts.ts";
import { vertexOperations } from "./usage.ts";

/**
 * Ways to serve. A backend's `schema.basePath` names project and location, such as
 * `/v1/projects/my-project/locations/global/publishers/google`; without it, calls are those of an API key, which names
 * the project itself.
 */
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
  ...servedByThinking({
    codec: vertexTokenCount,
    modelIn: "path",
    path: (call) => `${pathOf(call)}:countTokens`,
    headers: [],
  }),
];

/** The declaration of Vertex AI. */
export const googleVertex = {
  name: "google_vertex",
  aliases: ["google-vertex", "vertex", "vertex-ai"],
  hosts: vertexHosts,
  credentialHeaders: ["authorization", "x-goog-api-key"],
  ownHeaders: ["x-goog-api-client", "x-goog-user-project"],
  errorBody: googleErrorBody,
  errorHeaders: [],
  operations: vertexOperations,
  served,
} satisfies Provider;

function pathOf({ model, basePath }: ServedCall): string {
  return `${basePath === "" ? "/v1/publishers/google" : basePath}/${modelPath(model)}`;
}
