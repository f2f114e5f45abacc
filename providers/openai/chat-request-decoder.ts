/**
 * Chat completion requests read into the IR (https://platform.openai.com/docs/api-reference/chat/create), with what
 * other servers of the dialect take beyond OpenAI where the IR has a place for it.
 */

import type { Decoded, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, OutputFormat, ReasoningEffort, ReasoningRequest } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { BodyReader, isJsonList, parseBody } from "./body-reader.ts";
import { decodeMessages } from "./chat-messages-decoder.ts";
import { decodeToolChoice, decodeTools } from "./chat-tools-decoder.ts";

/** Members that are read here; anything else is of `notedFields` or unknown. */
const readFields: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "seed",
  "random_seed",
  "frequency_penalty",
  "presence_penalty",
  "stop",
  "n",
  "logprobs",
  "top_logprobs",
  "response_format",
  "reasoning_effort",
  "reasoning",
  "thinking",
  "stream",
  "stream_options",
  "user",
  "safety_identifier",
  "modalities",
]);

/** Members that the IR has no place for, by what they ask. */
const notedFields: ReadonlyMap<string, Feature> = new Map([
  ["metadata", "metadata"],
  ["store", "store"],
  ["service_tier", "service-tier"],
  ["prediction", "prediction"],
  ["audio", "audio-output"],
  ["verbosity", "verbosity"],
  ["logit_bias", "logit-bias"],
  ["prompt_cache_key", "cache-hint"],
  ["prompt_cache_retention", "cache-hint"],
  ["prompt_cache_options", "cache-hint"],
  ["web_search_options", "server-tool"],
  ["plugins", "server-tool"],
  ["moderation", "safety"],
  ["functions", "custom-tool"],
  ["function_call", "custom-tool"],
]);

/** Members that ask for something even where they are empty. */
const switches: ReadonlySet<string> = new Set(["web_search_options"]);

const efforts: ReadonlySet<string> = new Set([
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
] satisfies readonly ReasoningEffort[]);

/** Reads the request. */
export function decodeChatRequest({ body, pathModel }: WireRequest): Decoded<ChatRequest> {
  const parsed = parseBody(body);
  if (parsed.kind === "malformed") return parsed;
  const reader = new BodyReader();
  noteFields(reader, parsed.value);
  const request = decodeBody(reader, parsed.value, pathModel);
  return reader.finish(request);
}

function decodeBody(reader: BodyReader, body: JsonObject, pathModel: string | null): ChatRequest {
  const { system, messages } = decodeMessages(reader, body);
  const stream = reader.boolean(body, "stream", "") ?? false;
  const choices = decodeChoices(reader, body);
  if (stream && choices !== null) reader.note("choices-streamed", "n");
  return {
    model: pathModel ?? reader.requiredString(body, "model", ""),
    system,
    messages,
    tools: decodeTools(reader, body),
    toolChoice: decodeToolChoice(reader, body),
    parallelToolCalls: reader.boolean(body, "parallel_tool_calls", ""),
    ...decodeSampling(reader, body),
    stop: decodeStop(reader, body),
    choices,
    logprobs: decodeLogprobs(reader, body),
    output: decodeOutput(reader, body),
    reasoning: decodeReasoning(reader, body),
    stream,
    streamUsage: decodeStreamUsage(reader, body),
    endUser: decodeEndUser(reader, body),
    unexpressed: reader.unexpressed,
    variant: "",
  };
}

function noteFields(reader: BodyReader, body: JsonObject): void {
  for (const field of Object.keys(body)) {
    const value = body[field];
    if (readFields.has(field) || value === null) continue;
    const feature = notedFields.get(field);
    if (feature === undefined) reader.note("unknown-field", field);
    else if (switches.has(field) || !isDefault(value)) reader.note(feature, field);
  }
  for (const modality of reader.list(body, "modalities", "")) {
    if (modality === "text") continue;
    reader.note(modality === "image" ? "image-output" : "audio-output", "modalities");
  }
}

/** Whether a member asks for what its absence would: false, an empty list or object. */
function isDefault(value: JsonValue | undefined): boolean {
  if (isJsonList(value)) return value.length === 0;
  return value === false || (isJsonObject(value) && Object.keys(value).length === 0);
}

/** One answer is what there is anyway. */
function decodeChoices(reader: BodyReader, body: JsonObject): JsonNumber | null {
  const choices = reader.number(body, "n", "");
  const value = typeof choices === "number" || choices === null ? choices : Number(choices.rawJSON);
  return value === 1 ? null : choices;
}

type Sampling = Pick<
  ChatRequest,
  | "maxOutputTokens"
  | "temperature"
  | "topP"
  | "topK"
  | "seed"
  | "frequencyPenalty"
  | "presencePenalty"
>;

function decodeSampling(reader: BodyReader, body: JsonObject): Sampling {
  const number = (key: string): JsonNumber | null => reader.number(body, key, "");
  return {
    maxOutputTokens: number("max_completion_tokens") ?? number("max_tokens"),
    temperature: number("temperature"),
    topP: number("top_p"),
    topK: number("top_k"),
    // The latter is Mistral's
    seed: number("seed") ?? number("random_seed"),
    frequencyPenalty: number("frequency_penalty"),
    presencePenalty: number("presence_penalty"),
  };
}

function decodeStop(reader: BodyReader, body: JsonObject): string[] {
  const value = body["stop"];
  if (typeof value === "string") return [value];
  if (value === undefined || value === null) return [];
  if (!isJsonList(value)) {
    reader.fail("stop is neither a string nor a list");
    return [];
  }
  return value.filter((text, index) => {
    if (typeof text !== "string") reader.fail(`stop[${index}] is not a string`);
    return typeof text === "string";
  });
}

function decodeLogprobs(reader: BodyReader, body: JsonObject): ChatRequest["logprobs"] {
  const top = reader.number(body, "top_logprobs", "");
  if (reader.boolean(body, "logprobs", "") === true) return { top: top ?? 0 };
  if (top !== null) reader.note("unknown-field", "top_logprobs");
  return null;
}

function decodeOutput(reader: BodyReader, body: JsonObject): OutputFormat {
  const format = reader.object(body, "response_format", "");
  if (format === null) return { kind: "text" };
  const type = reader.requiredString(format, "type", "response_format");
  switch (type) {
    case "text":
      return { kind: "text" };
    case "json_object":
      return decodeJsonObject(reader, format);
    case "json_schema":
      return decodeSchema(reader, format);
    default:
      reader.note("unknown-content", "response_format.type");
      return { kind: "text" };
  }
}

/** Together and Fireworks take a schema here too. */
function decodeJsonObject(reader: BodyReader, format: JsonObject): OutputFormat {
  const schema = reader.object(format, "schema", "response_format");
  if (schema === null) return { kind: "json" };
  return { kind: "schema", name: null, description: null, schema, strict: null };
}

function decodeSchema(reader: BodyReader, format: JsonObject): OutputFormat {
  const at = "response_format.json_schema";
  const declared = reader.object(format, "json_schema", "response_format");
  if (declared === null) reader.fail(`${at} is not an object`);
  const named = declared ?? {};
  return {
    kind: "schema",
    name: reader.string(named, "name", at),
    description: reader.string(named, "description", at),
    schema: reader.object(named, "schema", at) ?? {},
    strict: reader.boolean(named, "strict", at),
  };
}

/**
 * `reasoning` is OpenRouter's (https://openrouter.ai/docs/use-cases/reasoning-tokens), `thinking` DeepSeek's
 * (https://api-docs.deepseek.com/guides/thinking_mode) and, with a budget, of servers that pass Anthropic's on.
 */
function decodeReasoning(reader: BodyReader, body: JsonObject): ReasoningRequest | null {
  const word = reader.string(body, "reasoning_effort", "");
  const effort = word === null ? null : decodeEffort(reader, word);
  const object = reader.object(body, "reasoning", "");
  if (object !== null) return decodeReasoningObject(reader, object, effort);
  const thinking = reader.object(body, "thinking", "");
  if (thinking !== null) return decodeThinking(reader, thinking, effort);
  return effort === null ? null : { effort, budgetTokens: null, visible: null };
}

function decodeReasoningObject(
  reader: BodyReader,
  object: JsonObject,
  effort: ReasoningEffort | null,
): ReasoningRequest {
  const at = "reasoning";
  const word = reader.string(object, "effort", at);
  const own = word === null ? effort : decodeEffort(reader, word);
  const budgetTokens = reader.number(object, "max_tokens", at);
  const enabled = reader.boolean(object, "enabled", at);
  const isHidden = reader.boolean(object, "exclude", at) === true;
  return { ...switched(enabled, own, budgetTokens), visible: isHidden ? false : null };
}

function decodeThinking(
  reader: BodyReader,
  thinking: JsonObject,
  effort: ReasoningEffort | null,
): ReasoningRequest {
  const type = reader.requiredString(thinking, "type", "thinking");
  const budgetTokens = reader.number(thinking, "budget_tokens", "thinking");
  return { ...switched(type !== "disabled", effort, budgetTokens), visible: null };
}

/** Reasoning that is only switched on is of medium effort. */
function switched(
  enabled: boolean | null,
  effort: ReasoningEffort | null,
  budgetTokens: JsonNumber | null,
): Pick<ReasoningRequest, "effort" | "budgetTokens"> {
  if (enabled === false) return { effort: "none", budgetTokens: null };
  const isUnsaid = enabled === true && effort === null && budgetTokens === null;
  return { effort: isUnsaid ? "medium" : effort, budgetTokens };
}

function decodeEffort(reader: BodyReader, word: string): ReasoningEffort | null {
  if (isEffort(word)) return word;
  reader.note("unknown-field", "reasoning_effort");
  return null;
}

function isEffort(word: string): word is ReasoningEffort {
  return efforts.has(word);
}

function decodeStreamUsage(reader: BodyReader, body: JsonObject): boolean {
  const options = reader.object(body, "stream_options", "");
  if (options === null) return false;
  for (const option of Object.keys(options)) {
    const isKnown = option === "include_usage" || isDefault(options[option]);
    if (!isKnown) reader.note("unknown-field", `stream_options.${option}`);
  }
  return reader.boolean(options, "include_usage", "stream_options") === true;
}

/** OpenAI splits `user` into `safety_identifier` and `prompt_cache_key`. */
function decodeEndUser(reader: BodyReader, body: JsonObject): string | null {
  const user = reader.string(body, "user", "");
  const identifier = reader.string(body, "safety_identifier", "");
  if (user !== null && identifier !== null) reader.note("content-metadata", "safety_identifier");
  return user ?? identifier;
}
