/** What is content and what is not, event by event; whole calls are in ../call-observer.test.ts. */
import t from "tap";
import { findOperation } from "../operation-layout.ts";
import { isContent } from "../testdata/first-content.ts";
import { geminiGenerateContent } from "./generate-content-codec.ts";
import { googleGenai } from "./provider.ts";
import { calls } from "./usage.ts";

const path = "/v1beta/models/m:streamGenerateContent?alt=sse";
const event = (...parts: readonly object[]) => ({ candidates: [{ content: { parts } }] });

const events: readonly (readonly [string, object, boolean])[] = [
  ["text", event({ text: "a" }), true],
  ["a thought", event({ text: "Hm", thought: true }), true],
  ["empty text", event({ text: "" }), false],
  ["a signature", event({ text: "", thoughtSignature: "c2ln" }), false],
  ["a call", event({ functionCall: { name: "f", args: {} } }), true],
  ["code", event({ executableCode: { language: "PYTHON", code: "1" } }), true],
  ["what code said", event({ codeExecutionResult: { output: "1" } }), true],
  ["an image", event({ inlineData: { mimeType: "image/png", data: "AA==" } }), true],
  ["text of a second part", event({ text: "" }, { text: "a" }), true],
  ["no parts", { candidates: [{ content: { role: "model" } }] }, false],
  ["a reason", { candidates: [{ finishReason: "STOP" }] }, false],
  ["usage", { usageMetadata: { promptTokenCount: 1 } }, false],
  ["a blocked prompt", { promptFeedback: { blockReason: "SAFETY" } }, false],
  ["an error", { error: { message: "Busy", status: "UNAVAILABLE" } }, false],
];

for (const [name, data, is] of events) {
  t.test(`generatedContents takes ${name} for ${is ? "" : "no "}content`, async (t) => {
    t.equal(isContent(googleGenai, path, data), is);
  });
}

const found: readonly (readonly [string, string, string | null])[] = [
  ["/v1beta/models/m:generateContent", "chat", "m"],
  ["/v1/models/m:generateContent?key=x", "chat", "m"],
  ["/v1alpha/models/m:streamGenerateContent?alt=sse", "chat", "m"],
  ["/v1beta/tunedModels/m:generateContent", "chat", "m"],
  ["/v1beta/models/m:embedContent", "embeddings", "m"],
  ["/v1beta/models/m:batchEmbedContents", "embeddings", "m"],
  ["/v1beta/models/m:countTokens", "count_tokens", "m"],
  ["/v1beta/openai/chat/completions", "chat", null],
  ["/v1beta/openai/embeddings", "embeddings", null],
];

for (const [at, name, pathModel] of found) {
  t.test(`geminiOperations has ${name} at ${at}`, async (t) => {
    const operation = findOperation(googleGenai, "POST", at);
    t.equal(operation?.layout.operation.name, name);
    t.equal(operation?.pathModel, pathModel);
  });
}

t.test("geminiOperations leaves other methods alone", async (t) => {
  for (const at of [
    "/v1beta/models/m",
    "/v1beta/models/m:batchGenerateContent",
    "/v1beta/models/m:predict",
    "/v1beta/cachedContents",
    "/upload/v1beta/files",
  ]) {
    t.equal(findOperation(googleGenai, "POST", at), undefined, at);
  }
});

t.test("geminiOperations reads plain and streamed calls by one codec", async (t) => {
  for (const method of ["generateContent", "streamGenerateContent"]) {
    const operation = findOperation(googleGenai, "POST", `/v1beta/models/m:${method}`);
    t.equal(operation?.layout.operation.codec, geminiGenerateContent);
  }
});

t.test("calls() puts a method after places", async (t) => {
  t.same(calls(["/a/{model}", "/b/{model}"], "x"), ["/a/{model}:x", "/b/{model}:x"]);
});
