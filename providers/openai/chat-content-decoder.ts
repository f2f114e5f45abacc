/** Content of chat messages, a string or a list of parts, read into parts of the IR. */

import type { Part, Source } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";
import { audioMediaType } from "./audio-formats.ts";
import type { BodyReader } from "./body-reader.ts";
import { isJsonList } from "./body-reader.ts";
import { parseDataUrl } from "./data-url.ts";

/** Name of the codec, which reasoning in this dialect comes from. */
export const chatCodecName = "openai-chat";

/** Media types of files by the end of their names, where their bytes come without one. */
const mediaTypes: ReadonlyMap<string, string> = new Map([
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["json", "application/json"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
]);

/** What is said of caching beside a part: OpenAI's word and the one of servers that pass Anthropic's on. */
const cacheFields = ["prompt_cache_breakpoint", "cache_control"] as const;

type PartDecoder = (reader: BodyReader, part: JsonObject, at: string) => Part | null;

const decoders: ReadonlyMap<string, PartDecoder> = new Map([
  ["text", decodeText],
  ["refusal", decodeRefusal],
  ["image_url", decodeImage],
  ["input_audio", decodeAudio],
  ["file", decodeFile],
  // Of other servers: vLLM's and Mistral's (https://docs.mistral.ai/api)
  ["audio_url", decodeAudioUrl],
  ["document_url", decodeDocumentUrl],
  ["thinking", decodeThinking],
]);

/** Parts of a message's content; empty strings are none. `at` is the place of the content. */
export function decodeContent(
  reader: BodyReader,
  content: JsonValue | undefined,
  at: string,
): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (content === undefined || content === null) return [];
  if (isJsonList(content)) return decodeParts(reader, content, at);
  reader.fail(`${at} is neither a string nor a list`);
  return [];
}

function decodeParts(reader: BodyReader, list: readonly JsonValue[], at: string): Part[] {
  const parts: Part[] = [];
  for (const [index, item] of list.entries()) {
    const part = decodePart(reader, item, `${at}[${index}]`);
    if (part !== null) parts.push(part);
  }
  return parts;
}

function decodePart(reader: BodyReader, item: JsonValue, at: string): Part | null {
  // Some servers take bare strings for text
  if (typeof item === "string") return { kind: "text", text: item };
  if (!isJsonObject(item)) {
    reader.fail(`${at} is not an object`);
    return null;
  }
  for (const field of cacheFields) {
    if (Object.hasOwn(item, field)) reader.note("cache-hint", `${at}.${field}`);
  }
  const type = reader.requiredString(item, "type", at);
  const decode = decoders.get(type);
  if (decode !== undefined) return decode(reader, item, at);
  reader.note(type === "video_url" ? "video" : "unknown-content", `${at}.type`);
  return null;
}

function decodeText(reader: BodyReader, part: JsonObject, at: string): Part | null {
  const text = reader.requiredString(part, "text", at);
  return text === "" ? null : { kind: "text", text };
}

function decodeRefusal(reader: BodyReader, part: JsonObject, at: string): Part {
  return { kind: "refusal", text: reader.requiredString(part, "refusal", at) };
}

function decodeImage(reader: BodyReader, part: JsonObject, at: string): Part {
  const image = part["image_url"];
  if (typeof image === "string") {
    return { kind: "image", source: decodeUrl(reader, image, at), detail: null };
  }
  const place = `${at}.image_url`;
  const source = decodeUrlMember(reader, image, place);
  const detail = isJsonObject(image) ? reader.string(image, "detail", place) : null;
  // What OpenAI does where nothing is said
  return { kind: "image", source, detail: detail === "auto" ? null : detail };
}

function decodeAudio(reader: BodyReader, part: JsonObject, at: string): Part {
  const place = `${at}.input_audio`;
  const audio = reader.object(part, "input_audio", at);
  if (audio === null) reader.fail(`${place} is not an object`);
  const data = reader.requiredString(audio ?? {}, "data", place);
  const format = reader.requiredString(audio ?? {}, "format", place);
  return { kind: "audio", source: { kind: "base64", mediaType: audioMediaType(format), data } };
}

function decodeAudioUrl(reader: BodyReader, part: JsonObject, at: string): Part {
  return { kind: "audio", source: decodeUrlMember(reader, part["audio_url"], `${at}.audio_url`) };
}

function decodeDocumentUrl(reader: BodyReader, part: JsonObject, at: string): Part {
  const url = reader.requiredString(part, "document_url", at);
  const name = reader.string(part, "document_name", at);
  return { kind: "document", source: decodeUrl(reader, url, `${at}.document_url`), name };
}

function decodeThinking(reader: BodyReader, part: JsonObject, at: string): Part {
  let text = "";
  for (const piece of decodeContent(reader, part["thinking"], `${at}.thinking`)) {
    if (piece.kind === "text") text += piece.text;
  }
  return { kind: "reasoning", text, signature: null, encrypted: null, origin: chatCodecName };
}

function decodeFile(reader: BodyReader, part: JsonObject, at: string): Part {
  const place = `${at}.file`;
  const file = reader.object(part, "file", at) ?? {};
  const name = reader.string(file, "filename", place);
  const id = reader.string(file, "file_id", place);
  if (id !== null) return { kind: "document", source: { kind: "file", id }, name };
  const bytes = reader.string(file, "file_data", place);
  if (bytes === null) reader.fail(`${place} has neither file_data nor file_id`);
  return { kind: "document", source: decodeFileBytes(bytes ?? "", name), name };
}

/** OpenAI wants a data URL here; its reference also speaks of bare base64. */
function decodeFileBytes(bytes: string, name: string | null): Source {
  const inline = parseDataUrl(bytes);
  if (inline !== undefined) return { kind: "base64", ...inline };
  if (/^https?:\/\//i.test(bytes)) return { kind: "url", url: bytes, mediaType: null };
  const ending = name?.slice(name.lastIndexOf(".") + 1).toLowerCase() ?? "";
  return {
    kind: "base64",
    mediaType: mediaTypes.get(ending) ?? "application/pdf",
    data: bytes,
  };
}

function decodeUrlMember(reader: BodyReader, value: JsonValue | undefined, at: string): Source {
  if (typeof value === "string") return decodeUrl(reader, value, at);
  if (isJsonObject(value)) {
    return decodeUrl(reader, reader.requiredString(value, "url", at), `${at}.url`);
  }
  reader.fail(`${at} is not an object`);
  return { kind: "url", url: "", mediaType: null };
}

function decodeUrl(reader: BodyReader, url: string, at: string): Source {
  if (url.slice(0, 5).toLowerCase() !== "data:") return { kind: "url", url, mediaType: null };
  const inline = parseDataUrl(url);
  if (inline !== undefined) return { kind: "base64", ...inline };
  reader.fail(`${at} is a data URL that cannot be read`);
  return { kind: "url", url: "", mediaType: null };
}
