import t from "tap";
import { geminiGenerateContent } from "../google-genai/generate-content-codec.ts";
import { vertexTokenCount } from "../google-genai/token-count-codec.ts";
import type { ServedCall } from "../provider.ts";
import { googleVertex } from "./provider.ts";

const basePath = "/v1/projects/p/locations/global/publishers/google";

function pathOf(codec: object, call: Partial<ServedCall>): string | undefined {
  const api = googleVertex.served.find((one) => one.codec === codec);
  return api?.path({ model: "gemini-2.5-pro", stream: false, basePath, ...call });
}

const paths: readonly (readonly [string, object, Partial<ServedCall>, string])[] = [
  ["a call", geminiGenerateContent, {}, `${basePath}/models/gemini-2.5-pro:generateContent`],
  [
    "a streamed call",
    geminiGenerateContent,
    { stream: true },
    `${basePath}/models/gemini-2.5-pro:streamGenerateContent?alt=sse`,
  ],
  ["a count", vertexTokenCount, {}, `${basePath}/models/gemini-2.5-pro:countTokens`],
  [
    "a call with an API key, which names the project",
    geminiGenerateContent,
    { basePath: "" },
    "/v1/publishers/google/models/gemini-2.5-pro:generateContent",
  ],
  [
    "a call of an endpoint",
    geminiGenerateContent,
    { basePath: "/v1/projects/p/locations/us-east1", model: "endpoints/7" },
    "/v1/projects/p/locations/us-east1/endpoints/7:generateContent",
  ],
];

for (const [name, codec, call, path] of paths) {
  t.test(`googleVertex serves ${name} at ${path}`, async (t) => {
    t.equal(pathOf(codec, call), path);
  });
}

t.test("googleVertex refuses in the shape of Google's APIs", async (t) => {
  t.same(googleVertex.errorBody({ status: 403, message: "Why", code: "x" }), {
    error: { code: 403, message: "Why", status: "PERMISSION_DENIED" },
  });
});
