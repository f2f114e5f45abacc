/** Reads a request of the Responses API (https://platform.openai.com/docs/api-reference/responses/create). */

import type { Decoded, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, Part } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson } from "../json-text.ts";
import { encodeVariant } from "./responses-echo.ts";
import { decodeInput } from "./responses-input-decoder.ts";
import type { RequestNotes } from "./responses-notes.ts";
import {
  createNotes,
  note,
  noteFields,
  readBoolean,
  readNumber,
  readString,
  reject,
} from "./responses-notes.ts";
import { decodeLogprobs, decodeReasoningRequest, decodeText } from "./responses-settings.ts";
import { decodeToolChoice, decodeTools } from "./responses-tools.ts";

/** Fields that are read, and those that the IR has no place for with their feature. */
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

/** Values that say no more than the field's absence. */
const sayNothing: ReadonlyMap<string, readonly JsonValue[]> = new Map([
  ["background", [false]],
  ["service_tier", ["auto", "default"]],
  ["store", [false]],
  ["truncation", ["disabled"]],
]);

/** Fields beside which `input` may be absent: they bring the conversation. */
const inputStandIns = ["previous_response_id", "conversation", "prompt"];

/** Reads the body; `malformed` for what the API would not take either. */
export function decodeRequest({ body }: WireRequest): Decoded<ChatRequest> {
  const parsed = parseJson(body);
  if (parsed.kind === "malformed") return { kind: "malformed", reason: parsed.reason };
  if (!isJsonObject(parsed.value)) return { kind: "malformed", reason: "it is no object" };
  const notes = createNotes();
  const value = decodeBody(parsed.value, notes);
  return notes.reason === null ? { kind: "ok", value } : { kind: "malformed", reason: notes.reason };
}

function decodeBody(body: JsonObject, notes: RequestNotes): ChatRequest {
  noteTopFields(body, notes);
  const conversation = decodeInput(inputOf(body), notes);
  return {
    model: decodeModel(body, notes),
    system: [...decodeInstructions(body, notes), ...conversation.system],
    messages: conversation.messages,
    tools: decodeTools(body["tools"], notes),
    toolChoice: decodeToolChoice(body["tool_choice"], notes),
    parallelToolCalls: readBoolean(notes, body, "parallel_tool_calls"),
    maxOutputTokens: readNumber(notes, body, "max_output_tokens"),
    temperature: readNumber(notes, body, "temperature"),
    topP: readNumber(notes, body, "top_p"),
    topK: null,
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    stop: [],
    choices: null,
    logprobs: decodeLogprobs(body, notes),
    output: decodeText(body["text"], notes),
    reasoning: decodeReasoningRequest(body["reasoning"], notes),
    stream: readBoolean(notes, body, "stream") ?? false,
    streamUsage: true,
    endUser: decodeEndUser(body, notes),
    unexpressed: notes.unexpressed,
    variant: encodeVariant(body),
  };
}

function noteTopFields(body: JsonObject, notes: RequestNotes): void {
  for (const key of Object.keys(body)) {
    const feature = topFields.get(key);
    const value = body[key];
    if (feature === null || value === undefined || value === null) continue;
    if (sayNothing.get(key)?.includes(value) === true) continue;
    note(notes, feature ?? "unknown-field", key.slice(0, 64));
  }
  const { stream_options: options } = body;
  if (isJsonObject(options) && options["include_obfuscation"] !== false) {
    noteFields(notes, options, { rule: streamRule, at: "stream_options" });
  }
}

const streamRule = { fields: new Map<string, Feature>(), others: "unknown-field" } as const;

function inputOf(body: JsonObject): JsonValue | undefined {
  const { input } = body;
  if (input !== undefined && input !== null) return input;
  const isElsewhere = inputStandIns.some((name) => (body[name] ?? null) !== null);
  return isElsewhere ? [] : input;
}

function decodeModel(body: JsonObject, notes: RequestNotes): string {
  const model = readString(notes, body, { name: "model", at: "" });
  // A prompt template may name it.
  if (model === null && (body["prompt"] ?? null) === null) reject(notes, "model is missing");
  return model ?? "";
}

function decodeInstructions(body: JsonObject, notes: RequestNotes): Part[] {
  const text = readString(notes, body, { name: "instructions", at: "" });
  return text === null || text === "" ? [] : [{ kind: "text", text }];
}

function decodeEndUser(body: JsonObject, notes: RequestNotes): string | null {
  const user = readString(notes, body, { name: "user", at: "" });
  const identifier = readString(notes, body, { name: "safety_identifier", at: "" });
  // The older field now only spreads requests over caches.
  if (identifier !== null && user !== null && identifier !== user) note(notes, "cache-hint", "user");
  return identifier ?? user;
}
