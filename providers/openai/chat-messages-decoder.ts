/**
 * The list of chat messages read into the IR: instructions at its head stand before the conversation, messages of tools
 * that follow each other are one turn of the user.
 */

import type { Message, Part, ToolCallPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import type { BodyReader } from "./body-reader.ts";
import { isJsonList } from "./body-reader.ts";
import { chatCodecName, decodeContent } from "./chat-content-decoder.ts";

/** A conversation with what stands before it. */
export interface DecodedConversation {
  readonly system: readonly Part[];
  readonly messages: readonly Message[];
}

/** Members of a message that ask for nothing which the IR could hold. */
const notedFields = [
  ["name", "content-metadata"],
  ["annotations", "citations"],
  ["audio", "stored-conversation"],
  ["reasoning_details", "reasoning-history"],
  ["prefix", "assistant-prefill"],
] as const;

/** Reads `messages` of a body. */
export function decodeMessages(reader: BodyReader, body: JsonObject): DecodedConversation {
  if (!isJsonList(body["messages"])) reader.fail("messages is not a list");
  const system: Part[] = [];
  const messages: Message[] = [];
  /** Of the turn of results that the next message of a tool goes on with */
  let results: Part[] | null = null;
  for (const [index, item] of reader.list(body, "messages", "").entries()) {
    const message = decodeMessage(reader, item, `messages[${index}]`);
    if (message === null) continue;
    const { role, isTool, parts } = message;
    if (isTool && results !== null) {
      results.push(...parts);
      continue;
    }
    results = isTool ? parts : null;
    if (role === "system" && messages.length === 0) system.push(...parts);
    else messages.push({ role, parts });
  }
  return { system, messages };
}

interface DecodedMessage {
  readonly role: Message["role"];
  readonly isTool: boolean;
  readonly parts: Part[];
}

function decodeMessage(reader: BodyReader, item: JsonValue, at: string): DecodedMessage | null {
  if (!isJsonObject(item)) {
    reader.fail(`${at} is not an object`);
    return null;
  }
  noteFields(reader, item, at);
  const role = reader.requiredString(item, "role", at);
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", isTool: false, parts: decodeContentOf(reader, item, at) };
    case "user":
      return { role: "user", isTool: false, parts: decodeContentOf(reader, item, at) };
    case "assistant":
      return { role: "assistant", isTool: false, parts: decodeAssistant(reader, item, at) };
    case "tool":
      return { role: "user", isTool: true, parts: [decodeToolResult(reader, item, at)] };
    default:
      reader.note(role === "function" ? "custom-tool" : "unknown-content", `${at}.role`);
      return null;
  }
}

function noteFields(reader: BodyReader, message: JsonObject, at: string): void {
  for (const [field, feature] of notedFields) {
    const value = message[field];
    if (value === undefined || value === null || value === false) continue;
    const isEmpty = isJsonList(value) && value.length === 0;
    // A tool's message may say the name of its tool
    if (!isEmpty && !(field === "name" && message["role"] === "tool")) {
      reader.note(feature, `${at}.${field}`);
    }
  }
}

function decodeContentOf(reader: BodyReader, message: JsonObject, at: string): Part[] {
  return decodeContent(reader, message["content"], `${at}.content`);
}

function decodeAssistant(reader: BodyReader, message: JsonObject, at: string): Part[] {
  const parts: Part[] = [];
  const reasoning =
    reader.string(message, "reasoning_content", at) ?? reader.string(message, "reasoning", at);
  if (reasoning !== null && reasoning !== "") {
    parts.push({
      kind: "reasoning",
      text: reasoning,
      signature: null,
      encrypted: null,
      origin: chatCodecName,
    });
  }
  parts.push(...decodeContentOf(reader, message, at));
  const refusal = reader.string(message, "refusal", at);
  if (refusal !== null && refusal !== "") parts.push({ kind: "refusal", text: refusal });
  for (const [index, item] of reader.list(message, "tool_calls", at).entries()) {
    const call = decodeToolCall(reader, item, `${at}.tool_calls[${index}]`);
    if (call !== null) parts.push(call);
  }
  if (isJsonObject(message["function_call"])) reader.note("custom-tool", `${at}.function_call`);
  return parts;
}

function decodeToolCall(reader: BodyReader, item: JsonValue, at: string): ToolCallPart | null {
  if (!isJsonObject(item)) {
    reader.fail(`${at} is not an object`);
    return null;
  }
  const called = reader.object(item, "function", at);
  if (called === null) {
    reader.note("custom-tool", `${at}.type`);
    return null;
  }
  const text = reader.string(called, "arguments", `${at}.function`);
  return {
    kind: "tool-call",
    id: reader.requiredString(item, "id", at),
    name: reader.requiredString(called, "name", `${at}.function`),
    arguments: text === null || text.trim() === "" ? "{}" : text,
    signature: thoughtSignature(item),
  };
}

function decodeToolResult(reader: BodyReader, message: JsonObject, at: string): Part {
  return {
    kind: "tool-result",
    callId: reader.requiredString(message, "tool_call_id", at),
    name: reader.string(message, "name", at),
    parts: decodeContentOf(reader, message, at),
    isError: false,
  };
}

/**
 * Proof of Gemini's reasoning where its own chat completions have it
 * (https://ai.google.dev/gemini-api/docs/thought-signatures); null: none.
 */
export function thoughtSignature(call: JsonObject): string | null {
  const extra = call["extra_content"];
  const google = isJsonObject(extra) ? extra["google"] : undefined;
  const signature = isJsonObject(google) ? google["thought_signature"] : undefined;
  return typeof signature === "string" && signature !== "" ? signature : null;
}
