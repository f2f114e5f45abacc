import t from "tap";
import { anthropicOperations } from "../anthropic/usage.ts";
import { geminiGenerateContent } from "../google-genai/generate-content-codec.ts";
import { findOperation } from "../operation-layout.ts";
import { isContent } from "../testdata/first-content.ts";
import { googleVertex } from "./provider.ts";

const region = "projects/p/locations/us-central1";

const found: readonly (readonly [string, string, string | null])[] = [
  [`/v1/${region}/publishers/google/models/m:generateContent`, "chat", "m"],
  [`/v1beta1/${region}/publishers/google/models/m:streamGenerateContent?alt=sse`, "chat", "m"],
  ["/v1beta1/publishers/google/models/m:generateContent", "chat", "m"],
  [`/v1/${region}/endpoints/123:generateContent`, "chat", "123"],
  [`/v1/${region}/publishers/google/models/m:countTokens`, "count_tokens", "m"],
  [`/v1beta1/${region}/endpoints/openapi/chat/completions`, "chat", null],
  [`/v1/${region}/publishers/anthropic/models/claude@1:rawPredict`, "chat", "claude@1"],
  [`/v1/${region}/publishers/anthropic/models/claude@1:streamRawPredict`, "chat", "claude@1"],
];

for (const [path, name, pathModel] of found) {
  t.test(`vertexOperations has ${name} at ${path}`, async (t) => {
    const operation = findOperation(googleVertex, "POST", path);
    t.equal(operation?.layout.operation.name, name);
    t.equal(operation?.pathModel, pathModel);
  });
}

t.test("vertexOperations leaves other methods alone", async (t) => {
  for (const path of [
    `/v1/${region}/publishers/google/models/m:predict`,
    `/v1/${region}/publishers/mistralai/models/m:rawPredict`,
    `/v1/${region}/publishers/google/models/m`,
    "/v1beta/models/m:generateContent",
  ]) {
    t.equal(findOperation(googleVertex, "POST", path), undefined, path);
  }
});

t.test("vertexOperations has Gemini's codec, and none for Anthropic's models", async (t) => {
  const codecAt = (path: string) =>
    findOperation(googleVertex, "POST", path)?.layout.operation.codec;
  const google = `/v1/${region}/publishers/google/models/m`;
  t.equal(codecAt(`${google}:generateContent`), geminiGenerateContent);
  t.equal(codecAt(`${google}:streamGenerateContent`), geminiGenerateContent);
  t.equal(codecAt(`/v1/${region}/publishers/anthropic/models/m:rawPredict`), undefined);
});

t.test("vertexOperations reads Anthropic's answers as Anthropic's", async (t) => {
  const path = `/v1/${region}/publishers/anthropic/models/m:streamRawPredict`;
  const event = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } };
  t.equal(isContent(googleVertex, path, event), true);
  const operation = findOperation(googleVertex, "POST", path)?.layout.operation;
  t.same(operation?.answer, anthropicOperations[0]?.answer);
});
