/** Anthropic's messages, requests and answers, between bytes and the IR (https://docs.anthropic.com/en/api/messages). */

import type { ChatCodec, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import { parseJson, writeJson } from "../json-text.ts";
import { messagesDialect } from "./dialect.ts";
import { decodeError, encodeError } from "./error-codec.ts";
import { decodeRequestObject } from "./request-decoder.ts";
import { encodeRequestObject } from "./request-encoder.ts";
import { decodeResponseObject, encodeResponseObject } from "./response.ts";
import { createMessageStreamDecoder } from "./stream-decoder.ts";
import { createMessageStreamEncoder } from "./stream-encoder.ts";

/** What the dialect has words for, whichever host serves it. */
export const messagesFeatures: ReadonlySet<Feature> = new Set<Feature>([
  "system",
  "system-in-mid-conversation",
  "image-base64",
  "image-url",
  "document-base64",
  "document-url",
  "file-id",
  "tool-result-image",
  "tool-result-document",
  "tool-result-error",
  "assistant-prefill",
  "reasoning-history",
  "tools",
  "parallel-tool-calls-off",
  "tool-choice-none",
  "tool-choice-required",
  "tool-choice-named",
  "tool-strict",
  "stream",
  "temperature",
  "top-p",
  "top-k",
  "stop",
  "schema-output",
  "reasoning",
  "reasoning-visible",
  "end-user",
]);

/** The codec of messages. */
export const anthropicMessages: ChatCodec = {
  name: messagesDialect,
  operation: "chat",
  expresses: messagesFeatures,
  decodeRequest: decodeMessagesRequest,
  encodeRequest: (request) =>
    writeJson({
      model: request.model,
      ...encodeRequestObject(request),
      ...(request.stream && { stream: true }),
    }),
  decodeResponse({ body }) {
    const parsed = parseJson(body);
    return parsed.kind === "malformed" ? parsed : decodeResponseObject(parsed.value);
  },
  encodeResponse: (response) => ({
    contentType: "application/json",
    body: writeJson(encodeResponseObject(response)),
  }),
  createStreamDecoder: createMessageStreamDecoder,
  createStreamEncoder: createMessageStreamEncoder,
  decodeError,
  encodeError,
};

/** Reads a request whose body names model and stream; also that of a count. */
export function decodeMessagesRequest({
  body,
  pathModel,
  header,
}: WireRequest): ReturnType<ChatCodec["decodeRequest"]> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const hasBetaHeader = (header("anthropic-beta") ?? "") !== "";
  return decodeRequestObject(parsed.value, { model: pathModel, stream: null, hasBetaHeader });
}
