/**
 * Gemini's counts of tokens (https://ai.google.dev/api/tokens): a conversation, alone or as the whole request that it
 * would be.
 */

import type { CountCodec, Decoded, WireRequest } from "../codec.ts";
import type { ChatRequest, TokenCount } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { parseJson, writeJson } from "../json-text.ts";
import { modelOf } from "./call-path.ts";
import { geminiFeatures } from "./generate-content-codec.ts";
import { modelPath } from "./model-path.ts";
import { countOf, fieldsOf } from "./proto-fields.ts";
import { decodeGenerateContent } from "./request-decoder.ts";
import { encodeGenerateContent } from "./request-encoder.ts";
import { RequestNotes } from "./request-notes.ts";
import { decodeError, encodeError, jsonType } from "./rpc-status.ts";

/** The codec of `countTokens` of the Gemini API. */
export const geminiTokenCount: CountCodec = {
  name: "gemini-count-tokens",
  operation: "count_tokens",
  expresses: geminiFeatures,
  decodeRequest,
  encodeRequest: encodeForGemini,
  decodeResponse: ({ body }) => decodeCount(body),
  encodeResponse: ({ inputTokens }) => ({
    contentType: jsonType,
    body: writeJson({ totalTokens: inputTokens }),
  }),
  decodeError,
  encodeError,
};

/** That of Vertex AI, which takes the parts of a request as they are; it reads both. */
export const vertexTokenCount: CountCodec = {
  ...geminiTokenCount,
  name: "vertex-count-tokens",
  encodeRequest: (request) => writeJson(encodeGenerateContent(request)),
};

function decodeRequest({ path, pathModel, body }: WireRequest): Decoded<ChatRequest> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const fields = fieldsOf(parsed.value);
  if (fields === undefined) return { kind: "malformed", reason: "it is not an object" };
  const call = { model: modelOf(path, pathModel), stream: false, variant: "" };
  const notes = new RequestNotes();
  const inner = fieldsOf(fields["generateContentRequest"]);
  const request = decodeGenerateContent(inner ?? fields, call, notes);
  if (notes.problem !== null) return { kind: "malformed", reason: notes.problem };
  return { kind: "ok", value: request };
}

/** The conversation alone is counted without instructions and tools, for which the whole request must stand. */
function encodeForGemini(request: ChatRequest): string {
  const message = encodeGenerateContent(request);
  const { contents, ...others } = message;
  if (Object.values(others).every((value) => value === undefined)) return writeJson({ contents });
  const generateContentRequest: JsonObject = { model: modelPath(request.model), ...message };
  return writeJson({ generateContentRequest });
}

function decodeCount(body: Buffer): Decoded<TokenCount> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const fields = fieldsOf(parsed.value);
  if (fields === undefined) return { kind: "malformed", reason: "it is not an object" };
  // Defaults may be left out, but no request has no tokens
  const inputTokens = countOf(fields["totalTokens"]);
  if (inputTokens === null) return { kind: "malformed", reason: "totalTokens is not a count" };
  return { kind: "ok", value: { inputTokens } };
}
