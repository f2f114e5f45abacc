/**
 * Whole answers of Converse, read and written
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). They name neither an id nor, but
 * for prompt routers, the model.
 */

import type { Decoded, WireBody, WireResponse } from "../codec.ts";
import type { ChatRequest, ChatResponse } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson, writeJson } from "../json-text.ts";
import { readContent } from "./converse-content-decoder.ts";
import { writeBlocks } from "./converse-content-encoder.ts";
import { tellsStopText } from "./converse-request-decoder.ts";
import { createDocumentNames } from "./document-names.ts";
import { RequestReader } from "./request-reader.ts";
import { finishOf, stopReasonOf } from "./stop-reasons.ts";
import { decodeTokenUsage, encodeTokenUsage } from "./token-usage.ts";

/** Reads an answer; its id is that of the request to AWS. */
export function decodeConverseResponse(response: WireResponse): Decoded<ChatResponse> {
  const parsed = parseJson(response.body);
  if (parsed.kind === "malformed") return parsed;
  const body = isJsonObject(parsed.value) ? parsed.value : {};
  const reader = new RequestReader();
  const message = reader.object(memberOf(body["output"], "message"), "output.message");
  const parts = readContent(reader, message["content"], "output.message.content");
  if (reader.problem !== null) return { kind: "malformed", reason: reader.problem };
  const choice = {
    parts,
    finish: finishOf(body["stopReason"]),
    stopText: stopTextOf(body),
    logprobs: null,
  };
  const value = {
    id: response.header("x-amzn-requestid") ?? "",
    model: routedModel(body),
    created: null,
    choices: [choice],
    usage: decodeTokenUsage(body["usage"]),
  };
  return { kind: "ok", value };
}

/** Writes an answer, of which Converse has one choice. */
export function encodeConverseResponse(response: ChatResponse, request: ChatRequest): WireBody {
  const [choice] = response.choices;
  const writing = { documentName: createDocumentNames(), reasoning: "any" } as const;
  const body = {
    output: { message: { role: "assistant", content: writeBlocks(choice?.parts ?? [], writing) } },
    stopReason: stopReasonOf(choice?.finish ?? "stop"),
    usage: encodeTokenUsage(response.usage),
    // Nobody measured it
    metrics: { latencyMs: 0 },
    additionalModelResponseFields: answerFields(choice?.stopText ?? null, request),
  };
  return { contentType: "application/json", body: writeJson(body) };
}

/** The fields that the caller asked for; undefined when it asked for none. */
export function answerFields(stopText: string | null, request: ChatRequest) {
  return request.variant === tellsStopText ? { stop_sequence: stopText } : undefined;
}

/** The text at which the model stopped, of an answer or of a stream's end. */
export function stopTextOf(body: JsonObject): string | null {
  const text = memberOf(body["additionalModelResponseFields"], "stop_sequence");
  return typeof text === "string" ? text : null;
}

/** The model that a prompt router asked; empty when it was none. */
export function routedModel(body: JsonObject): string {
  const model = memberOf(memberOf(body["trace"], "promptRouter"), "invokedModelId");
  return typeof model === "string" ? model : "";
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
