/**
 * Anthropic's dialect as InvokeModel of Bedrock carries it
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html): the path has
 * the model and whether a stream is wanted, the body a version of its own, and a stream is one of AWS's.
 */

import { messagesDialect } from "../anthropic/dialect.ts";
import { messagesFeatures } from "../anthropic/messages-codec.ts";
import { decodeRequestObject } from "../anthropic/request-decoder.ts";
import { encodeRequestObject } from "../anthropic/request-encoder.ts";
import { decodeResponseObject, encodeResponseObject } from "../anthropic/response.ts";
import type { ChatCodec, Decoded, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest } from "../ir.ts";
import type { JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { isClaude } from "./bedrock-model.ts";
import { decodeBedrockError, encodeBedrockError } from "./error-codec.ts";
import { InvokeStreamDecoder } from "./invoke-stream-decoder.ts";
import { InvokeStreamEncoder } from "./invoke-stream-encoder.ts";
import { isStreamPath } from "./stream-path.ts";

/** The only version that Bedrock knows of the dialect. */
const anthropicVersion = "bedrock-2023-05-31";

/** Bedrock fetches nothing, has no files of Anthropic's, and refuses to be told of users. */
const missing: ReadonlySet<Feature> = new Set<Feature>([
  "image-url",
  "document-url",
  "file-id",
  "end-user",
]);

/**
 * Codec of Anthropic's messages on Bedrock. It shares the name of Anthropic's own: reasoning of the one goes back to the
 * other (https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking).
 */
export const bedrockAnthropic: ChatCodec = {
  operation: "chat",
  name: messagesDialect,
  expresses: new Set([...messagesFeatures].filter((feature) => !missing.has(feature))),
  decodeRequest: decodeInvokeRequest,
  encodeRequest: (request) =>
    writeJson({
      anthropic_version: anthropicVersion,
      ...encodeRequestObject({ ...request, endUser: null }),
    }),
  decodeResponse({ body }) {
    const parsed = parseJson(body);
    return parsed.kind === "malformed" ? parsed : decodeResponseObject(parsed.value);
  },
  encodeResponse: (response, request) => ({
    contentType: "application/json",
    body: writeJson(encodeResponseObject({ ...response, model: response.model || request.model })),
  }),
  createStreamDecoder: () => new InvokeStreamDecoder(),
  createStreamEncoder: (request) => new InvokeStreamEncoder(request),
  decodeError: decodeBedrockError,
  encodeError: encodeBedrockError,
};

function decodeInvokeRequest({ path, pathModel, body }: WireRequest): Decoded<ChatRequest> {
  if (pathModel === null) return { kind: "malformed", reason: "the path names no model" };
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  // The ARN of an account's own profile does not tell what model it stands for, but the body does.
  if (!isClaude(pathModel) && !namesVersion(parsed.value)) {
    const reason = "the path names a model whose bodies are not Anthropic's messages";
    return { kind: "malformed", reason };
  }
  return decodeRequestObject(parsed.value, {
    model: pathModel,
    stream: isStreamPath(path),
    hasBetaHeader: false,
  });
}

function namesVersion(body: JsonValue): boolean {
  return isJsonObject(body) && typeof body["anthropic_version"] === "string";
}
