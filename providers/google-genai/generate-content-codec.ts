/**
 * Gemini's dialect of conversations: `generateContent` and `streamGenerateContent` of the Gemini API
 * (https://ai.google.dev/api/generate-content) and of Vertex AI, which are alike.
 */

import type { ChatCodec, Decoded, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest } from "../ir.ts";
import { parseJson, writeJson } from "../json-text.ts";
import { decodeAnswer } from "./answer-decoder.ts";
import { encodeAnswer } from "./answer-encoder.ts";
import { answerForm, modelOf } from "./call-path.ts";
import { dialectName } from "./thought-signatures.ts";
import { fieldsOf } from "./proto-fields.ts";
import { decodeGenerateContent } from "./request-decoder.ts";
import { encodeGenerateContent } from "./request-encoder.ts";
import { RequestNotes } from "./request-notes.ts";
import { decodeError, encodeError, jsonType } from "./rpc-status.ts";
import { createStreamDecoder } from "./stream-decoder.ts";
import { createStreamEncoder } from "./stream-encoder.ts";

/** What conversations in Gemini's dialect have words for. */
export const geminiFeatures: ReadonlySet<Feature> = new Set([
  "system",
  "image-base64",
  "image-url",
  "document-base64",
  "document-url",
  "audio",
  "tool-result-image",
  "tool-result-document",
  "tool-result-error",
  "reasoning-history",
  "tools",
  "tool-choice-none",
  "tool-choice-required",
  "tool-choice-named",
  "stream",
  "temperature",
  "top-p",
  "top-k",
  "seed",
  "penalties",
  "stop",
  "choices",
  "logprobs",
  "json-output",
  "schema-output",
  "reasoning",
  "reasoning-visible",
]);

/** The codec of `generateContent`; whether a call streams is in its path, and so is the form of the stream. */
export const geminiGenerateContent: ChatCodec = {
  name: dialectName,
  operation: "chat",
  expresses: geminiFeatures,
  decodeRequest,
  encodeRequest: (request) => writeJson(encodeGenerateContent(request)),
  decodeResponse: ({ body }) => decodeAnswer(body),
  encodeResponse: (response, request) => ({
    contentType: jsonType,
    body: encodeAnswer(response, request),
  }),
  decodeError,
  encodeError,
  createStreamDecoder,
  createStreamEncoder,
};

function decodeRequest({ path, pathModel, body }: WireRequest): Decoded<ChatRequest> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const fields = fieldsOf(parsed.value);
  if (fields === undefined) return { kind: "malformed", reason: "it is not an object" };
  const form = answerForm(path);
  const call = { model: modelOf(path, pathModel), stream: form !== "whole", variant: form };
  const notes = new RequestNotes();
  const request = decodeGenerateContent(fields, call, notes);
  if (notes.problem !== null) return { kind: "malformed", reason: notes.problem };
  return { kind: "ok", value: request };
}
