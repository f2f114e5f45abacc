/**
 * Counts of tokens on Bedrock (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html): of a
 * Converse request, or of a body for InvokeModel in base64.
 */

import type { CountCodec, Decoded, WireRequest, WireResponse } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, TokenCount } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { wholeNumberOf } from "../whole-number.ts";
import { converseFeatures } from "./converse-codec.ts";
import { decodeConverseBody } from "./converse-request-decoder.ts";
import { encodeConverseBody } from "./converse-request-encoder.ts";
import { decodeBedrockError, encodeBedrockError } from "./error-codec.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";

/** The schema of an answer is not among what is counted. */
const uncounted: ReadonlySet<Feature> = new Set<Feature>(["schema-output"]);

/** The codec of CountTokens; it asks for counts of Converse requests, and reads both sorts. */
export const bedrockTokenCount: CountCodec = {
  name: "bedrock-token-count",
  operation: "count_tokens",
  expresses: converseFeatures.difference(uncounted),
  decodeRequest,
  encodeRequest,
  decodeResponse,
  encodeResponse: ({ inputTokens }) => ({
    contentType: "application/json",
    body: writeJson({ inputTokens }),
  }),
  decodeError: decodeBedrockError,
  encodeError: encodeBedrockError,
};

function decodeRequest(request: WireRequest): Decoded<ChatRequest> {
  const { pathModel: model } = request;
  if (model === null) return { kind: "malformed", reason: "the path names no model" };
  const parsed = parseJson(request.body);
  if (parsed.kind === "malformed") return parsed;
  const input = memberOf(parsed.value, "input");
  const converse = memberOf(input, "converse");
  if (isJsonObject(converse)) return decodeConverseBody(converse, { model, stream: false });
  const body = memberOf(memberOf(input, "invokeModel"), "body");
  if (typeof body !== "string") {
    return { kind: "malformed", reason: "input has neither converse nor invokeModel" };
  }
  return bedrockAnthropic.decodeRequest({ ...request, body: Buffer.from(body, "base64") });
}

function encodeRequest(request: ChatRequest): string {
  const { messages, system, toolConfig, additionalModelRequestFields }: JsonObject =
    encodeConverseBody(request);
  const converse = { messages, system, toolConfig, additionalModelRequestFields };
  return writeJson({ input: { converse } });
}

function decodeResponse({ body }: WireResponse): Decoded<TokenCount> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return parsed;
  const inputTokens = wholeNumberOf(memberOf(parsed.value, "inputTokens"));
  if (inputTokens === null) return { kind: "malformed", reason: "inputTokens is not a count" };
  return { kind: "ok", value: { inputTokens } };
}

function memberOf(value: JsonObject[string], name: string): JsonObject[string] {
  return isJsonObject(value) ? value[name] : undefined;
}
