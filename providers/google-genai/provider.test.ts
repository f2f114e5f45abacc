import t from "tap";
import type { ServedCall } from "../provider.ts";
import { geminiEmbeddings } from "./embeddings-codec.ts";
import { geminiGenerateContent } from "./generate-content-codec.ts";
import { googleGenai } from "./provider.ts";
import { geminiTokenCount } from "./token-count-codec.ts";

function pathOf(codec: object, call: Partial<ServedCall>): string | undefined {
  const api = googleGenai.served.find((one) => one.codec === codec);
  return api?.path({ model: "gemini-2.5-pro", stream: false, basePath: "", ...call });
}

const paths: readonly (readonly [string, object, Partial<ServedCall>, string])[] = [
  ["a call", geminiGenerateContent, {}, "/v1beta/models/gemini-2.5-pro:generateContent"],
  [
    "a streamed call",
    geminiGenerateContent,
    { stream: true },
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
  ],
  [
    "a call below another base",
    geminiGenerateContent,
    { basePath: "/gemini/v1" },
    "/gemini/v1/models/gemini-2.5-pro:generateContent",
  ],
  [
    "a call of a tuned model",
    geminiGenerateContent,
    { model: "tunedModels/a b" },
    "/v1beta/tunedModels/a%20b:generateContent",
  ],
  [
    "embeddings",
    geminiEmbeddings,
    { model: "gemini-embedding-001" },
    "/v1beta/models/gemini-embedding-001:batchEmbedContents",
  ],
  ["a count", geminiTokenCount, {}, "/v1beta/models/gemini-2.5-pro:countTokens"],
];

for (const [name, codec, call, path] of paths) {
  t.test(`googleGenai serves ${name} at ${path}`, async (t) => {
    t.equal(pathOf(codec, call), path);
  });
}

t.test("googleGenai names models in paths only", async (t) => {
  for (const { modelIn } of googleGenai.served) t.equal(modelIn, "path");
});
