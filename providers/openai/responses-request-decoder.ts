/** Reads a request of the Responses API (https://platform.openai.com/docs/api-reference/responses/create). */

import type { Decoded, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, Part } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { BodyReader, parseBody } from "./body-reader.ts";
import { encodeVariant } from "./responses-echo.ts";
import type { FieldRule } from "./responses-fields.ts";
import { noteFields } from "./responses-fields.ts";
import { decodeInput } from "./responses-input-decoder.ts";
import { decodeLogprobs, decodeReasoningRequest, decodeText } from "./responses-settings.ts";
import { decodeToolChoice, decodeTools } from "./responses-tools.ts";

const topFields: ReadonlyMap<string, Feature | null> = new Map<string, Feature | null>([
  ["model", null],
  ["input", null],
  ["instructions", null],
  ["tools", null],
  ["tool_choice", null],
  ["parallel_tool_calls", null],
  ["max_output_tokens", null],
  ["temperature", null],
  ["top_p", null],
  ["top_logprobs", null],
  ["include", null],
  ["text", null],
  ["reasoning", null],
  ["stream", null],
  ["safety_identifier", null],
  ["user", null],
  ["background", "background"],
  ["context_management", "truncation"],
  ["conversation", "stored-conversation"],
  ["image", "image-detail"],
  ["max_tool_calls", "tool-metadata"],
  ["metadata", "metadata"],
  ["moderation", "safety"],
  ["previous_response_id", "stored-conversation"],
  ["prompt", "prompt-template"],
  ["prompt_cache_key", "cache-hint"],
  ["prompt_cache_options", "cache-hint"],
  ["prompt_cache_retention", "cache-hint"],
  ["service_tier", "service-tier"],
  ["store", "store"],
  ["stream_options", null],
  ["truncation", "truncation"],
]);

const idleValues: ReadonlyMap<string, readonly JsonValue[]> = new Map([
  ["background", [false]],
  ["service_tier", ["auto", "default"]],
  ["store", [false]],
  ["truncation", ["disabled"]],
]);

const bodyRule: FieldRule = { fields: topFields, others: "unknown-field", idle: idleValues };

const streamRule: FieldRule = {
  fields: new Map<string, Feature>(),
  others: "unknown-field",
  idle: new Map([["include_obfuscation", [false]]]),
};

/** Fields beside which `input` may be absent: they bring the conversation. */
const inputStandIns = ["previous_response_id", "conversation", "prompt"];

/** Reads the body; `malformed` for what the API would not take either. */
export function decodeRequest({ body }: WireRequest): Decoded<ChatRequest> {
  const parsed = parseBody(body);
  if (parsed.kind === "malformed") return parsed;
  const reader = new BodyReader();
  return reader.finish(decodeBody(parsed.value, reader));
}

function decodeBody(body: JsonObject, reader: BodyReader): ChatRequest {
  noteFields(body, bodyRule, { reader, at: "" });
  const { stream_options: options } = body;
  if (isJsonObject(options)) noteFields(options, streamRule, { reader, at: "stream_options" });
  const conversation = decodeInput(inputOf(body), reader);
  return {
    model: decodeModel(body, reader),
    system: [...decodeInstructions(body, reader), ...conversation.system],
    messages: conversation.messages,
    tools: decodeTools(body, reader),
    toolChoice: decodeToolChoice(body, reader),
    parallelToolCalls: reader.boolean(body, "parallel_tool_calls", ""),
    maxOutputTokens: reader.number(body, "max_output_tokens", ""),
    temperature: reader.number(body, "temperature", ""),
    topP: reader.number(body, "top_p", ""),
    topK: null,
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    stop: [],
    choices: null,
    logprobs: decodeLogprobs(body, reader),
    output: decodeText(body, reader),
    reasoning: decodeReasoningRequest(body, reader),
    stream: reader.boolean(body, "stream", "") ?? false,
    streamUsage: true,
    endUser: decodeEndUser(body, reader),
    unexpressed: reader.unexpressed,
    variant: encodeVariant(body),
  };
}

function inputOf(body: JsonObject): JsonValue | undefined {
  const { input } = body;
  if (input !== undefined && input !== null) return input;
  const isElsewhere = inputStandIns.some((name) => (body[name] ?? null) !== null);
  return isElsewhere ? [] : input;
}

function decodeModel(body: JsonObject, reader: BodyReader): string {
  const model = reader.string(body, "model", "");
  // A prompt template may name it.
  if (model === null && (body["prompt"] ?? null) === null) reader.fail("model is missing");
  return model ?? "";
}

function decodeInstructions(body: JsonObject, reader: BodyReader): Part[] {
  const text = reader.string(body, "instructions", "");
  return text === null || text === "" ? [] : [{ kind: "text", text }];
}

function decodeEndUser(body: JsonObject, reader: BodyReader): string | null {
  const user = reader.string(body, "user", "");
  const identifier = reader.string(body, "safety_identifier", "");
  // The older field now only spreads requests over caches.
  if (identifier !== null && user !== null && identifier !== user)
    reader.note("cache-hint", "user");
  return identifier ?? user;
}
