/**
 * A conversation written as chat messages. A turn's results of tools become one message each, before the message with
 * what else the turn holds: the API wants them right behind the calls.
 */

import type { ChatRequest, Message, Part, Source, ToolCallPart, ToolResultPart } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { audioFormat } from "./audio-formats.ts";
import { formatDataUrl } from "./data-url.ts";

/** How a server of the dialect wants messages to be spelled. */
export interface MessageSpelling {
  /** Joins texts of instructions, answers and results, where a server takes a list for a user's content only */
  readonly joinsTexts: boolean;
  /** The id of a tool call as the server accepts it, the same for the same id */
  readonly toolId: (id: string) => string;
}

/** Between texts that are joined. */
const joint = "\n\n";

/** Writes the instructions and turns of a request. */
export function encodeMessages(request: ChatRequest, spelling: MessageSpelling): JsonObject[] {
  const messages: JsonObject[] = [];
  if (request.system.length > 0) messages.push(encodeSystem(request.system, spelling));
  for (const message of request.messages) addTurn(messages, message, spelling);
  return messages;
}

function addTurn(
  messages: JsonObject[],
  { role, parts }: Message,
  spelling: MessageSpelling,
): void {
  switch (role) {
    case "system":
      if (parts.length > 0) messages.push(encodeSystem(parts, spelling));
      return;
    case "assistant":
      addAssistant(messages, parts, spelling);
      return;
    case "user":
      addUser(messages, parts, spelling);
      return;
  }
}

function encodeSystem(parts: readonly Part[], spelling: MessageSpelling): JsonObject {
  return { role: "system", content: encodeTexts(parts, spelling) };
}

function addAssistant(
  messages: JsonObject[],
  parts: readonly Part[],
  spelling: MessageSpelling,
): void {
  const calls = parts.filter((part) => part.kind === "tool-call");
  const says = parts.some((part) => encodePart(part) !== undefined);
  if (!says && calls.length === 0) return;
  messages.push({
    role: "assistant",
    content: says ? encodeTexts(parts, spelling) : null,
    tool_calls: calls.length > 0 ? calls.map((call) => encodeCall(call, spelling)) : undefined,
  });
}

function encodeCall(
  { id, name, arguments: text }: ToolCallPart,
  spelling: MessageSpelling,
): JsonObject {
  return { id: spelling.toolId(id), type: "function", function: { name, arguments: text } };
}

function addUser(messages: JsonObject[], parts: readonly Part[], spelling: MessageSpelling): void {
  const content: JsonObject[] = [];
  for (const part of parts) {
    if (part.kind === "tool-result") messages.push(encodeResult(part, spelling));
    else {
      const encoded = encodePart(part);
      if (encoded !== undefined) content.push(encoded);
    }
  }
  if (content.length > 0) messages.push({ role: "user", content: plainContent(content) });
}

function encodeResult({ callId, parts }: ToolResultPart, spelling: MessageSpelling): JsonObject {
  return {
    role: "tool",
    tool_call_id: spelling.toolId(callId),
    content: encodeTexts(parts, spelling),
  };
}

/**
 * Content of messages that hold texts. Anything else stands there as it does in a user's message, so that the provider
 * refuses what it would otherwise never see.
 */
function encodeTexts(parts: readonly Part[], { joinsTexts }: MessageSpelling): JsonValue {
  const content: JsonObject[] = [];
  let text = "";
  for (const part of parts) {
    const encoded = encodePart(part);
    if (encoded === undefined) continue;
    content.push(encoded);
    if (part.kind === "text" || part.kind === "refusal") {
      text += text === "" ? part.text : joint + part.text;
    }
  }
  const isText = content.every(({ type }) => type === "text" || type === "refusal");
  return content.length === 0 || (joinsTexts && isText) ? text : plainContent(content);
}

/** A single text is written as a string, which every server of the dialect takes. */
function plainContent(content: readonly JsonObject[]): JsonValue {
  const [first] = content;
  const isPlain = content.length === 1 && first?.["type"] === "text";
  return isPlain ? (first["text"] ?? "") : content;
}

/** Undefined: it is no content, or nothing that the dialect has. */
function encodePart(part: Part): JsonObject | undefined {
  switch (part.kind) {
    case "text":
      return { type: "text", text: part.text };
    case "refusal":
      return { type: "refusal", refusal: part.text };
    case "image":
      return {
        type: "image_url",
        image_url: { url: urlOf(part.source), detail: part.detail ?? undefined },
      };
    case "document":
      return encodeDocument(part.source, part.name);
    case "audio":
      return encodeAudio(part.source);
    default:
      return undefined;
  }
}

function encodeDocument(source: Source, name: string | null): JsonObject {
  if (source.kind === "file") {
    return { type: "file", file: { file_id: source.id, filename: name ?? undefined } };
  }
  // Chat completions take no files but PDFs, and text as what it is.
  if (source.kind === "base64" && source.mediaType.startsWith("text/")) {
    return { type: "text", text: Buffer.from(source.data, "base64").toString("utf8") };
  }
  return { type: "file", file: { file_data: urlOf(source), filename: name ?? "document.pdf" } };
}

function encodeAudio(source: Source): JsonObject {
  if (source.kind !== "base64") return { type: "audio_url", audio_url: { url: urlOf(source) } };
  const { data, mediaType } = source;
  return { type: "input_audio", input_audio: { data, format: audioFormat(mediaType) } };
}

function urlOf(source: Source): string {
  switch (source.kind) {
    case "base64":
      return formatDataUrl(source);
    case "url":
      return source.url;
    case "file":
      return source.id;
  }
}
