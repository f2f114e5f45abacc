/** The object of a messages request, read into the IR (https://docs.anthropic.com/en/api/messages). */

import type { Decoded } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, Message, OutputFormat, Part } from "../ir.ts";
import type { JsonNumber, JsonObject, JsonValue } from "../json-text.ts";
import { isJsonNumber, isJsonObject } from "../json-text.ts";
import { decodeContent } from "./content-decoder.ts";
import { messagesDialect } from "./dialect.ts";
import { decodeReasoning, withUsualDisplay } from "./reasoning-decoder.ts";
import { isSaid, memberOf, textOrNull } from "./json-members.ts";
import { RequestNotes } from "./request-notes.ts";
import { decodeToolChoice, decodeTools } from "./tools-decoder.ts";

/** What a request says beside its object. */
export interface RequestFrame {
  /** The model that the path names; null where the object does */
  readonly model: string | null;
  /** Whether the path asks for a stream; null where the object does */
  readonly stream: boolean | null;
  /** Uses `anthropic-beta` */
  readonly hasBetaHeader: boolean;
}

/** Members that are read, or that say nothing. */
const known: ReadonlySet<string> = new Set([
  "anthropic_version",
  "max_tokens",
  "messages",
  "metadata",
  "model",
  "output_config",
  "output_format",
  "stop_sequences",
  "stream",
  "system",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
  "top_p",
]);

const knownConfig: ReadonlySet<string> = new Set(["effort", "format"]);

/** Members that the IR has no place for. */
const beyond: ReadonlyMap<string, Feature> = new Map<string, Feature>([
  ["anthropic_beta", "beta-header"],
  ["betas", "beta-header"],
  ["cache_control", "cache-hint"],
  ["compaction", "truncation"],
  ["container", "server-tool"],
  ["context_management", "truncation"],
  ["inference_geo", "service-tier"],
  ["mcp_servers", "server-tool"],
  ["service_tier", "service-tier"],
  ["speed", "service-tier"],
  ["thread", "stored-conversation"],
]);

/** Reads the object of a request; never throws for what an agent sent. */
export function decodeRequestObject(body: JsonValue, frame: RequestFrame): Decoded<ChatRequest> {
  if (!isJsonObject(body)) return { kind: "malformed", reason: "the body is not an object" };
  const notes = new RequestNotes();
  if (frame.hasBetaHeader) notes.miss("beta-header", "anthropic-beta");
  const config = decodeConfig(body, notes);
  const model = frame.model ?? decodeModel(body, notes);
  const reasoning = decodeReasoning(memberOf(body, "thinking"), memberOf(config, "effort"), notes);
  const value: ChatRequest = {
    model,
    system: decodeSystem(memberOf(body, "system"), notes),
    messages: decodeMessages(memberOf(body, "messages"), notes),
    tools: decodeTools(memberOf(body, "tools"), notes),
    ...decodeToolChoice(memberOf(body, "tool_choice"), notes),
    ...decodeSampling(body, notes),
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    stop: decodeStop(memberOf(body, "stop_sequences"), notes),
    choices: null,
    logprobs: null,
    output: decodeOutput(memberOf(config, "format") ?? memberOf(body, "output_format"), notes),
    reasoning: withUsualDisplay(reasoning, model),
    stream: frame.stream ?? decodeStream(memberOf(body, "stream"), notes),
    streamUsage: true,
    endUser: decodeEndUser(memberOf(body, "metadata"), notes),
    unexpressed: notes.unexpressed,
    variant: messagesDialect,
  };
  missOthers(body, notes);
  const { reason } = notes;
  return reason === null ? { kind: "ok", value } : { kind: "malformed", reason };
}

function decodeModel(body: JsonObject, notes: RequestNotes): string {
  const model = memberOf(body, "model");
  if (typeof model === "string" && model !== "") return model;
  notes.fail("model is not a string that names one");
  return "";
}

function decodeSystem(system: JsonValue | undefined, notes: RequestNotes): Part[] {
  if (system === undefined || system === null) return [];
  return decodeContent(system, "system", notes);
}

function decodeMessages(value: JsonValue | undefined, notes: RequestNotes): Message[] {
  if (!Array.isArray(value)) {
    notes.fail("messages is not a list");
    return [];
  }
  const messages: Message[] = [];
  for (let index = 0; index < value.length; index++) {
    const at = `messages[${index}]`;
    const message: JsonValue = value[index];
    if (!isJsonObject(message)) {
      notes.fail(`${at} is not an object`);
      continue;
    }
    const { role } = message;
    if (role !== "user" && role !== "assistant" && role !== "system") {
      notes.fail(`${at}.role is none of user, assistant and system`);
      continue;
    }
    const parts = decodeContent(memberOf(message, "content"), `${at}.content`, notes);
    messages.push({ role, parts });
  }
  return messages;
}

function decodeSampling(
  body: JsonObject,
  notes: RequestNotes,
): Pick<ChatRequest, "maxOutputTokens" | "temperature" | "topP" | "topK"> {
  return {
    maxOutputTokens: decodeNumber(body, "max_tokens", notes),
    temperature: decodeNumber(body, "temperature", notes),
    topP: decodeNumber(body, "top_p", notes),
    topK: decodeNumber(body, "top_k", notes),
  };
}

function decodeNumber(body: JsonObject, key: string, notes: RequestNotes): JsonNumber | null {
  const value = memberOf(body, key);
  if (value === undefined || value === null) return null;
  if (isJsonNumber(value)) return value;
  notes.fail(`${key} is not a number`);
  return null;
}

function decodeStop(value: JsonValue | undefined, notes: RequestNotes): string[] {
  const stop: string[] = [];
  for (const [index, text] of notes.list(value, "stop_sequences").entries()) {
    if (typeof text === "string") stop.push(text);
    else notes.fail(`stop_sequences[${index}] is not a string`);
  }
  return stop;
}

function decodeStream(value: JsonValue | undefined, notes: RequestNotes): boolean {
  if (isSaid(value) && typeof value !== "boolean") notes.fail("stream is not a boolean");
  return value === true;
}

function decodeConfig(body: JsonObject, notes: RequestNotes): JsonObject {
  const config = memberOf(body, "output_config");
  if (config === undefined || config === null) return {};
  if (!isJsonObject(config)) {
    notes.fail("output_config is not an object");
    return {};
  }
  notes.missOthers(config, knownConfig, "output_config");
  return config;
}

function decodeOutput(format: JsonValue | undefined, notes: RequestNotes): OutputFormat {
  if (format === undefined || format === null) return { kind: "text" };
  if (!isJsonObject(format) || format["type"] !== "json_schema") {
    notes.fail("output_config.format is not an object of type json_schema");
    return { kind: "text" };
  }
  return {
    kind: "schema",
    name: null,
    description: null,
    schema: notes.object(format, "schema", "output_config.format"),
    strict: null,
  };
}

function decodeEndUser(metadata: JsonValue | undefined, notes: RequestNotes): string | null {
  if (metadata === undefined || metadata === null) return null;
  if (!isJsonObject(metadata)) {
    notes.fail("metadata is not an object");
    return null;
  }
  for (const key of Object.keys(metadata)) {
    if (key !== "user_id" && metadata[key] !== null) notes.miss("metadata", `metadata.${key}`);
  }
  return textOrNull(memberOf(metadata, "user_id"));
}

function missOthers(body: JsonObject, notes: RequestNotes): void {
  for (const key of Object.keys(body)) {
    const value = body[key];
    if (known.has(key) || !isSaid(value)) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    notes.miss(beyond.get(key) ?? "unknown-field", key);
  }
}
