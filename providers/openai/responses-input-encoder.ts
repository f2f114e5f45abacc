/** Writes turns as the items of a request's `input`. */

import { createHash } from "node:crypto";
import type { DocumentPart, ImagePart, Message, Part, ReasoningPart, Source } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { formatDataUrl } from "./data-url.ts";
import { fileName } from "./responses-file-names.ts";
import { encryptedContent, responsesName } from "./responses-reasoning.ts";

/** Longest id of a call that the API takes. */
const longestCallId = 64;
const hashLength = 16;

/** Items of turns in their order. */
export function encodeMessages(messages: readonly Message[]): JsonObject[] {
  const items: JsonObject[] = [];
  for (const { role, parts } of messages) {
    if (role === "assistant") for (const part of parts) addAssistantItem(items, part);
    else addInputItems(items, role, parts);
  }
  return items;
}

/** Items of a user's or the system's turn: results of tools, and messages of what stands between them. */
export function addInputItems(
  items: JsonObject[],
  role: "user" | "system",
  parts: readonly Part[],
): void {
  let content: Part[] = [];
  for (const part of parts) {
    if (part.kind !== "tool-result") {
      content.push(part);
      continue;
    }
    if (content.length > 0) items.push(encodeMessage(role, content));
    content = [];
    items.push({
      type: "function_call_output",
      call_id: encodeCallId(part.callId),
      output: encodeContent(part.parts),
    });
  }
  if (content.length > 0) items.push(encodeMessage(role, content));
}

/** An id of a call as short as the API takes it, the same for a call and its result. */
export function encodeCallId(id: string): string {
  if (id.length <= longestCallId) return id;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, hashLength);
  return `${id.slice(0, longestCallId - hashLength - 1)}_${hash}`;
}

function encodeMessage(role: "user" | "system", parts: readonly Part[]): JsonObject {
  return { type: "message", role, content: encodeContent(parts) };
}

function encodeContent(parts: readonly Part[]): JsonValue {
  const [first] = parts;
  if (first === undefined) return "";
  if (parts.length === 1 && first.kind === "text") return first.text;
  const content: JsonObject[] = [];
  for (const part of parts) {
    const encoded = encodePart(part);
    if (encoded !== null) content.push(encoded);
  }
  return content;
}

function encodePart(part: Part): JsonObject | null {
  switch (part.kind) {
    case "text":
    case "refusal":
      return { type: "input_text", text: part.text };
    case "image":
      return encodeImage(part);
    case "document":
      return encodeDocument(part);
    default:
      return null;
  }
}

function encodeImage({ source, detail }: ImagePart): JsonObject {
  const place = source.kind === "file" ? { file_id: source.id } : { image_url: urlOf(source) };
  return { type: "input_image", ...place, detail: detail ?? "auto" };
}

function encodeDocument({ source, name }: DocumentPart): JsonObject {
  const filename = name ?? undefined;
  switch (source.kind) {
    case "file":
      return { type: "input_file", file_id: source.id };
    case "url":
      return { type: "input_file", file_url: source.url, filename };
    case "base64":
      return {
        type: "input_file",
        filename: filename ?? fileName(source.mediaType),
        file_data: urlOf(source),
      };
  }
}

function urlOf(source: Exclude<Source, { kind: "file" }>): string {
  return source.kind === "url" ? source.url : formatDataUrl(source);
}

function addAssistantItem(items: JsonObject[], part: Part): void {
  switch (part.kind) {
    case "text":
      items.push({ type: "message", role: "assistant", content: part.text });
      return;
    case "refusal":
      items.push(assistantMessage({ type: "refusal", refusal: part.text }));
      return;
    case "tool-call":
      items.push({
        type: "function_call",
        call_id: encodeCallId(part.id),
        name: part.name,
        arguments: part.arguments,
      });
      return;
    case "reasoning":
      addReasoning(items, part);
      return;
    default: {
      // The API has no word for an assistant's pictures and says so itself.
      const encoded = encodePart(part);
      if (encoded !== null) items.push(assistantMessage(encoded));
    }
  }
}

function assistantMessage(content: JsonObject): JsonObject {
  return { type: "message", role: "assistant", content: [content] };
}

/** Without what is encrypted the API would look the item up among stored ones, where it is not. */
function addReasoning(items: JsonObject[], part: ReasoningPart): void {
  const content = part.origin === responsesName ? encryptedContent(part) : null;
  if (content === null) return;
  const { text } = part;
  items.push({
    type: "reasoning",
    summary: text === "" ? [] : [{ type: "summary_text", text }],
    encrypted_content: content,
  });
}
